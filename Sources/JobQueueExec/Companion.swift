import CSpawn
import JobQueueWorker
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A program that runs beside this process for as long as it is wanted, such as a private server.
///
/// It is started as the children of jobs are, so it leads a process group of its own, which a Ctrl-C on the terminal does
/// not reach, and the kernel kills it when this process ends, however that happens. What it writes to its streams is read
/// and little of it kept: a program that has much to say needs a file for that.
package final class Companion: Sendable {
    /// How it ended, and what it left.
    package struct End: Equatable, Sendable {
        /// Nil when a signal ended it.
        package var code: Int?
        package var signal: Int?
        /// The beginning of stdout, and the last lines of stderr.
        package var output: String
        package var errors: String
        /// It was told to stop, did not within its grace, and was killed.
        package var wasKilled: Bool
        /// The most memory that it ever had, bytes; 0 when that is not known.
        package var peakBytes = 0

        /// What ended it, in words.
        package var cause: String {
            Verdict.describe(signal.map { .signal($0) } ?? .code(code ?? 0))
        }

        /// The most memory that it ever had, in words; empty when that is not known.
        package var peak: String { Verdict.peak(peakBytes) }
    }

    /// It could not be started.
    package struct Refusal: Error, CustomStringConvertible {
        package var description: String
    }

    private struct State {
        var pid = 0
        /// Open while the companion lives: what it stands for cannot become somebody else.
        var pidfd: Int32 = -1
        var end: End?
        var watchers: [@Sendable (End) -> Void] = []
    }

    private let stopSwitch: StopSwitch
    private let state = Mutex(State())

    private init() throws(Launch.Failure) { stopSwitch = try StopSwitch() }

    /// Starts a program with the command, folder, environment, limits and grace of a handler; its stdin is empty.
    package static func start(_ program: ExecHandler) async throws(Refusal) -> Companion {
        do throws(Launch.Failure) {
            let companion = try Companion()
            try await companion.start(Launch(program), grace: program.grace)
            return companion
        } catch { throw refusal(error) }
    }

    /// Starts this program once more. Each line that it writes to stderr is told as it is.
    package static func start(
        itself arguments: [String], variables: [String: String], grace: Duration,
        log: @escaping @Sendable (String) -> Void
    ) async throws(Refusal) -> Companion {
        do throws(Launch.Failure) {
            let companion = try Companion()
            let launch = Launch(itself: arguments, variables: variables, grace: grace)
            try await companion.start(launch, grace: grace, log: log)
            return companion
        } catch { throw refusal(error) }
    }

    private static func refusal(_ error: Launch.Failure) -> Refusal {
        switch error {
        case .permanent(let message), .shortage(let message): return Refusal(description: message)
        }
    }

    /// Returns once the child runs. Its thread lives as long as the child does: else the kernel would kill it too early.
    private func start(
        _ launch: Launch, grace: Duration, log: (@Sendable (String) -> Void)? = nil
    ) async throws(Launch.Failure) {
        let result: Result<Void, Launch.Failure> = await withCheckedContinuation { caller in
            let isStarted = OwnThread.start("program", stack: 256 * 1024) { [self] in
                let child: queue_spawn_child
                do throws(Launch.Failure) { child = try launch.start() } catch {
                    return caller.resume(returning: .failure(error))
                }
                let pidfd = fcntl(child.pidfd, F_DUPFD_CLOEXEC, 0)
                state.withLock { ($0.pid, $0.pidfd) = (Int(child.pid), pidfd) }
                caller.resume(returning: .success(()))
                let limits = ChildRun.Limits(
                    grace: { grace }, output: 64 * 1024, log: log == nil ? 0 : .max, isPlain: log != nil)
                note(ChildRun(child, input: [], limits: limits, stop: stopSwitch) { log?($0.text) }.run())
            }
            if !isStarted { caller.resume(returning: .failure(.shortage("no thread can be started"))) }
        }
        try result.get()
    }

    deinit { state.withLock { if $0.pidfd >= 0 { close($0.pidfd) } } }

    package var pid: Int { state.withLock { $0.pid } }

    /// Sends it a signal, unless it has ended.
    package func signal(_ number: Int32) {
        state.withLock { state in
            if state.pidfd >= 0 {
                _ = queue_signal(state.pidfd, number)
            } else if state.end == nil, state.pid > 1 {
                // There was no descriptor to be had. It is reaped a moment before its end is known here.
                kill(pid_t(state.pid), number)
            }
        }
    }

    private func note(_ child: ChildEnd) {
        var end = End(
            output: String(decoding: child.output, as: UTF8.self), errors: child.errors.tail,
            wasKilled: child.wasKilled,
            peakBytes: child.peakBytes)
        switch child.exit {
        case .code(let code): end.code = code
        case .signal(let signal): end.signal = signal
        }
        let watchers = state.withLock { state in
            state.end = end
            return state.watchers
        }
        for watcher in watchers { watcher(end) }
    }

    /// Calls back once it has ended, at once if it has.
    private func watch(_ watcher: @escaping @Sendable (End) -> Void) {
        let end = state.withLock { state in
            if state.end == nil { state.watchers.append(watcher) }
            return state.end
        }
        if let end { watcher(end) }
    }

    /// Waits for its end; nil when the waiting task is cancelled before.
    package func end() async -> End? {
        let (ends, news) = AsyncStream.makeStream(of: End.self)
        watch { news.yield($0) }
        for await end in ends { return end }
        return nil
    }

    /// Waits for its end, however impatient the task is.
    package func wait() async -> End {
        await withCheckedContinuation { caller in watch { caller.resume(returning: $0) } }
    }

    /// Tells it to stop, TERM and after the grace KILL, and waits for its end, however impatient the task is.
    @discardableResult
    package func stop() async -> End {
        stopSwitch.flip()
        return await wait()
    }
}
