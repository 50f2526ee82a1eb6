package import JobModel
import Redis

/// What a beat answered.
package struct Beat: Sendable, Equatable {
    package var now: Int
    package var born: String
    package var leaseMs: Int
    /// Incarnations that are alive in this queue.
    package var workers: Int
    package var isPromoteDue: Bool
    package var isRecoverDue: Bool
    package var isPruneDue: Bool
    package var members: [Member]

    /// One of the incarnations that the beat was for.
    package struct Member: Sendable, Equatable {
        package var incarnation: Incarnation
        /// False: the incarnation is over.
        package var isLive: Bool
        /// Jobs that the queue thinks it holds.
        package var held: Int
        /// Runs that were asked to stop.
        package var asked: [Asked]
        /// What it was told last, if anything.
        package var order: WorkerOrder?
    }

    package struct Asked: Sendable, Equatable {
        package var id: String
        package var token: Token
    }
}

/// What a worker is told from afar.
package enum WorkerOrder: String, Sendable {
    /// It claims nothing more; what it has runs on.
    case quiet
    /// It claims again.
    case work
    /// It ends, as after a TERM.
    case stop
}

extension QueueStore {
    /// Tells up to 1,000 members of the queue what to do: each hears it with its next beat, within a third of its lease.
    ///
    /// Answers for each whether it is one still.
    package func order(_ order: WorkerOrder, _ members: [Incarnation]) async throws(StoreError) -> [Bool] {
        var arguments = arguments()
        arguments.append(order.rawValue)
        for member in members { arguments.append(member.number) }
        var (_, reader) = try await call(.order, arguments)
        return try read { () throws(RedisError) in
            _ = try reader.integer()
            var answers: [Bool] = []
            for _ in members { answers.append(try reader.string() == "ok") }
            return answers
        }
    }

    /// One incarnation and what it says of itself, as JSON.
    package typealias BeatMember = (incarnation: Incarnation, about: [UInt8])

    /// Extends leases and hears what is due; `extend` false only looks.
    package func beat(_ members: [BeatMember], extend: Bool = true) async throws(StoreError) -> Beat {
        var (_, reader) = try await call(.beat, beatArguments(members, extend))
        return try read { () throws(RedisError) in try Self.beat(&reader) }
    }

    /// The same by callback on the event loop: a beat must leave although every thread of the tasks' pool is blocked.
    package func submitBeat(
        _ members: [BeatMember], extend: Bool, timeout: Duration?,
        completion: @escaping @Sendable (Result<Beat, StoreError>) -> Void
    ) {
        submit(.beat, beatArguments(members, extend), timeout: timeout) { result in
            completion(
                result.flatMap { answer in
                    Result { () throws(StoreError) in
                        var reader = answer.reader
                        return try read { () throws(RedisError) in try Self.beat(&reader) }
                    }
                })
        }
    }

    private func beatArguments(_ members: [BeatMember], _ extend: Bool) -> Arguments {
        var arguments = arguments()
        arguments.append(extend ? 1 : 0)
        for member in members {
            arguments.append(member.incarnation.number)
            arguments.append(bytes: member.about)
        }
        return arguments
    }

    private static func beat(_ reader: inout ReplyReader) throws(RedisError) -> Beat {
        var beat = Beat(
            now: try reader.integer(), born: try reader.string(), leaseMs: try reader.integer(),
            workers: try reader.integer(), isPromoteDue: try reader.integer() == 1,
            isRecoverDue: try reader.integer() == 1, isPruneDue: try reader.integer() == 1, members: [])
        while !reader.isAtEnd { beat.members.append(try member(&reader)) }
        return beat
    }

    private static func member(_ reader: inout ReplyReader) throws(RedisError) -> Beat.Member {
        _ = try reader.array()
        var member = Beat.Member(
            incarnation: Incarnation(try reader.integer()), isLive: try reader.string() == "ok",
            held: try reader.integer(), asked: [])
        var ids: [String] = []
        for _ in 0..<(try reader.array()) { ids.append(try reader.string()) }
        _ = try reader.array()
        for id in ids { member.asked.append(Beat.Asked(id: id, token: Token(try reader.integer()))) }
        member.order = WorkerOrder(rawValue: try reader.string())
        return member
    }
}
