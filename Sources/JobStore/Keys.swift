package import JobModel

/// The keys of a queue: a fixed set, whatever the number of jobs and workers. Every name carries the hash tag `{queue}`,
/// so that a queue is one slot of a cluster and a script may touch all of it.
package enum Key: String, CaseIterable, Sendable {
    case jobs, runs, results, errors
    case queued, scheduled, retrying, blocked, suspect, running
    case succeeded, dead, cancelled
    case causes, groups
    case leases, about, claims, asked, orders
    case idem
    case idemUntil = "idem-until"
    case outbox, inbox, meta, wake, events, rates

    /// The name in Redis.
    package func name(in queue: QueueName) -> String { "jq:{\(queue.text)}:\(rawValue)" }
}

/// Keys outside any queue, each written by a call of its own before the queue's script runs.
package enum Registry {
    /// ZSET: names of queues, by when they were first seen, ms.
    package static let queues = "jq:queues"
    /// ZSET: ids of workers, by their last beat, ms.
    package static let workers = "jq:workers"
}

extension JobState {
    /// The one index that holds the jobs of this state.
    package var key: Key {
        switch self {
        case .scheduled: .scheduled
        case .blocked: .blocked
        case .queued: .queued
        case .running: .running
        case .retrying: .retrying
        case .suspect: .suspect
        case .succeeded: .succeeded
        case .dead: .dead
        case .cancelled: .cancelled
        }
    }
}
