import JobModel
import JobStore
import Redis

/// Says in words where model and Redis differ: read only when they do.
enum StateDifference {
    static func describe(_ model: ModelQueue, _ side: RedisSide) async throws -> String {
        let sections = StateSections(model)
        var lines: [String] = []
        for key in Key.allCases {
            if case .ignored = sections[key] { continue }
            let wanted = contents(sections[key])
            let found = try await contents(key, side)
            for member in Set(wanted.keys).union(found.keys).sorted() where wanted[member] != found[member] {
                let (model, redis) = (wanted[member] ?? "(none)", found[member] ?? "(none)")
                lines.append("  \(key.rawValue) \(member): model \(model), Redis \(redis)")
            }
        }
        return lines.prefix(12).joined(separator: "\n")
    }

    private static func contents(_ content: StateSections.Content) -> [String: String] {
        switch content {
        case .hash(let pairs), .sorted(let pairs):
            [String: String](uniqueKeysWithValues: zip(texts(pairs.members), texts(pairs.values)))
        case .stream(let items): [String: String](uniqueKeysWithValues: items.map { ($0.entry, $0.envelope) })
        case .absent, .ignored: [:]
        }
    }

    /// Out of their form for the wire: every second line, for no text has a line end in it.
    private static func texts(_ wire: String) -> [String] {
        let lines = wire.split(separator: "\r\n", omittingEmptySubsequences: false)
        return stride(from: 1, to: lines.count, by: 2).map { String(lines[$0]) }
    }

    private static func contents(_ key: Key, _ side: RedisSide) async throws -> [String: String] {
        let type = try await side.send("TYPE", key).string()
        switch type {
        case "none": return [:]
        case "zset": return try pairs(await side.send("ZRANGE", key, "0", "-1", "WITHSCORES"))
        case "hash": return try pairs(await side.send("HGETALL", key))
        case "stream":
            var reader = try await side.send("XRANGE", key, "-", "+").reader
            var entries: [String: String] = [:]
            for _ in 0..<(try reader.array()) {
                _ = try reader.array()
                let entry = try reader.string()
                _ = try reader.array()
                _ = try reader.string()
                entries[entry] = try reader.string()
            }
            return entries
        default: return ["": type]
        }
    }

    private static func pairs(_ reply: Reply) throws -> [String: String] {
        var reader = reply.reader
        var pairs: [String: String] = [:]
        for _ in 0..<(try reader.array() / 2) { pairs[try reader.string()] = try reader.string() }
        return pairs
    }
}
