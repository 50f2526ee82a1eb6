package import JobModel
import Redis

/// A dead job, byte for byte as it is stored: what is exported and comes back.
package struct DeadCopy: Equatable, Sendable {
    package var id: String
    package var envelope: ArraySlice<UInt8>
    /// When it will be forgotten, ms since 1970; nil: never.
    package var forgetMs: Int?
    /// When it died, ms since 1970.
    package var diedMs: Int
    /// The run record; empty when there is none.
    package var record: ArraySlice<UInt8>
    /// Entries of the history by their slots, 0 to 9.
    package var errors: [Int: ArraySlice<UInt8>]

    package init(
        id: String, envelope: ArraySlice<UInt8>, forgetMs: Int?, diedMs: Int, record: ArraySlice<UInt8>,
        errors: [Int: ArraySlice<UInt8>]
    ) {
        self.id = id
        self.envelope = envelope
        self.forgetMs = forgetMs
        self.diedMs = diedMs
        self.record = record
        self.errors = errors
    }

    /// By what is stored of it.
    package var group: DeadGroup {
        let entries = errors.values.compactMap { ErrorEntry(parsing: $0) }
        let last = entries.max { $0.number < $1.number }
        return DeadGroup(name: (try? Envelope(parsing: envelope))?.name, last ?? ErrorEntry())
    }

    /// About how many bytes it takes on the wire.
    package var byteCount: Int { errors.values.reduce(300 + envelope.count + record.count) { $0 + $1.count + 20 } }
}

extension QueueStore {
    /// Most jobs of one call of `restore` and `copies`.
    package static let copyLimit = 200

    package enum RestoreAnswer: String, Sendable {
        case ok
        /// There is a job of this id, or it is remembered: that one stays as it is.
        case dup
        /// No script would ever have stored such an id.
        case invalid
    }

    /// Brings up to 200 dead jobs back as they were, all or none of them. One whose time to be forgotten has passed is kept as
    /// long as one that dies now. Answers for each, in order, when it is written down; throws like `confirm`.
    package func restore(_ jobs: [DeadCopy]) async throws(StoreError) -> [RestoreAnswer] {
        var arguments = arguments(capacity: jobs.reduce(64) { $0 + $1.byteCount })
        arguments.append(Limits.deadTTL)
        arguments.append(jobs.count)
        for job in jobs {
            arguments.append(job.id)
            arguments.append(bytes: job.envelope)
            arguments.append(job.forgetMs ?? -1)
            arguments.append(job.diedMs)
            arguments.append(bytes: job.record)
            arguments.append(job.group.description)
            arguments.append(job.errors.count)
            for (slot, entry) in job.errors.sorted(by: { $0.key < $1.key }) {
                arguments.append(slot)
                arguments.append(bytes: entry)
            }
        }
        var reader = try await confirmed(.restore, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var answers: [RestoreAnswer] = []
            for _ in jobs { answers.append(RestoreAnswer(rawValue: try reader.string()) ?? .invalid) }
            return answers
        }
    }

    /// Copies of up to 200 jobs that are dead; those that are not are left out. Two round trips.
    package func copies(of views: [JobView]) async throws(StoreError) -> [DeadCopy] {
        let dead = views.filter { $0.state == .dead && $0.isFull }
        if dead.isEmpty { return [] }
        var slots = Arguments()
        slots.append(Key.errors.name(in: name))
        var ids = Arguments()
        ids.append(Key.causes.name(in: name))
        for job in dead {
            ids.append(job.id)
            for slot in ErrorEntry.slots { slots.append("\(job.id)/\(slot)") }
        }
        let replies: [Result<Reply, RedisError>]
        do throws(RedisError) {
            replies = try await client.pipeline([Command("HMGET", slots), Command("HMGET", ids)])
            var (entries, causes) = (try replies[0].get().reader, try replies[1].get().reader)
            _ = (try entries.array(), try causes.array())
            var copies: [DeadCopy] = []
            for job in dead { copies.append(try Self.copy(job, &entries, &causes)) }
            return copies
        } catch { throw .redis(error) }
    }

    private static func copy(
        _ job: JobView, _ entries: inout ReplyReader, _ causes: inout ReplyReader
    ) throws(RedisError) -> DeadCopy {
        let forget = job.score.flatMap { abs($0) < 9e15 ? Int($0) : nil }
        var copy = DeadCopy(
            id: job.id, envelope: job.envelope, forgetMs: forget, diedMs: job.record.at, record: job.recordBytes,
            errors: [:])
        for slot in ErrorEntry.slots { copy.errors[slot] = try entries.optionalBytes() }
        // One that died before there were groups has no cause: its record says about when that was.
        let died = try causes.optionalString()?.split(separator: "/").last.flatMap { Int($0) }
        copy.diedMs = died ?? job.record.at
        return copy
    }
}
