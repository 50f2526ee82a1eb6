package import JobModel
import JobQueueExec
import JobQueueWorker
package import JobStore
package import Logging
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Keeps worker processes alive: this program once more for each, with a board that tells what it had when it dies.
///
/// One task decides, and is told everything by one stream: turns, signals, starts and ends.
package struct Supervisor: Sendable {
    package struct Configuration: Sendable {
        package var processes = 1
        /// Whose jobs they run.
        package var queues: [QueueName] = []
        /// Handlers at once in each.
        package var slots = 10
        /// What a process may take to end in order, before it is killed.
        package var grace: Duration = .seconds(30)
        package var maxJobs = 0
        package var maxMemoryBytes = 0
        /// A process that ends in order is not started again; one that ends with a status other than 0 and 70 gives the
        /// supervisor that status.
        package var isBurst = false
        /// So does one that ends in order because it had nothing to do.
        package var endsIdle = false
        /// A process whose heart has stood still for so long is killed.
        package var hangAfter: Duration = .seconds(60)
        /// HUP replaces the processes instead of ending them.
        package var reloads = true
        package init() {}
    }

    /// What the configuration is like when processes are to be replaced.
    package enum Check: Sendable {
        /// What is to hold from now on.
        case fine(Configuration)
        case wrong(String)
    }

    /// What a service manager wants to know.
    package enum Notice: Sendable {
        /// Every few milliseconds, from when a process is at work.
        case live
        case stopping, reloading, reloaded
    }

    enum Event: Sendable {
        case turn
        /// So many jobs wait that have to run alone; nil when Redis did not say.
        case suspects(Int?)
        case signal(Int32)
        case started(Int, Companion)
        /// A process has ended, or could not be started.
        case ended(Int, Companion.End?, String)
    }

    private let store: Store
    private let arguments: [String]
    private let configuration: Configuration
    private let check: @Sendable () -> Check
    private let forward: @Sendable (String) -> Void
    private let announce: @Sendable (Notice) -> Void
    private let metrics: HerdMetrics?
    private let logger: Logger

    /// - Parameters:
    ///   - store: With a client that is connected, or will be.
    ///   - arguments: Of each process.
    ///   - check: Asked before processes are replaced.
    ///   - forward: Where the lines go that the processes write to stderr.
    ///   - announce: Told what this process is doing.
    ///   - metrics: Told whose counts are to be added up.
    package init(
        _ store: Store, arguments: [String], _ configuration: Configuration, logger: Logger,
        check: @escaping @Sendable () -> Check, forward: @escaping @Sendable (String) -> Void,
        announce: @escaping @Sendable (Notice) -> Void, metrics: HerdMetrics? = nil
    ) {
        self.store = store
        self.arguments = arguments
        self.configuration = configuration
        self.logger = logger
        self.check = check
        self.forward = forward
        self.announce = announce
        self.metrics = metrics
    }

    /// Returns when all processes have ended and what they had is given back. Answers the status to exit with. `signals` are
    /// those of this process.
    package func run(_ signals: AsyncStream<Int32>) async -> Int32 {
        let (events, news) = AsyncStream.makeStream(of: Event.self)
        return await withTaskGroup(of: Void.self) { group in
            group.addTask { for await number in signals { news.yield(.signal(number)) } }
            group.addTask {
                while !Task.isCancelled {
                    news.yield(.turn)
                    try? await Task.sleep(for: .milliseconds(50))
                }
            }
            // What is begun for a process is brought to its end before this ends. Discarding: there may be many.
            let status = await withDiscardingTaskGroup(returning: Int32.self) { work in
                var desk = Desk(
                    configuration, check: check, announce: announce, metrics: metrics, logger: logger)
                for await event in events {
                    for errand in desk.hear(event) { work.addTask { await perform(errand, news) } }
                    if desk.herd.isOver { break }
                }
                return desk.status
            }
            group.cancelAll()
            return status
        }
    }

    // MARK: What takes time

    enum Errand: Sendable {
        case start(Int, Board, Duration)
        case lookForSuspects([QueueName])
        case bury(Int, Board, Autopsy.Cause, Duration)
        case stop(Companion)
    }

    private func perform(_ errand: Errand, _ news: AsyncStream<Event>.Continuation) async {
        switch errand {
        case .start(let index, let board, let grace): await start(index, board, grace, news)
        // Without an answer nothing is done: what is wrong with Redis, the processes tell.
        case .lookForSuspects(let queues): news.yield(.suspects(try? await store.dueSuspects(queues)))
        case .stop(let companion): _ = await companion.stop()
        case .bury(let index, let board, let cause, let patience): await bury(index, board, cause, patience)
        }
    }

    private func start(
        _ index: Int, _ board: Board, _ grace: Duration, _ news: AsyncStream<Event>.Continuation
    ) async {
        do throws(Companion.Refusal) {
            // The board has so many slots, whatever the configuration says by now.
            let companion = try await Companion.start(
                itself: arguments + ["--concurrency", "\(board.slots)"], variables: [Board.variable: board.value],
                grace: grace, log: forward)
            news.yield(.started(index, companion))
            news.yield(.ended(index, await companion.wait(), ""))
        } catch { news.yield(.ended(index, nil, "\(error)")) }
    }

    /// Tried for a while: after that the leases run out, and others do it.
    private func bury(_ index: Int, _ board: Board, _ cause: Autopsy.Cause, _ patience: Duration) async {
        let autopsy = Autopsy(store: store, logger: logger)
        let reading = board.read()
        let limit = ContinuousClock.now + patience
        while true {
            do throws(StoreError) {
                let count = try await autopsy.settle(reading, cause)
                guard count > 0 else { return }
                logger.warning(
                    "the jobs of a dead process are given back",
                    metadata: [
                        "event": "job.recovered", "process": .stringConvertible(index),
                        "jobs": .stringConvertible(count), "begun": .stringConvertible(reading.runs.count),
                    ])
                return
            } catch {
                guard error.mayHeal, ContinuousClock.now < limit else {
                    return logger.error(
                        "the jobs of a dead process could not be given back: \(error); its lease will run out",
                        metadata: ["event": "job.recovery_failed", "process": .stringConvertible(index)])
                }
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
