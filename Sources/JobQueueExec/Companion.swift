import CSpawn
import JobQueueWorker
import Synchronization

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
    }

    /// It could not be started.
    package struct Refusal: Error, CustomStringConvertible {
        package var description: String
    }

    private struct State {
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
        } catch {
            switch error {
            case .permanent(let message), .shortage(let message): throw Refusal(description: message)
            }
        }
    }

    /// Returns once the child runs. Its thread lives as long as the child does: else the kernel would kill it too early.
    private func start(_ launch: Launch, grace: Duration) async throws(Launch.Failure) {
        let result: Result<Void, Launch.Failure> = await withCheckedContinuation { caller in
            let isStarted = OwnThread.start("program", stack: 256 * 1024) { [self] in
                let child: queue_spawn_child
                do throws(Launch.Failure) { child = try launch.start() } catch {
                    return caller.resume(returning: .failure(error))
                }
                caller.resume(returning: .success(()))
                let limits = ChildRun.Limits(grace: { grace }, output: 64 * 1024, log: 0)
                note(ChildRun(child, input: [], limits: limits, stop: stopSwitch) { _ in }.run())
            }
            if !isStarted { caller.resume(returning: .failure(.shortage("no thread can be started"))) }
        }
        try result.get()
    }

    private func note(_ child: ChildEnd) {
        var end = End(
            output: String(decoding: child.output, as: UTF8.self), errors: child.errors.tail, wasKilled: child.wasKilled
        )
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

    /// Tells it to stop, TERM and after the grace KILL, and waits for its end, however impatient the task is.
    @discardableResult
    package func stop() async -> End {
        stopSwitch.flip()
        return await withCheckedContinuation { caller in watch { caller.resume(returning: $0) } }
    }
}
