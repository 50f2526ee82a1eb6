import JobModel

/// Everything that `info` shows, from one look: the same values become a table or JSON.
package struct InfoReport: Sendable, Equatable, Encodable {
    package struct Server: Sendable, Equatable, Encodable {
        package var product: String
        package var version: String
        package var uptimeSeconds: Int
        package var usedMemoryBytes: Int
        package var maxMemoryBytes: Int
        package var hasAppendOnlyFile: Bool

        enum CodingKeys: String, CodingKey {
            case product, version
            case uptimeSeconds = "uptime_seconds"
            case usedMemoryBytes = "used_memory_bytes"
            case maxMemoryBytes = "maxmemory_bytes"
            case hasAppendOnlyFile = "append_only_file"
        }
    }

    package struct Queue: Sendable, Equatable, Encodable {
        package var name: String
        package var isPaused: Bool
        /// In printable text; nil where none was given.
        package var pausedReason: String?
        package var queued, running, retrying, scheduled, blocked, suspect, succeeded, dead, cancelled: Int
        package var inbox: Int
        package var remembered: Int
        /// Age of the first job in line, ms; nil when none waits or its envelope does not say.
        package var oldestQueuedMs: Int?
        package var succeededTotal: Int
        package var enqueuedTotal: Int
        /// Live workers.
        package var workers: Int
        /// Jobs that workers have to do now. Not part of the report's JSON.
        package var backlog = 0
        /// Who paused it, in printable text; nil where nobody did, or it was not said. Not part of the report's JSON.
        package var pausedBy: String?
        /// Since when, ms since 1970. Not part of the report's JSON.
        package var pausedAtMs: Int?

        enum CodingKeys: String, CodingKey {
            case name, queued, running, retrying, scheduled, blocked, suspect, succeeded, dead, cancelled, inbox,
                remembered
            case workers
            case isPaused = "paused"
            case pausedReason = "paused_reason"
            case oldestQueuedMs = "oldest_queued_ms"
            case succeededTotal = "succeeded_total"
            case enqueuedTotal = "enqueued_total"
        }
    }

    package struct Worker: Sendable, Equatable, Encodable {
        package enum State: String, Sendable, Encodable { case idle, busy, lost }
        package var id: String
        package var state: State
        package var slots: Int
        package var busy: Int
        package var queues: [String]
        package var startedMs: Int
        package var runs: [WorkerCard.Run]
        /// Jobs that it has handlers for.
        package var names: [String]

        enum CodingKeys: String, CodingKey {
            case id, state, slots, busy, queues, runs, names
            case startedMs = "started_ms"
        }
    }

    /// Something that wants a person's attention.
    package struct Attention: Sendable, Equatable, Encodable {
        package var queue: String
        package var code: String
        package var message: String

        package init(queue: String, code: String, message: String) {
            self.queue = queue
            self.code = code
            self.message = message
        }
    }

    package var takenAtMs: Int
    package var redis: Server
    package var queues: [Queue]
    package var workers: [Worker]
    package var attention: [Attention]

    enum CodingKeys: String, CodingKey {
        case redis, queues, workers, attention
        case takenAtMs = "taken_at_ms"
    }

    /// `findings` is what a snapshot does not say of queues: one that cannot be read, or what its jobs wait for.
    package init(server: ServerFacts, snapshots: [QueueSnapshot], findings: [Attention] = []) {
        takenAtMs = snapshots.map(\.now).max() ?? 0
        redis = Server(
            product: server.product, version: server.version, uptimeSeconds: server.uptimeSeconds,
            usedMemoryBytes: server.usedMemory, maxMemoryBytes: server.maxMemory, hasAppendOnlyFile: server.hasAOF)
        queues = snapshots.map(Queue.init)
        workers = Self.workers(of: snapshots)
        attention =
            findings + Self.attention(for: queues)
            + server.findings.map {
                Attention(queue: "", code: $0.risk != nil ? "unsafe-redis" : "redis", message: $0.message)
            }
    }

    /// One line a worker, although each of its queues knows it by another number, and by two after it had lost its lease.
    private static func workers(of snapshots: [QueueSnapshot]) -> [Worker] {
        var workers: [String: Worker] = [:]
        for snapshot in snapshots {
            for member in snapshot.workers {
                guard let card = WorkerCard(parsing: member.about) else { continue }
                var worker =
                    workers[card.id]
                    ?? Worker(
                        id: card.id, state: .lost, slots: card.slots, busy: 0, queues: [], startedMs: card.started,
                        runs: [], names: card.names ?? [])
                if !worker.queues.contains(snapshot.name.text) { worker.queues.append(snapshot.name.text) }
                worker.runs += card.runs
                // It may hold a few more than it runs.
                worker.busy = min(worker.busy + member.held, worker.slots)
                if member.deadline >= Double(snapshot.now) { worker.state = .idle }
                workers[card.id] = worker
            }
        }
        return workers.values.sorted { $0.id < $1.id }.map { worker in
            var worker = worker
            if worker.state == .idle, worker.busy > 0 { worker.state = .busy }
            return worker
        }
    }

    private static func attention(for queues: [Queue]) -> [Attention] {
        queues.flatMap { queue -> [Attention] in
            let waiting = queue.queued + queue.scheduled + queue.retrying + queue.suspect + queue.inbox
            var found: [Attention] = []
            func add(_ code: String, _ message: String) {
                found.append(Attention(queue: queue.name, code: code, message: message))
            }
            if queue.isPaused { add("paused", queue.pausedReason.map { "paused: \($0)" } ?? "paused") }
            if queue.workers == 0, waiting + queue.running > 0 {
                add("no-worker", "\(Quantity.of(waiting + queue.running, "job")) and no worker listens")
            }
            if queue.suspect > 0 {
                add("suspect", "\(Quantity.of(queue.suspect, "job")) to run alone, after two lost runs or more")
            }
            return found
        }
    }
}

