/// What a handler throws to say what should follow. Any other error is a failed attempt, retried by the job's backoff.
public enum JobError: Error, Sendable {
    /// Another attempt would not help: the job is dead now.
    case permanent(String)
    /// Failed; the next attempt comes after this time instead of the backoff's.
    case retry(after: Duration, String)
    /// Not now: run again after this time. Nothing went wrong and no attempt is spent.
    case snooze(Duration)
}

/// Why a running handler was cancelled: `JobContext.cancellation` tells, once `Task.isCancelled` is true.
public enum CancellationReason: Int, Sendable, CaseIterable {
    /// The run took longer than its time limit.
    case timeout = 1
    /// Somebody cancelled the job.
    case cancelled
    /// The worker shuts down; the job goes back to the front of its queue.
    case shutdown
    /// The worker was out of touch with Redis for so long that somebody else may have the job.
    case leaseLost
}
