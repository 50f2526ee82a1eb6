import JobModel
import JobStore

/// What producers and operators do.
extension Walker {
    mutating func enqueue(_ queue: ModelQueue) -> Action {
        let count = roll(4) == 0 ? range(2...6) : 1
        return .enqueue((0..<count).map { _ in newJob(queue) }, atomic: roll(4) == 0)
    }

    mutating func newJob(_ queue: ModelQueue) -> NewJob {
        let (envelope, priority) = envelope()
        var job = NewJob(id: newID(queue), envelope: envelope, priority: priority, due: due())
        if chance(40) {
            // The caller's own id, with a digest that tells two jobs apart.
            job.rememberMs = pick([NewJob.ownIDMemoryMs, 5_000, 86_400_000])
            job.digest = pick(["d1", "d1", "d2", ""])
        }
        if roll(40) == 0 { spoil(&job) }
        return job
    }

    /// Often free, often taken.
    private mutating func newID(_ queue: ModelQueue) -> String {
        guard chance(65) else { return id(queue) }
        for _ in 0..<5 {
            let id = pick(Self.pool)
            if queue.jobs[id] == nil { return id }
        }
        return pick(Self.pool)
    }

    private mutating func spoil(_ job: inout NewJob) {
        switch roll(4) {
        case 0: job.id = pick(["", "a b", String(repeating: "x", count: 65), "j0/0", "é"])
        case 1: job.envelope = []
        case 2: job.due = .at(ms: Due.latest + 1)
        default: job.due = .after(ms: Due.latest - roll(2) * Walker.today)
        }
    }

    mutating func due() -> Due {
        switch roll(10) {
        case 0: .at(ms: now - range(-5...5))
        case 1: .after(ms: range(1...profile.leaseMs))
        case 2: .after(ms: pick([1, 60_000, 3_600_000]))
        case 3: .at(ms: pick([1, now + 100, now + profile.leaseMs * 3]))
        default: .now
        }
    }

    mutating func envelope() -> ([UInt8], Priority) {
        var policy = Policy()
        policy.priority = pick([.normal, .normal, .normal, .first, .last, Priority(3)!])
        policy.maxAttempts = pick([1, 2, 3, 25])
        policy.resultTTLMs = pick([0, 0, 1, 1, 20_000, 500_000])
        if roll(200) == 0 { policy.resultTTLMs = -1 }
        policy.backoff = .fixed(.milliseconds(pick([1, 200, 5_000])))
        let size = profile.isHeavy ? pick([1, 200_000, 524_000, 1_100_000]) : roll(9)
        var envelope = Envelope(name: "n", payload: [0x22] + ArraySlice(repeating: 0x70, count: size) + [0x22])
        envelope.createdMs = roll(3) == 0 ? 0 : now
        envelope.policy = policy
        return (envelope.encoded(), policy.priority)
    }

    // MARK: - The inbox

    mutating func drop() -> Action {
        entries += 1
        return .drop(entry: "\(entries)-0", envelope: #"{"name":"inbox","number":\#(entries)}"#)
    }

    /// Entries that are there, and some that somebody else took.
    mutating func intake(_ queue: ModelQueue) -> Action {
        var good: [(entry: String, job: NewJob)] = []
        var bad: [QueueStore.BadEntry] = []
        for item in queue.inbox.prefix(5) where !chance(20) {
            if chance(35) {
                bad.append(badEntry(item.entry, item.envelope))
            } else {
                good.append((item.entry, newJob(queue)))
            }
        }
        if chance(20) { good.append((entry: "\(entries + 1)-1", job: newJob(queue))) }
        if chance(20) { bad.append(badEntry("\(entries + 1)-2", "?")) }
        if let last = bad.last, !good.isEmpty, roll(8) == 0 { good[0].job.id = last.id }
        return .intake(good: good, bad: bad)
    }

    private mutating func badEntry(_ entry: String, _ envelope: String) -> QueueStore.BadEntry {
        let facts = RunFacts(worker: "a", now: now, ms: 0, name: nil)
        let decision = decide(
            .malformed(RunError("it is no job")), policy: .standard, record: RunRecord(), facts: facts, random: 0)
        guard case .dead(let ttl, let record, let error, let group) = decision else {
            preconditionFailure("a bad entry must die")
        }
        return QueueStore.BadEntry(
            entry: entry, id: "inbox:\(entry)", envelope: ArraySlice(envelope.utf8),
            ttlMs: pick([ttl, 5_000, -1]), record: record, error: error, group: group)
    }

    // MARK: - Operators

    mutating func requeue(_ queue: ModelQueue) -> Action {
        var items: [QueueStore.Requeue] = []
        for _ in 0..<range(1...3) {
            var id = id(queue)
            for _ in 0..<8 where ![.dead, .cancelled].contains(queue.jobs[id]?.state) { id = self.id(queue) }
            if items.contains(where: { $0.id == id }) { continue }
            let old = ArraySlice((queue.jobs[id]?.record ?? "").utf8)
            var new = RunRecord()
            let read = RunRecord(parsing: old)
            new.generation = read.generation + 1
            new.errors = read.errors
            new.at = now
            var item = QueueStore.Requeue(
                id: id, priority: pick([.normal, .first]), old: roll(15) == 0 ? ArraySlice("{}".utf8) : old, new: new)
            if chance(25) {
                let seen = (queue.jobs[id]?.envelope ?? "") + (roll(5) == 0 ? " " : "")
                item.envelope = (ArraySlice(seen.utf8), envelope().0)
            }
            items.append(item)
        }
        return .requeue(items)
    }

    /// Limits are mostly off, and never for long.
    mutating func configure(_ queue: ModelQueue) -> Action {
        for field in [ModelMeta.Field.limitWaiting, .limitIdem, .limitSucceeded] {
            if queue.meta[field] != nil, chance(70) { return .configure(field, nil) }
        }
        // Quiet minutes, which would take a walk too long.
        if chance(25) { return .configure(.calm, ModelQueue.calmEnough - roll(2) * profile.leaseMs) }
        switch roll(3) {
        case 0: return .configure(.limitWaiting, range(0...12))
        case 1: return .configure(.limitIdem, range(0...10))
        default: return .configure(.limitSucceeded, range(0...4))
        }
    }
}
