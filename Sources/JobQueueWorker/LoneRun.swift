package import JobModel
package import Logging

/// One run without a worker around it, in a process that was started for it.
package struct LoneRun: Sendable {
    /// What the worker told of the job.
    package struct Facts: Sendable {
        package var id = ""
        package var name = ""
        package var queue = QueueName.default
        package var attempt = 1
        package var maxAttempts = 1
        package var epoch = 0
        package var generation = 0
        package var tags: [String] = []
        package var metadata: [String: String] = [:]
        package var requestID: String?
        package var payload = ArraySlice("null".utf8)
        /// How long the run may still take; nil without a time limit.
        package var rest: Duration?
        package var maxResultBytes = 256 * 1024

        package init() {}
    }

    private let slot = Slot()
    private let payload: ArraySlice<UInt8>
    private let context: JobContext

    package init(_ facts: Facts, logger: Logger) {
        var envelope = Envelope(name: facts.name, payload: facts.payload)
        envelope.policy.maxAttempts = facts.maxAttempts
        envelope.tags = facts.tags
        envelope.metadata = facts.metadata
        envelope.requestID = facts.requestID
        let lease = Lease(queue: facts.queue, incarnation: Incarnation(1), born: "", length: .zero)
        let run = Run(
            id: facts.id, envelope, attempt: facts.attempt, generation: facts.generation, lease: lease,
            epoch: facts.epoch)
        let clock = WorkerClock()
        let now = clock.nanoseconds
        let limit = facts.rest.map { now + $0.milliseconds * 1_000_000 } ?? Slot.never
        payload = facts.payload
        context = JobContext(
            run: run, slot: slot, limit: limit,
            JobContext.Surroundings(clock: clock, logger: logger, maxResultBytes: facts.maxResultBytes))
        slot.begin(run, now: now, deadline: limit)
    }

    /// Tells the handler to stop. From any thread.
    package func cancel(_ reason: CancellationReason) { slot.cancel(reason) }

    /// Runs the handler. Its task is cancelled when the run is.
    package func run(_ body: @escaping Handlers.Body) async -> Result<Handlers.Output, any Error> {
        await withTaskGroup(of: Result<Handlers.Output, any Error>?.self) { group in
            group.addTask {
                defer { slot.endLoop() }
                do { return .success(try await body(payload, context)) } catch { return .failure(error) }
            }
            await slot.untilCancelled()
            group.cancelAll()
            return await group.next().flatMap { $0 } ?? .failure(CancellationError())
        }
    }
}
