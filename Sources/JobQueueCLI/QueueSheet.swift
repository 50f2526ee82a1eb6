import JobStore

/// One queue as `queues ls --json` prints it, with the names that the HTTP API has.
struct QueueSheet: Encodable, Equatable {
    var name: String
    var paused: Bool
    var pausedBy: String?
    var pausedReason: String?
    var pausedAtMs: Int?
    var queued, inbox, running, retrying, scheduled, suspect, dead: Int
    var oldestQueuedMs: Int?
    /// Live ones.
    var workers: Int

    init(_ queue: InfoReport.Queue) {
        name = queue.name
        paused = queue.isPaused
        pausedBy = queue.pausedBy
        pausedReason = queue.pausedReason
        pausedAtMs = queue.pausedAtMs
        queued = queue.queued
        inbox = queue.inbox
        running = queue.running
        retrying = queue.retrying
        scheduled = queue.scheduled
        suspect = queue.suspect
        dead = queue.dead
        oldestQueuedMs = queue.oldestQueuedMs
        workers = queue.workers
    }
}
