package import JobModel
import Redis

/// A job that a claim returned.
package struct ClaimedJob: Sendable {
    package var id: String
    package var token: Token
    package var envelope: ArraySlice<UInt8>
    /// The stored run record; empty when there is none.
    package var record: ArraySlice<UInt8>
}

/// What a claim answered.
package struct Claim: Sendable {
    /// ms since 1970 on Redis' clock.
    package var now: Int
    /// Grows with every claim: a fencing number for the handlers' own systems.
    package var epoch: Int
    /// When the earliest scheduled or retrying job is due, ms; nil when there is none.
    package var nextDue: Int?
    /// Entries waiting in the inbox.
    package var inbox: Int
    package var isSuspectDue: Bool
    /// Changes when the queue's history was lost.
    package var born: String
    /// Jobs still queued.
    package var left: Int
    package var jobs: [ClaimedJob]
}

package enum ClaimAnswer: Sendable {
    case claimed(Claim)
    /// The incarnation is over: cancel its runs, join anew. Another birth than the lease's: the queue's history was lost.
    case stale(born: String)
    /// The number is behind; claim again with the next one.
    case skipped
}

package enum JoinAnswer: Equatable, Sendable {
    case joined(now: Int, born: String, leaseMs: Int)
    /// Somebody has this number: draw another one.
    case taken
}

extension QueueStore {
    /// Becomes a member. `leaseMs` counts only where the queue has no lease length yet.
    package func join(_ incarnation: Incarnation, leaseMs: Int) async throws(StoreError) -> JoinAnswer {
        var arguments = arguments()
        arguments.append(incarnation.number)
        arguments.append(leaseMs)
        var (word, reader) = try await call(.join, arguments)
        if word == "taken" { return .taken }
        return try read { () throws(RedisError) in
            .joined(now: try reader.integer(), born: try reader.string(), leaseMs: try reader.integer())
        }
    }

    /// Claims up to `want` jobs under claim number `number`; `alone` takes one suspect instead.
    ///
    /// `onAnswer` is called on the event loop when the answer has come, which may be long before a task looks at it.
    package func claim(
        _ incarnation: Incarnation, number: Int, want: Int, alone: Bool = false,
        onAnswer: @escaping @Sendable () -> Void = {}
    ) async throws(StoreError) -> ClaimAnswer {
        var arguments = arguments()
        arguments.append(incarnation.number)
        arguments.append(number)
        arguments.append(want)
        arguments.append(alone ? 1 : 0)
        arguments.append(Self.batchBytes)
        arguments.append(Limits.deadTTL)
        let answer = await withCheckedContinuation { caller in
            submit(.claim, arguments, timeout: nil) { result in
                onAnswer()
                caller.resume(returning: result)
            }
        }
        var (word, reader) = try answer.get()
        switch word {
        case "ok":
            return .claimed(
                try read { () throws(RedisError) in try Self.claim(&reader, token: incarnation.token(claim: number)) })
        case "stale": return .stale(born: try read { () throws(RedisError) in try reader.string() })
        case "skipped": return .skipped
        default: throw .badAnswer("claim: \(word)")
        }
    }

    private static func claim(_ reader: inout ReplyReader, token: Token) throws(RedisError) -> Claim {
        let now = try reader.integer()
        let epoch = try reader.integer()
        let due = try reader.integer()
        var claim = Claim(
            now: now, epoch: epoch, nextDue: due < 0 ? nil : due, inbox: try reader.integer(),
            isSuspectDue: try reader.integer() == 1, born: try reader.string(), left: try reader.integer(), jobs: [])
        let count = try reader.array()
        claim.jobs.reserveCapacity(count)
        for _ in 0..<count {
            claim.jobs.append(ClaimedJob(id: try reader.string(), token: token, envelope: [], record: []))
        }
        _ = try reader.array()
        for index in 0..<count { claim.jobs[index].envelope = try reader.bytes() }
        let records = try reader.array()
        for index in 0..<records { claim.jobs[index].record = try reader.optionalBytes() ?? [] }
        return claim
    }
}
