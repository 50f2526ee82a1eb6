package import JobStore
import Redis

/// Everything that is stored of a queue, one line for each entry of each key: `queued a = 281474976710657`,
/// `meta tick = 5`, `inbox 1-0 = job {}`. Tests compare whole pictures, so that nothing changes unseen.
package struct Picture: Equatable, Sendable, CustomStringConvertible {
    /// What stands before ` = `, and what behind it.
    package private(set) var entries: [String: String] = [:]

    package var lines: [String] { entries.map { "\($0) = \($1)" }.sorted() }
    package var description: String { "\n  " + lines.joined(separator: "\n  ") }

    /// The value of a line, by what stands before ` = `.
    package subscript(_ entry: String) -> String? { entries[entry] }

    /// What is new or different since `before`, as it is now, and what is gone.
    package func changes(since before: Picture) -> Changes {
        let new = entries.filter { before.entries[$0.key] != $0.value }.map { "\($0) = \($1)" }
        let gone = before.entries.keys.filter { entries[$0] == nil }.map { "\($0) gone" }
        return Changes(lines: new + gone)
    }

    /// Takes what Redis answered for one key.
    fileprivate mutating func add(_ key: Key, _ reply: Reply) throws {
        var reader = reply.reader
        let count = try reader.array()
        if key.kind == .stream {
            for _ in 0..<count { try addEntry(key, &reader) }
        } else {
            for _ in 0..<count / 2 { entries["\(key.rawValue) \(try reader.string())"] = try reader.string() }
        }
    }

    private mutating func addEntry(_ key: Key, _ reader: inout ReplyReader) throws {
        _ = try reader.array()
        let id = try reader.string()
        var fields: [String] = []
        for _ in 0..<(try reader.array()) { fields.append(try reader.string()) }
        entries["\(key.rawValue) \(id)"] = fields.joined(separator: " ")
    }
}

/// The difference of two pictures: `queued a gone`, `running a = 5`. Written as a list, in any order.
package struct Changes: Equatable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
    package var lines: [String]
    package init(lines: [String]) { self.lines = lines.sorted() }
    package init(arrayLiteral lines: String...) { self.init(lines: lines) }
    package var isEmpty: Bool { lines.isEmpty }
    package var description: String { isEmpty ? "nothing" : "\n  " + lines.joined(separator: "\n  ") }
    package static func + (a: Changes, b: Changes) -> Changes { Changes(lines: a.lines + b.lines) }
}

extension Key {
    package enum Kind: Sendable { case zset, hash, stream }

    package var kind: Kind {
        switch self {
        case .jobs, .runs, .results, .errors, .causes, .about, .claims, .orders, .idem, .meta: .hash
        case .inbox, .events: .stream
        case .queued, .scheduled, .retrying, .blocked, .suspect, .running, .succeeded, .dead, .cancelled,
            .groups, .leases, .asked, .idemUntil, .outbox, .wake, .rates:
            .zset
        }
    }
}

extension QueueStore {
    /// Reads all keys. A key of a wrong type is an error.
    package func picture() async throws -> Picture {
        let commands = Key.allCases.map { key in
            switch key.kind {
            case .hash: Command("HGETALL", key.name(in: name))
            case .zset: Command("ZRANGE", key.name(in: name), "0", "-1", "WITHSCORES")
            case .stream: Command("XRANGE", key.name(in: name), "-", "+")
            }
        }
        var picture = Picture()
        for (key, reply) in zip(Key.allCases, try await client.pipeline(commands)) { try picture.add(key, reply.get()) }
        return picture
    }

    /// Writes lines of a picture into the queue.
    package func draw(_ lines: [String]) async throws {
        let commands = lines.map { line in
            let halves = line.split(separator: " = ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let words = halves[0].split(separator: " ").map(String.init)
            guard halves.count == 2, words.count == 2, let key = Key(rawValue: words[0]) else {
                preconditionFailure("not a line of a picture: \(line)")
            }
            switch key.kind {
            case .hash: return Command("HSET", key.name(in: name), words[1], halves[1])
            case .zset: return Command("ZADD", key.name(in: name), halves[1], words[1])
            case .stream:
                var arguments = Arguments()
                for word in [key.name(in: name), words[1]] { arguments.append(word) }
                for word in halves[1].split(separator: " ") { arguments.append(String(word)) }
                return Command("XADD", arguments)
            }
        }
        for reply in try await client.pipeline(commands) { _ = try reply.get() }
    }
}
