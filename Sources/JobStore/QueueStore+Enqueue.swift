import Crypto
package import JobModel
import Redis

/// A job on its way in.
package struct NewJob: Sendable {
    package var id: String
    package var envelope: [UInt8]
    package var priority: Priority
    package var due: Due
    /// How long the id is remembered at least, in ms. 0: as long as the job or its record exists.
    package var rememberMs: Int
    /// Of name and payload: tells a repeated call from another job under the same id. Only where `rememberMs` is not 0.
    package var digest: String

    package init(id: String, envelope: [UInt8], priority: Priority, due: Due, rememberMs: Int = 0, digest: String = "")
    {
        self.id = id
        self.envelope = envelope
        self.priority = priority
        self.due = due
        self.rememberMs = rememberMs
        self.digest = digest
    }

    /// 128 bits of SHA-256 over name and payload.
    package static func digest(name: String, payload: ArraySlice<UInt8>) -> String {
        var hash = SHA256()
        hash.update(data: Array(name.utf8) + [0])
        hash.update(data: payload)
        return hash.finalize().prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Ids that the caller chose are remembered for at least 10 minutes.
    package static let ownIDMemoryMs = 600_000

    /// Due now, and remembered by its own record only.
    fileprivate var isPlain: Bool { due.wire == 0 && rememberMs == 0 && digest.isEmpty }

    func write(to arguments: inout Arguments) {
        arguments.append(id)
        arguments.append(bytes: envelope)
        arguments.append(priority.value)
        arguments.append(due.wire)
        arguments.append(rememberMs)
        arguments.append(digest)
    }
}

/// What became of one job at the door.
package enum Admission: Equatable, Sendable {
    case created
    /// The id is taken by the same job; nil: it ended and is only remembered.
    case duplicate(JobState?)
    /// The id is taken by another job.
    case conflict(JobState?)
    /// The queue takes no more.
    case full
    /// The script refused a name or number: a client that does not check.
    case invalid
    /// Nothing is wrong with it, but others of an atomic call were refused. Not stored.
    case held

    /// For people who count: `created`, `duplicate`, `conflict`, `full`, `held` or `invalid`.
    package var word: String {
        switch self {
        case .created: "created"
        case .duplicate: "duplicate"
        case .conflict: "conflict"
        case .full: "full"
        case .held: "held"
        case .invalid: "invalid"
        }
    }

    init(word: String) {
        let words = word.split(separator: " ")
        let state = words.dropFirst().first.flatMap { JobState(rawValue: String($0)) }
        switch words.first {
        case "dup": self = .duplicate(state)
        case "conflict": self = .conflict(state)
        case "full": self = .full
        case "held": self = .held
        default: self = .invalid
        }
    }
}

extension QueueStore {
    /// Takes in up to 1,000 jobs; answers for each, in order, the time on Redis' clock, and a receipt: they are accepted
    /// when `confirm` says so.
    ///
    /// `atomic`: all or none. When one is refused (`conflict`, `full`, `invalid`) nothing is stored, and those with which
    /// nothing is wrong are `held`. A duplicate is not refused.
    package func enqueue(
        _ jobs: [NewJob], atomic: Bool = false, timeout: Duration? = nil
    ) async throws(StoreError) -> (now: Int, admissions: [Admission], receipt: Receipt) {
        var arguments = arguments(capacity: jobs.reduce(64) { $0 + $1.envelope.count + 160 })
        arguments.append(jobs.count)
        arguments.append(atomic ? 1 : 0)
        if let first = jobs.first, jobs.allSatisfy({ $0.isPlain && $0.priority == first.priority }) {
            arguments.append(first.priority.value)
            for job in jobs {
                arguments.append(job.id)
                arguments.append(bytes: job.envelope)
            }
        } else {
            arguments.append("")
            for job in jobs { job.write(to: &arguments) }
        }
        var (reader, receipt) = try await noted(.enqueue, arguments, timeout: timeout)
        return try read { () throws(RedisError) in
            let now = try reader.integer()
            var admissions = [Admission](repeating: .created, count: jobs.count)
            for (position, word) in try reader.exceptions() { admissions[position - 1] = Admission(word: word) }
            return (now, admissions, receipt)
        }
    }

    /// An entry of the inbox stream: what any Redis client may write with `XADD … job <envelope>`.
    package struct InboxEntry: Sendable {
        package var entry: String
        /// Empty for an entry without the field `job`; only the beginning of a long one.
        package var envelope: ArraySlice<UInt8>
        /// Of the whole envelope, in bytes.
        package var size: Int
    }

    /// The oldest entries of the inbox, together about `batchBytes` at most; envelopes are cut to `cut` bytes.
    package func inbox(limit: Int, cut: Int) async throws(StoreError) -> [InboxEntry] {
        var arguments = arguments()
        arguments.append(limit)
        arguments.append(Self.batchBytes)
        arguments.append(cut)
        var (_, reader) = try await call(.inbox, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var entries: [InboxEntry] = []
            for _ in 0..<(try reader.array()) {
                entries.append(InboxEntry(entry: try reader.string(), envelope: [], size: 0))
            }
            _ = try reader.array()
            for index in entries.indices { entries[index].envelope = try reader.bytes() }
            _ = try reader.array()
            for index in entries.indices { entries[index].size = try reader.integer() }
            return entries
        }
    }

    /// A bad entry on its way to the dead letters.
    package struct BadEntry: Sendable {
        package var entry: String
        package var id: String
        package var envelope: ArraySlice<UInt8>
        package var ttlMs: Int
        package var record: RunRecord
        package var error: ErrorEntry
        package var group: DeadGroup
        package init(
            entry: String, id: String, envelope: ArraySlice<UInt8>, ttlMs: Int, record: RunRecord, error: ErrorEntry,
            group: DeadGroup
        ) {
            self.entry = entry
            self.id = id
            self.envelope = envelope
            self.ttlMs = ttlMs
            self.record = record
            self.error = error
            self.group = group
        }
    }

    /// Turns inbox entries into jobs and dead letters. Answers an admission for each good one, nil when somebody else
    /// took the entry.
    package func intake(good: [(entry: String, job: NewJob)], bad: [BadEntry]) async throws(StoreError) -> [Admission?]
    {
        var arguments = arguments(capacity: good.reduce(1024) { $0 + $1.job.envelope.count + 200 })
        arguments.append(good.count)
        arguments.append(bad.count)
        for (entry, job) in good {
            arguments.append(entry)
            job.write(to: &arguments)
        }
        for entry in bad {
            arguments.append(entry.entry)
            arguments.append(entry.id)
            arguments.append(bytes: entry.envelope)
            arguments.append(entry.ttlMs)
            arguments.append(bytes: entry.record.encoded())
            arguments.append(bytes: entry.error.encoded())
            arguments.append(entry.group.description)
        }
        var (_, reader) = try await call(.intake, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var admissions = [Admission?](repeating: .created, count: good.count)
            for (position, word) in try reader.exceptions() {
                admissions[position - 1] = word == "gone" ? nil : Admission(word: word)
            }
            return admissions
        }
    }
}
