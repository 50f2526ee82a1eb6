import JobModel
import JobStore

/// Takes in what any Redis client left in the inbox of a queue: checks it as strictly as our own client would, makes jobs
/// of what is good and dead letters of what is not.
struct Intake {
    let store: QueueStore
    let worker: String
    /// Largest envelope, in bytes.
    let limit: Int
    let clock: WorkerClock
    var meter: QueueMeter?

    private static let slice = 100

    /// Works until the inbox is empty, the queue full, or `isOver`.
    func run(isOver: () -> Bool) async throws(StoreError) {
        while !isOver() {
            let entries = try await store.inbox(limit: Self.slice, cut: limit)
            if entries.isEmpty { return }
            var good: [(entry: String, job: NewJob)] = []
            var names: [String] = []
            var bad: [QueueStore.BadEntry] = []
            for entry in entries {
                switch check(entry) {
                case .success((let name, let job)):
                    names.append(name)
                    good.append((entry.entry, job))
                case .failure(let refusal): bad.append(deadLetter(entry, refusal.description))
                }
            }
            let admissions = try await store.intake(good: good, bad: bad)
            count(names, admissions)
            // A conflict or a refused name stays in the stream; it becomes a dead letter in a second step.
            var late: [QueueStore.BadEntry] = []
            for (index, admission) in admissions.enumerated() {
                guard let why = admission?.refusal else { continue }
                late.append(deadLetter(entries.first { $0.entry == good[index].entry } ?? entries[0], why))
            }
            if !late.isEmpty { _ = try await store.intake(good: [], bad: late) }
            if admissions.contains(.full) { return }
        }
    }

    /// Bad entries are dead jobs of the queue, and are counted as those.
    private func count(_ names: [String], _ admissions: [Admission?]) {
        guard let meter else { return }
        for (name, admission) in zip(names, admissions) {
            // What the queue has no room for stays in the inbox.
            if let admission, admission != .full { meter.took(in: name, admission.word) }
        }
    }

    private func check(_ entry: QueueStore.InboxEntry) -> Result<(String, NewJob), Envelope.Refusal> {
        Result { () throws(Envelope.Refusal) in
            if entry.envelope.isEmpty { throw .init("the entry has no field \"job\": XADD <inbox> * job <envelope>") }
            guard entry.size <= limit else {
                throw .init("the envelope has \(entry.size) bytes, the limit is \(limit)")
            }
            do throws(JSONScanner.Failure) { try JSONScanner.validate(Array(entry.envelope)) } catch {
                throw .init("not JSON: \(error)")
            }
            let envelope = try Envelope(parsing: entry.envelope)
            if let id = envelope.id, !Names.isID(id) { throw .init("bad \"id\": use 1 to 64 of A-Z a-z 0-9 ._-:") }
            let job = NewJob(
                id: envelope.id ?? Self.id(entry), envelope: Array(entry.envelope), priority: envelope.policy.priority,
                due: due(envelope.due, entry), rememberMs: NewJob.ownIDMemoryMs,
                digest: NewJob.digest(name: envelope.name, payload: envelope.payload))
            return (envelope.name, job)
        }
    }

    /// A delay counts from when the entry was written, which is in its id.
    private func due(_ due: Due, _ entry: QueueStore.InboxEntry) -> Due {
        guard case .after(let ms) = due, let written = entry.entry.split(separator: "-").first.flatMap({ Int($0) })
        else {
            return due
        }
        return .at(ms: min(min(written, Due.latest) + ms, Due.latest))
    }

    private static func id(_ entry: QueueStore.InboxEntry) -> String { "inbox:\(entry.entry)" }

    private func deadLetter(_ entry: QueueStore.InboxEntry, _ why: String) -> QueueStore.BadEntry {
        var record = RunRecord()
        record.errors = 1
        record.last = .malformed
        record.by = worker
        record.at = clock.redis
        var error = ErrorEntry()
        error.number = 1
        error.at = record.at
        error.attempt = 1
        error.reason = .malformed
        error.message = why
        error.worker = worker
        let name = (try? Envelope(parsing: entry.envelope))?.name
        return QueueStore.BadEntry(
            entry: entry.entry, id: Self.id(entry), envelope: entry.envelope, ttlMs: Limits.deadTTL,
            record: record, error: error, group: DeadGroup(name: name, error))
    }
}

extension Admission {
    /// Why the job can never be taken in; nil when it was, or may be later.
    fileprivate var refusal: String? {
        switch self {
        case .created, .duplicate, .full, .held: nil
        case .conflict: "the id belongs to a job with another name or payload"
        case .invalid: "the store refused a name or number"
        }
    }
}
