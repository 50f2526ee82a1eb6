import Redis

/// Who may use the HTTP API: records that the store keeps and does not read.
extension Store {
    /// All records, by id.
    package func tokens() async throws(StoreError) -> [String: [UInt8]] {
        var reader = try await send(Command("HGETALL", Registry.tokens)).reader
        return try read { () throws(RedisError) in
            var tokens: [String: [UInt8]] = [:]
            for _ in 0..<(try reader.array() / 2) { tokens[try reader.string()] = Array(try reader.bytes()) }
            return tokens
        }
    }

    /// One record; nil when there is none.
    package func token(_ id: String) async throws(StoreError) -> [UInt8]? {
        var reader = try await send(Command("HGET", Registry.tokens, id)).reader
        return try read { () throws(RedisError) in try reader.optionalBytes().map { Array($0) } }
    }

    /// Keeps a new record; false when the id has one already, which stays as it is.
    package func put(token id: String, _ record: [UInt8]) async throws(StoreError) -> Bool {
        var arguments = Arguments(capacity: record.count + 64)
        arguments.append(Registry.tokens)
        arguments.append(id)
        arguments.append(bytes: record)
        return try await number(Command("HSETNX", arguments)) == 1
    }

    /// Forgets a record; false when there was none.
    package func remove(token id: String) async throws(StoreError) -> Bool {
        try await number(Command("HDEL", Registry.tokens, id)) == 1
    }

    private func number(_ command: Command) async throws(StoreError) -> Int {
        var reader = try await send(command).reader
        return try read { () throws(RedisError) in try reader.integer() }
    }
}
