import JobModel

/// Everything that `info` shows, from one look: the same values become a page or JSON.
package struct InfoReport: Sendable, Equatable, Codable {
    package struct Server: Sendable, Equatable, Codable {
        package var product: String
        package var version: String
        package var uptimeSeconds: Int
        package var usedMemoryBytes: Int
        package var maxMemoryBytes: Int
        package var hasAppendOnlyFile: Bool
        /// How long it took to answer a question that costs nothing, ms; nil where that was not measured.
        package var pingMs: Double?
        /// Without user and password; nil where it does not concern the reader.
        package var url: String?

        enum CodingKeys: String, CodingKey {
            case product, version, url
            case uptimeSeconds = "uptime_seconds"
            case usedMemoryBytes = "used_memory_bytes"
            case maxMemoryBytes = "maxmemory_bytes"
            case hasAppendOnlyFile = "append_only_file"
            case pingMs = "ping_ms"
        }
    }

    package struct Queue: Sendable, Equatable, Codable {
        package var name: String
        package var isPaused: Bool
        /// In printable text; nil where none was given.
        package var pausedReason: String?
        /// Who paused it, in printable text; nil where nobody did, or it was not said.
        package var pausedBy: String?
        /// Since when, ms since 1970.
        package var pausedAtMs: Int?
        package var queued, running, retrying, scheduled, blocked, suspect, succeeded, dead, cancelled: Int
        /// Dead jobs that died within an hour.
        package var deadLastHour: Int
        package var inbox: Int
        package var remembered: Int
        /// How long the job waits that has been due longest, ms; nil when none is, or its envelope does not say.
        package var oldestQueuedMs: Int?
        package var succeededTotal: Int
        package var enqueuedTotal: Int
        /// Live workers.
        package var workers: Int
        /// How many jobs those can run at a time.
        package var limit: Int
        /// In a second, on average over the last minute and the last quarter of an hour.
        package var in1m, out1m, failed1m, in15m, out15m, failed15m: Double
        /// The same between the samples that are kept, the newest last; nil where nobody asked for it.
        package var series: [Point]?
        /// Jobs that workers have to do now. Not part of the report's JSON.
        package var backlog = 0
        /// Runs that failed in a minute, on average over the last quarter of an hour. Nor is this.
        package var failedAMinute = 0.0

        enum CodingKeys: String, CodingKey {
            case name, queued, running, retrying, scheduled, blocked, suspect, succeeded, dead, cancelled, inbox,
                remembered
            case workers, limit, series
            case isPaused = "paused"
            case pausedReason = "paused_reason"
            case pausedBy = "paused_by"
            case pausedAtMs = "paused_at_ms"
            case deadLastHour = "dead_last_hour"
            case oldestQueuedMs = "oldest_queued_ms"
            case succeededTotal = "succeeded_total"
            case enqueuedTotal = "enqueued_total"
            case in1m = "in_1m"
            case out1m = "out_1m"
            case failed1m = "failed_1m"
            case in15m = "in_15m"
            case out15m = "out_15m"
            case failed15m = "failed_15m"
        }
    }

    /// What came, ended and failed in a second up to a moment, since the point before.
    package struct Point: Sendable, Equatable, Codable {
        package var atMs: Int
        package var into, out, failed: Double
        /// The moment of the point before. Not part of the report's JSON.
        package var sinceMs = 0

        enum CodingKeys: String, CodingKey {
            case atMs = "at_ms"
            case into = "in"
            case out, failed
        }
    }

    package struct Worker: Sendable, Equatable, Codable {
        /// `quiet`: it takes nothing new. `lost`: its lease ran out.
        package enum State: String, Sendable, Codable { case idle, busy, quiet, lost }
        package var id: String
        package var state: State
        package var slots: Int
        package var busy: Int
        package var queues: [String]
        package var startedMs: Int
        package var runs: [WorkerCard.Run]
        /// Jobs that it has handlers for.
        package var names: [String]
        package var host: String
        package var pid: Int
        package var version: String
        /// Resident memory of its process; nil of workers that do not say.
        package var memoryBytes: Int?
        /// Runs since it was started, that succeeded and that did not; nil likewise.
        package var done: Int?
        package var failed: Int?

        enum CodingKeys: String, CodingKey {
            case id, state, slots, busy, queues, runs, names, host, pid, version, done, failed
            case startedMs = "started_ms"
            case memoryBytes = "memory_bytes"
        }
    }

    /// Something that wants a person's attention.
    package struct Attention: Sendable, Equatable, Codable {
        /// Empty: it concerns Redis.
        package var queue: String
        package var code: String
        package var message: String

        package init(queue: String, code: String, message: String) {
            self.queue = queue
            self.code = code
            self.message = message
        }
    }

    /// Rows that wait in Postgres to become jobs.
    package struct Outbox: Sendable, Equatable, Codable {
        /// Nil, as the two that follow, where it could not be looked at.
        package var rows: Int?
        /// How long the oldest has waited; nil without one.
        package var oldestMs: Int?
        /// Rows that no job could be made of.
        package var rejected: Int?
        /// Why it could not be looked at. It may quote a server: nothing for a terminal as it is.
        package var error: String?

        enum CodingKeys: String, CodingKey {
            case rows, rejected, error
            case oldestMs = "oldest_ms"
        }

        package init(rows: Int, oldestMs: Int?, rejected: Int) {
            self.rows = rows
            self.oldestMs = oldestMs
            self.rejected = rejected
        }

        package init(error: String) { self.error = error }
    }

    package var takenAtMs: Int
    package var redis: Server
    /// Nil where there is none, or it does not concern the reader.
    package var outbox: Outbox?
    package var queues: [Queue]
    package var workers: [Worker]
    package var attention: [Attention]

    enum CodingKeys: String, CodingKey {
        case redis, outbox, queues, workers, attention
        case takenAtMs = "taken_at_ms"
    }

    /// `findings` is what a snapshot does not say of queues: one that cannot be read, or what its jobs wait for.
    package init(
        server: ServerFacts, snapshots: [QueueSnapshot], findings: [Attention] = [], pingMs: Double? = nil,
        series: Bool = false
    ) {
        takenAtMs = snapshots.map(\.now).max() ?? 0
        redis = Server(
            product: server.product, version: server.version, uptimeSeconds: server.uptimeSeconds,
            usedMemoryBytes: server.usedMemory, maxMemoryBytes: server.maxMemory, hasAppendOnlyFile: server.hasAOF,
            pingMs: pingMs.map(InfoReport.rounded))
        workers = Self.workers(of: snapshots)
        queues = snapshots.map { Queue($0, series: series) }
        attention = findings
        for queue in queues { attention += attention(for: queue) }
        attention += Self.attention(for: server)
    }

    /// Three digits behind the point: more is noise.
    static func rounded(_ number: Double) -> Double { (number * 1000).rounded() / 1000 }
}
