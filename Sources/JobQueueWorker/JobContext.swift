public import JobModel
public import Logging

/// What a handler knows of the run it is part of.
public struct JobContext: Sendable {
    let run: Run
    private let slot: Slot
    private let limit: Int
    private let surroundings: Surroundings

    /// What the contexts of a worker share.
    final class Surroundings: Sendable {
        let clock: WorkerClock
        let logger: Logger
        let maxResultBytes: Int
        let threads = BlockingThreads()

        init(clock: WorkerClock, logger: Logger, maxResultBytes: Int) {
            self.clock = clock
            self.logger = logger
            self.maxResultBytes = maxResultBytes
        }
    }

    /// `limit` is the deadline on the worker's clock, ns.
    init(run: Run, slot: Slot, limit: Int, _ surroundings: Surroundings) {
        self.run = run
        self.slot = slot
        self.limit = limit
        self.surroundings = surroundings
    }

    /// When the run is cancelled for taking too long; nil without a time limit.
    public var deadline: ContinuousClock.Instant? { limit == Slot.never ? nil : surroundings.clock.instant(limit) }

    public var id: String { run.id }
    public var name: String { run.envelope.name }
    public var queue: QueueName { run.lease.queue }
    /// The attempt that this run is, from 1. Runs that were lost or released do not count.
    public var attempt: Int { run.record.attempts + 1 }
    public var maxAttempts: Int { run.envelope.policy.maxAttempts }
    public var tags: [String] { run.envelope.tags }
    /// What the producer handed along.
    public var metadata: [String: String] { run.envelope.metadata }
    /// Of the request that brought the job, 1 to 128 printable ASCII characters: hand it on to whatever you call. nil where
    /// the producer named none.
    public var requestID: String? { run.envelope.requestID }
    /// Grows from run to run of a job: store it with what you write elsewhere and refuse writes with a smaller one, and a
    /// frozen worker that wakes up late can do no harm there.
    public var epoch: Int { run.epoch }
    /// The life of the job that this run is part of, from 0: one more each time somebody requeues it after its end. What is to
    /// happen once for a job happens once in each.
    public var generation: Int { run.record.generation }
    /// Why the run was cancelled; nil while it is not.
    public var cancellation: CancellationReason? { slot.cancellation(of: run) }
    /// Should the handler stop? On the thread of a blocking handler, where `Task.isCancelled` knows nothing, this tells;
    /// elsewhere both do.
    public var isCancelled: Bool { cancellation != nil }
    /// Throws `CancellationError` when the handler should stop.
    public func checkCancellation() throws { if isCancelled { throw CancellationError() } }

    /// The largest result that the worker keeps, in bytes.
    package var maxResultBytes: Int { surroundings.maxResultBytes }
    /// Where blocking handlers run.
    var threads: BlockingThreads { surroundings.threads }

    /// The worker's logger with the fields of this job.
    public var logger: Logger {
        var logger = surroundings.logger
        logger[metadataKey: "job_id"] = "\(run.id)"
        logger[metadataKey: "job_name"] = "\(name)"
        logger[metadataKey: "queue"] = "\(queue)"
        logger[metadataKey: "attempt"] = .stringConvertible(attempt)
        if let requestID { logger[metadataKey: "request_id"] = "\(requestID)" }
        return logger
    }
}
