import JobModel
import JobQueueClient
import JobStore
import Logging
import Postgres

/// What a relay does with one connection to Postgres, and what it remembers meanwhile.
struct RelayRound: Sendable {
    private let outbox: Outbox
    private let queue: JobQueue
    private let configuration: Relay.Configuration
    private let trouble: Trouble
    /// Queues to leave alone until then.
    private var held: [String: ContinuousClock.Instant] = [:]
    private var isAsleep = false
    private var glance = shortestGlance
    private var forgottenAt = ContinuousClock.now

    init(_ outbox: Outbox, queue: JobQueue, _ configuration: Relay.Configuration, _ trouble: Trouble) {
        self.outbox = outbox
        self.queue = queue
        self.configuration = configuration
        self.trouble = trouble
    }

    /// Transactions of one queue before the others have their turn.
    private static let turn = 8
    /// Until it looks again for what somebody else has not committed yet.
    private static let shortestGlance = Duration.milliseconds(5)
    private static let longestGlance = Duration.milliseconds(50)

    /// Hands over what is there, and falls asleep. Throws when Postgres fails.
    mutating func run() async throws {
        if isAsleep {
            try await outbox.rouse()
            isAsleep = false
        }
        while true {
            try Task.checkCancellation()
            if try await sweep() {
                glance = Self.shortestGlance
                continue
            }
            switch try await outbox.doze() {
            case .asleep:
                isAsleep = true
                // What was committed before the lock was there has woken nobody.
                if try await !sweep() { return try await forget() }
                try await outbox.rouse()
                isAsleep = false
            case .busy:
                // A transaction that is open for long has nothing for who only wants to empty what is there.
                if configuration.isBurst { return }
                try await Task.sleep(for: glance)
                glance = min(glance * 2, Self.longestGlance)
            case .taken: return
            }
        }
    }

    /// One turn for each queue. Answers whether anything was moved.
    private mutating func sweep() async throws -> Bool {
        var isMoved = false
        held = held.filter { $0.value > .now }
        for name in try await outbox.queues() where held[name] == nil {
            for _ in 0..<Self.turn {
                switch try await hand(name) {
                case .moved(let isMore):
                    isMoved = true
                    if isMore { continue }
                case .nothing: break
                case .held: held[name] = .now + configuration.pause
                case .away:
                    try await redisReturns()
                    return true
                }
                break
            }
        }
        return isMoved
    }

    private enum Step {
        case nothing
        case moved(isMore: Bool)
        /// The queue takes nothing now.
        case held
        /// Nobody knows whether Redis has them.
        case away
    }

    /// One transaction: some rows of a queue.
    private func hand(_ name: String) async throws -> Step {
        do {
            return try await outbox.connection.transaction { _ in
                let rows = try await outbox.take(name, limit: configuration.batch, bytes: QueueStore.batchBytes)
                if rows.isEmpty { return .nothing }
                let isMore = rows.count == configuration.batch
                let target: QueueName
                do throws(NameError) { target = try QueueName(name) } catch {
                    try await outbox.reject(rows.map { ($0.id, error.description) }, from: name)
                    return .moved(isMore: isMore)
                }
                let handover = try await handOver(rows, to: target)
                try await outbox.remove(handover.stored, from: name)
                try await outbox.reject(handover.refused.map { ($0.id, $0.reason) }, from: name)
                report(handover, rows, target)
                return handover.waiting > 0 ? .held : .moved(isMore: isMore)
            }
        } catch let error as JobQueueError {
            // Redis' own trouble; the rows are free again.
            if error.code == .unreachable {
                trouble.note("redis", "rows of the outbox wait for Redis: \(error.message)")
                return .away
            }
            trouble.note("queue \(name)", "rows for the queue \(name) wait: \(error.message)")
            return .held
        }
    }

    private func handOver(_ rows: [OutboxRow], to name: QueueName) async throws(JobQueueError) -> Handover {
        if !queue.isChecked { try await queue.check() }
        let (jobs, refused) = Handover.sort(rows, now: queue.now, maxPayloadBytes: queue.maxPayloadBytes)
        let losses = queue.store.losses
        var admissions: [Admission] = []
        var rest = jobs[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(Self.fitting(rest)))
            admissions += try await queue.store(part, in: name)
            rest = rest.dropFirst(part.count)
        }
        if configuration.replicas > 0, !jobs.isEmpty {
            do throws(StoreError) {
                try await queue.store.replicate(
                    to: configuration.replicas, since: losses, timeout: configuration.replicaTimeout)
            } catch { throw JobQueueError(error) }
        }
        return Handover(jobs, admissions, refused: refused)
    }

    /// How many of these one round trip takes.
    private static func fitting(_ jobs: ArraySlice<NewJob>) -> Int {
        var bytes = 0
        let count = jobs.prefix(QueueStore.batchLimit).prefix { job in
            bytes += job.envelope.count
            return bytes <= QueueStore.batchBytes
        }.count
        return max(1, count)
    }

    private func report(_ handover: Handover, _ rows: [OutboxRow], _ name: QueueName) {
        trouble.isOver("redis")
        if handover.waiting > 0 {
            trouble.note("queue \(name)", "rows for the queue \(name) wait: it takes no more jobs now")
        } else {
            trouble.isOver("queue \(name)")
        }
        for refused in handover.refused {
            configuration.logger.error(
                "a row of the outbox was put aside: \(Printable.oneLine(refused.reason, limit: 300))",
                metadata: [
                    "event": "relay.rejected", "job_id": "\(Printable.oneLine(refused.id, limit: 80))",
                    "queue": "\(name)",
                ])
        }
        var counts: [Counted: Int] = [:]
        for row in rows {
            // What the queue has no room for comes again.
            guard let word = handover.words[row.id], word != Admission.full.word else { continue }
            counts[Counted(name: row.name, word: word), default: 0] += 1
        }
        for (counted, number) in counts { configuration.count(name, counted.name, counted.word, number) }
    }

    private struct Counted: Hashable {
        var name: String
        var word: String
    }

    /// Returns when Redis answers, with no row locked meanwhile.
    private func redisReturns() async throws {
        var pause = Duration.milliseconds(50)
        while true {
            try await Task.sleep(for: pause)
            if (try? await queue.store.time(timeout: .seconds(1))) != nil { return }
            pause = min(pause * 2, configuration.pause)
        }
    }

    /// Now and then.
    private mutating func forget() async throws {
        guard ContinuousClock.now - forgottenAt > .seconds(600) else { return }
        forgottenAt = .now
        while try await outbox.forget(configuration.onceMemory, limit: 5000) == 5000 {}
    }
}
