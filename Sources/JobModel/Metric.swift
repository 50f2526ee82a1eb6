/// Every metric of this software, by its name. All other names that are served belong to somebody else.
///
/// Labels never hold ids, tags, error texts or names of workers: those would make a series each.
package enum Metric: String, CaseIterable, Sendable {
    // Of each process.
    case buildInfo = "jobqueue_build_info"
    case slots = "jobqueue_worker_slots"
    case busySlots = "jobqueue_worker_slots_busy"
    case attempts = "jobqueue_attempts_total"
    case attemptDuration = "jobqueue_attempt_duration_seconds"
    case finished = "jobqueue_jobs_finished_total"
    case leasesExpired = "jobqueue_leases_expired_total"
    case wait = "jobqueue_wait_seconds"
    case enqueued = "jobqueue_enqueued_total"
    case requests = "http_requests_total"
    case requestDuration = "http_request_duration_seconds"
    case exits = "jobqueue_exec_exits_total"
    case commandDuration = "jobqueue_redis_command_duration_seconds"
    // Of Redis, from the server only.
    case jobs = "jobqueue_jobs"
    case backlog = "jobqueue_queue_backlog_jobs"
    case oldestAge = "jobqueue_queue_oldest_queued_age_seconds"
    case paused = "jobqueue_queue_paused"
    case queueWorkers = "jobqueue_queue_workers"
    case queueEnqueued = "jobqueue_queue_enqueued_total"
    case queueFinished = "jobqueue_queue_finished_total"
    case workers = "jobqueue_workers"
    case redisUp = "jobqueue_redis_up"
    case redisUsedMemory = "jobqueue_redis_used_memory_bytes"
    case redisMaxMemory = "jobqueue_redis_maxmemory_bytes"
    // Of Postgres, from servers and relays.
    case outboxRows = "jobqueue_outbox_rows"
    case outboxOldestAge = "jobqueue_outbox_oldest_age_seconds"
    case outboxRejected = "jobqueue_outbox_rejected_rows"
    case postgresUp = "jobqueue_postgres_up"

    /// The value of a label for whatever has no series of its own.
    package static let rest = "other"

    /// What it says, in a sentence.
    package var help: String {
        switch self {
        case .buildInfo: "Version of queue-worker and of the Swift compiler, always 1."
        case .slots: "Jobs that this process may run at once."
        case .busySlots: "Jobs that this process runs now."
        case .attempts: "Runs of jobs that ended here, by how they ended."
        case .attemptDuration: "How long runs took, by how they ended."
        case .finished: "Jobs that came to their end here, by the state they ended in."
        case .leasesExpired: "Leases found run out that jobs were held under: a worker died or stood still."
        case .wait: "Time from when a job could have started to its first start."
        case .enqueued: "Jobs handed over through this process, by source and by what became of them."
        case .requests: "Answered HTTP requests, by route of the API."
        case .requestDuration: "Time until an HTTP request was answered, without waits that the caller asked for."
        case .exits: "Children of exec handlers that ended, by exit code or signal."
        case .commandDuration: "Time from sending a script to Redis until its answer was read."
        case .jobs: "Jobs stored in Redis, by state."
        case .backlog: "Jobs that workers have to do now: queued, running, overdue, or in the inbox."
        case .oldestAge: "How long the next job in line could have started already, 0 when none waits."
        case .paused: "1 while the queue is paused."
        case .queueWorkers: "Workers with a lease on the queue."
        case .queueEnqueued: "Jobs ever stored in the queue."
        case .queueFinished: "Jobs of the queue that came to their end, by the state they ended in."
        case .workers: "Workers that were heard of in the last minute."
        case .redisUp: "1 when Redis answered this scrape."
        case .redisUsedMemory: "Memory that Redis uses."
        case .redisMaxMemory: "Memory that Redis may use, 0 without a limit."
        case .outboxRows: "Rows of the outbox that wait to become jobs, counted up to a million."
        case .outboxOldestAge: "How long the oldest row of the outbox has waited, 0 when none waits."
        case .outboxRejected: "Rows that no job could be made of, and that somebody has to look at."
        case .postgresUp: "1 when the outbox could be looked at for this scrape."
        }
    }
}
