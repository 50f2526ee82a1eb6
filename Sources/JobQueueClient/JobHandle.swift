import FoundationEssentials
public import JobModel
import JobStore

/// How a job ended.
public enum JobOutcome: Sendable {
    case succeeded(JobResult)
    /// Given up; the message of the last error.
    case dead(Reason, message: String)
    case cancelled
}

/// What a successful job returned.
public struct JobResult: Sendable {
    /// JSON; `null` when the handler returned nothing.
    public var json: String
    /// Why the result is missing although the job succeeded (too large, not encodable); nil when it is there.
    public var omitted: String?
    /// The attempt that succeeded, from 1.
    public var attempt: Int
    /// How long the run took.
    public var duration: Duration

    /// The result as a value. Throws a `DecodingError` when it is something else.
    public func decode<T: Decodable>(as type: T.Type = T.self) throws -> T {
        try PayloadDecoder.decode(type, from: Array(json.utf8)[...])
    }
}

/// What is known of a job now.
public struct JobStatus: Sendable {
    /// nil: it ended and is forgotten.
    public var state: JobState?
    /// Runs that failed or timed out in this life of the job.
    public var failures: Int
    /// Why the last unsuccessful run ended.
    public var lastReason: Reason?
    /// A running job was asked to stop.
    public var isCancelRequested: Bool
}

/// A job that was handed over.
public struct JobHandle: Sendable {
    public let id: String
    public let queue: QueueName
    let home: JobQueue

    /// What is known of the job now. Throws `unknownJob` when the id was never seen, and connection errors.
    public func status() async throws(JobQueueError) -> JobStatus {
        let view = try await view(full: false)
        return JobStatus(
            state: view.state, failures: view.record.attempts, lastReason: view.record.last,
            isCancelRequested: view.isAsked)
    }

    /// Waits until the job has ended, at most for `timeout`.
    ///
    /// A job with result TTL 0, or one that ended longer ago than its retention, throws `unknownJob`. A job that is over
    /// the queue's limit of records reports success without its result. Throws `waitTimedOut` when it is not over in
    /// time, `CancellationError`-free: a cancelled task stops waiting with `waitTimedOut` too.
    public func outcome(timeout: Duration = .seconds(60)) async throws(JobQueueError) -> JobOutcome {
        let deadline = ContinuousClock.now + timeout
        var pause = Duration.milliseconds(2)
        while true {
            let view = try await view(full: false)
            if let state = view.state, state.isFinal { return try await outcome(view, state) }
            if view.state == nil { throw unknown() }
            let left = deadline - ContinuousClock.now
            if left <= .zero || Task.isCancelled {
                throw JobQueueError(
                    .waitTimedOut, "the job \(id) is still \(view.state?.rawValue ?? "on its way"): wait again")
            }
            try? await Task.sleep(for: min(pause, left))
            // Short jobs are answered at once, long ones cost Redis four questions a second.
            pause = min(pause * 2, .milliseconds(250))
        }
    }

    /// Stops the job: one that waits never starts; a running handler is asked to stop and decides when.
    ///
    /// Answers the state it found: `cancelled`, `running` (asked), or `succeeded` or `dead` (too late). Throws `unknownJob`.
    @discardableResult
    public func cancel() async throws(JobQueueError) -> JobState {
        do throws(StoreError) {
            switch try await home.store.queue(queue).cancel([id])[0] {
            case .cancelled: return .cancelled
            case .asked: return .running
            case .succeeded: return .succeeded
            case .dead: return .dead
            case .gone: break
            }
        } catch { throw JobQueueError(error) }
        throw unknown()
    }

    private func view(full: Bool) async throws(JobQueueError) -> JobView {
        do throws(StoreError) {
            let view = try await home.store.queue(queue).inspect([id], full: full).jobs[0]
            if view.state != nil || view.isRemembered { return view }
        } catch { throw JobQueueError(error) }
        throw unknown()
    }

    private func outcome(_ view: JobView, _ state: JobState) async throws(JobQueueError) -> JobOutcome {
        switch state {
        case .succeeded:
            let record = view.result
            return .succeeded(
                JobResult(
                    json: String(decoding: record?.result ?? ArraySlice("null".utf8), as: UTF8.self),
                    omitted: record == nil ? "not kept: the queue holds too many results" : record?.omitted,
                    attempt: record?.attempt ?? 0, duration: .milliseconds(record?.ms ?? 0)))
        case .dead:
            let last = try await self.view(full: true).errors.last
            return .dead(view.record.last ?? .failed, message: last?.message ?? "")
        default: return .cancelled
        }
    }

    private func unknown() -> JobQueueError {
        JobQueueError(
            .unknownJob, "there is no job \(id) in the queue \(queue): it never was, or it ended and is forgotten")
    }
}
