/// Where a job is. A job is in exactly one state; each state has exactly one index in Redis.
public enum JobState: String, Sendable, CaseIterable {
    /// Its time has not come.
    case scheduled
    /// Waits for other jobs.
    case blocked
    /// May be claimed.
    case queued
    /// Claimed by a worker, under a lease.
    case running
    /// Failed; waits for its next attempt.
    case retrying
    /// Its runs were lost twice; waits to run alone.
    case suspect
    /// Done. Record and result are kept for the retention time.
    case succeeded
    /// Given up. Payload, every error and the reason are kept.
    case dead
    /// Stopped by a person or a program.
    case cancelled

    /// Has the job ended? Nothing but a person's `requeue` moves it any more.
    public var isFinal: Bool {
        switch self {
        case .succeeded, .dead, .cancelled: true
        case .scheduled, .blocked, .queued, .running, .retrying, .suspect: false
        }
    }
}
