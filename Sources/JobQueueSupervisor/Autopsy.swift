import JobModel
import JobQueueWorker
import JobStore
import Logging

/// Gives the jobs of a dead worker back. That it is dead is proven, so nothing is waited for: neither its lease nor a grace.
struct Autopsy: Sendable {
    let store: Store
    let logger: Logger

    /// How it died.
    struct Cause: Sendable {
        /// For the history of the jobs that ran.
        var error: RunError
        /// It was told to end: its runs are given back, and count as nothing.
        var wasStopped: Bool
    }

    /// Settles what the worker held. Answers how many jobs that were. Throws what kept it from that: then the lease will run
    /// out, and others do it.
    func settle(_ board: Board.Reading, _ cause: Cause) async throws(StoreError) -> Int {
        var count = 0
        for (queue, incarnation) in board.leases {
            let queue = store.queue(queue)
            while case .recovered(let slice) = try await queue.recover(incarnation) {
                let settlements = slice.jobs.map { job in
                    Settlement(
                        id: job.id, token: job.token,
                        disposition: Self.disposition(of: job, board, cause, now: slice.now))
                }
                if !settlements.isEmpty { _ = try await queue.settle(slice.incarnation, settlements) }
                count += settlements.count
                if slice.left == 0 { break }
            }
        }
        if !board.worker.isEmpty { try await store.forget(worker: board.worker) }
        return count
    }

    static func disposition(
        of job: ClaimedJob, _ board: Board.Reading, _ cause: Cause, now: Int
    ) -> Disposition {
        let envelope = try? Envelope(parsing: job.envelope)
        let run = board.runs.first { $0.id == job.id && $0.token == job.token }
        let hasEnded = board.hasEnded(job.id, job.token)
        var cause = cause
        // It ended itself because of another run: this one is not to blame.
        if board.runs.contains(where: \.isCondemned) { cause.wasStopped = true }
        return decide(
            outcome(of: run, hasEnded, isReadable: envelope != nil, cause), policy: envelope?.policy ?? .standard,
            record: RunRecord(parsing: job.record),
            facts: RunFacts(worker: board.worker, now: now, ms: run?.ms ?? 0, name: envelope?.name), random: 0.5)
    }

    /// Only runs that had begun can be to blame.
    private static func outcome(
        of run: Board.Reading.Run?, _ hasEnded: Bool, isReadable: Bool, _ cause: Cause
    ) -> Outcome {
        guard isReadable else { return .malformed(RunError("the envelope cannot be read")) }
        guard let run else {
            guard hasEnded, !cause.wasStopped else { return .released(started: hasEnded) }
            return .lost(
                RunError(type: cause.error.type, "it had ended, and then, with its outcome: " + cause.error.message))
        }
        if run.isCondemned {
            let message = "the handler ignored its time limit, and its process was ended"
            return .timedOut(RunError(type: "TimedOut", message), killed: true)
        }
        if cause.wasStopped { return .released(started: true) }
        return .crashed(cause.error, alone: run.isAlone)
    }
}
