package import JobModel
import Redis

/// A slice of a lease that is over: jobs for the recoverer to settle under the tokens they have.
package struct Recovery: Sendable {
    package var now: Int
    package var incarnation: Incarnation
    /// What the worker last said of itself; empty when it never did.
    package var about: ArraySlice<UInt8>
    /// Jobs of this incarnation beyond these.
    package var left: Int
    package var jobs: [ClaimedJob]
}

package enum RecoverAnswer: Sendable {
    case recovered(Recovery)
    /// Nothing is due.
    case none
    /// After an outage or a step of the clock nothing is recovered before this moment, ms.
    case grace(until: Int)
}

extension QueueStore {
    /// How long a recoverer has a condemned lease for itself, ms.
    package static let recoveryHoldMs = 10_000

    /// Moves what is due to queued. Answers how many moved, and when the next one is due.
    package func promote(limit: Int = batchLimit) async throws(StoreError) -> (moved: Int, nextDue: Int?) {
        var arguments = arguments()
        arguments.append(limit)
        var (_, reader) = try await call(.promote, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            let moved = try reader.integer()
            let due = try reader.integer()
            return (moved, due < 0 ? nil : due)
        }
    }

    /// Condemns an expired lease, or the named one, and answers a slice of its jobs. Call again, by name, until `left` is 0.
    package func recover(_ incarnation: Incarnation? = nil, limit: Int = 200) async throws(StoreError) -> RecoverAnswer
    {
        var arguments = arguments()
        if let incarnation { arguments.append(incarnation.number) } else { arguments.append("") }
        arguments.append(limit)
        arguments.append(Self.batchBytes)
        arguments.append(Self.recoveryHoldMs)
        var (word, reader) = try await call(.recover, arguments)
        switch word {
        case "ok": return .recovered(try read { () throws(RedisError) in try Self.recovery(&reader) })
        case "none": return .none
        case "grace": return .grace(until: try read { () throws(RedisError) in try reader.integer() })
        default: throw .badAnswer("recover: \(word)")
        }
    }

    private static func recovery(_ reader: inout ReplyReader) throws(RedisError) -> Recovery {
        var recovery = Recovery(
            now: try reader.integer(), incarnation: Incarnation(try reader.integer()), about: try reader.bytes(),
            left: try reader.integer(), jobs: [])
        for _ in 0..<(try reader.array()) {
            recovery.jobs.append(ClaimedJob(id: try reader.string(), token: Token(0), envelope: [], record: []))
        }
        _ = try reader.array()
        for index in recovery.jobs.indices { recovery.jobs[index].token = Token(try reader.integer()) }
        _ = try reader.array()
        for index in recovery.jobs.indices { recovery.jobs[index].envelope = try reader.bytes() }
        _ = try reader.array()
        for index in recovery.jobs.indices { recovery.jobs[index].record = try reader.bytes() }
        return recovery
    }

    /// Forgets what was kept long enough. Answers whether more is due.
    package func prune(limit: Int = 500) async throws(StoreError) -> (forgotten: Int, isMoreDue: Bool) {
        var arguments = arguments()
        arguments.append(limit)
        var (_, reader) = try await call(.prune, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            return (try reader.integer(), try reader.integer() == 1)
        }
    }

    /// What cancelling one job came to.
    package enum CancelAnswer: String, Sendable {
        /// It waited, and is cancelled now (or was before).
        case cancelled
        /// It runs; its handler is asked to stop.
        case asked
        /// Too late.
        case succeeded, dead
        /// There is no such job.
        case gone
    }

    /// Cancels jobs, at most 1,000. Answers for each, in order, when it is written down; throws like `confirm`.
    package func cancel(_ ids: [String]) async throws(StoreError) -> [CancelAnswer] {
        var arguments = arguments()
        arguments.append(Limits.cancelledTTL)
        for id in ids { arguments.append(id) }
        var reader = try await confirmed(.cancel, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var answers: [CancelAnswer] = []
            for _ in ids { answers.append(CancelAnswer(rawValue: try reader.string()) ?? .gone) }
            return answers
        }
    }
}
