import DequeModule
import JobStore
import Synchronization

/// Joins concurrent enqueues of one queue into few round trips: while calls are in flight, those that come gather, and go
/// out together when one comes back. No timer, so a lone call is never held up.
///
/// The callers do the work themselves: one of those waiting is told to lead and sends for all. So nothing runs when
/// nobody calls, and no task outlives its caller.
final class EnqueueBatcher: Sendable {
    private typealias Answer = Result<Admission, StoreError>

    private enum Signal {
        case answered(Answer)
        /// Send what has gathered; this caller's own job is the first.
        case lead
    }

    private struct Waiting {
        var job: NewJob
        var since: ContinuousClock.Instant
        var caller: CheckedContinuation<Signal, Never>
    }

    private struct State {
        var waiting: Deque<Waiting> = []
        var inFlight = 0
    }

    /// Two calls in flight keep both Redis and this process busy; more only make the batches smaller.
    private static let maxInFlight = 2

    private let state = Mutex(State())
    private let send: Send

    typealias Send =
        @Sendable (_ jobs: [NewJob], _ since: ContinuousClock.Instant) async -> Result<[Admission], StoreError>

    /// `send` hands over up to 1,000 jobs and answers for each; the first of them has been waiting since then.
    init(_ send: @escaping Send) { self.send = send }

    /// Callers that wait for a call in flight to come back.
    var waiting: Int { state.withLock { $0.waiting.count } }

    func enqueue(_ job: NewJob) async -> Result<Admission, StoreError> {
        let since = ContinuousClock.now
        let isFree = state.withLock { state in
            guard state.inFlight < Self.maxInFlight else { return false }
            state.inFlight += 1
            return true
        }
        if isFree { return await lead(job, since) }
        let signal = await withCheckedContinuation { caller in
            let mayLead = state.withLock { state in
                // Between the two locks a call may have come back and found nobody waiting.
                guard state.inFlight < Self.maxInFlight else {
                    state.waiting.append(Waiting(job: job, since: since, caller: caller))
                    return false
                }
                state.inFlight += 1
                return true
            }
            if mayLead { caller.resume(returning: .lead) }
        }
        switch signal {
        case .answered(let answer): return answer
        case .lead: return await lead(job, since)
        }
    }

    /// Sends this job and all that wait, answers them, and makes the next one waiting lead.
    private func lead(_ job: NewJob, _ since: ContinuousClock.Instant) async -> Result<Admission, StoreError> {
        let others = state.withLock { state in Self.batch(behind: job, from: &state.waiting) }
        let result = await send([job] + others.map(\.job), since)
        passOn()
        for (index, other) in others.enumerated() {
            other.caller.resume(returning: .answered(result.map { $0[index + 1] }))
        }
        return result.map { $0[0] }
    }

    private func passOn() {
        let next = state.withLock { state in
            let next = state.waiting.popFirst()
            if next == nil { state.inFlight -= 1 }
            return next
        }
        guard let next else { return }
        next.caller.resume(returning: .lead)
    }

    private static func batch(behind first: NewJob, from waiting: inout Deque<Waiting>) -> [Waiting] {
        var bytes = first.envelope.count
        var batch: [Waiting] = []
        while let next = waiting.first, batch.count < QueueStore.batchLimit - 1 {
            bytes += next.job.envelope.count
            if bytes > QueueStore.batchBytes { break }
            batch.append(next)
            waiting.removeFirst()
        }
        return batch
    }
}