extension InfoReport.Queue {
    init(_ snapshot: QueueSnapshot) {
        name = snapshot.name.text
        isPaused = snapshot.isPaused
        pausedReason = snapshot.pausedReason
        pausedBy = snapshot.pausedBy
        pausedAtMs = snapshot.pausedAt
        queued = snapshot.count(.queued)
        running = snapshot.count(.running)
        retrying = snapshot.count(.retrying)
        scheduled = snapshot.count(.scheduled)
        blocked = snapshot.count(.blocked)
        suspect = snapshot.count(.suspect)
        succeeded = snapshot.count(.succeeded)
        dead = snapshot.count(.dead)
        cancelled = snapshot.count(.cancelled)
        inbox = snapshot.inbox
        remembered = snapshot.remembered
        backlog = snapshot.backlog
        let ready = snapshot.firstReadyMs ?? snapshot.firstCreatedMs ?? 0
        oldestQueuedMs = queued > 0 && ready > 0 ? max(0, snapshot.now - ready) : nil
        succeededTotal = snapshot.total("succeeded")
        enqueuedTotal = snapshot.total("enqueued")
        workers = snapshot.workers.count { $0.deadline >= Double(snapshot.now) }
    }
}

extension InfoReport {
    /// The report as seen by somebody who may know of some queues only. What concerns no queue stays.
    package func only(_ mayKnow: (String) -> Bool) -> InfoReport {
        var report = self
        report.queues = queues.filter { mayKnow($0.name) }
        report.attention = attention.filter { $0.queue.isEmpty || mayKnow($0.queue) }
        report.workers = workers.compactMap { worker in
            var worker = worker
            let isWhole = worker.queues.allSatisfy(mayKnow)
            worker.queues = worker.queues.filter(mayKnow)
            // Its runs do not say of which queue they are.
            if !isWhole { worker.runs = [] }
            return worker.queues.isEmpty ? nil : worker
        }
        return report
    }
}
