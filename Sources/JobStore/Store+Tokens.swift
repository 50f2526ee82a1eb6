import Redis

extension Registry {
    /// HASH: tokens of the HTTP API, by id. What a value holds is that API's business.
    package static let tokens = "jq:tokens"
    /// HASH: when each was last used, ms. Apart from the tokens: a note of a use never brings back one that was removed.
    package static let tokenUses = "jq:token-uses"
}

extension Store {
    /// All tokens by id, each with when it was last used, ms since 1970; nil when it never was.
    package func tokens() async throws(StoreError) -> [String: (record: ArraySlice<UInt8>, usedMs: Int?)] {
        let replies = try await pipeline([Command("HGETALL", Registry.tokens), Command("HGETALL", Registry.tokenUses)])
        let (records, uses) = (try Self.map(replies[0]), try Self.map(replies[1]))
        var tokens: [String: (record: ArraySlice<UInt8>, usedMs: Int?)] = [:]
        for (id, record) in records {
            tokens[id] = (record, uses[id].flatMap { Int(String(decoding: $0, as: UTF8.self)) })
        }
        return tokens
    }

    /// One token, nil when there is none, and the time on Redis' clock, ms since 1970: whether a token has expired is for
    /// that clock to say.
    package func token(
        _ id: String, timeout: Duration? = nil
    ) async throws(StoreError) -> (record: ArraySlice<UInt8>?, now: Int) {
        let replies = try await pipeline(
            [Command("HGET", Registry.tokens, id), Command("TIME")], timeout: timeout)
        let record = try Self.get(replies[0]) { reply throws(RedisError) in
            var reader = reply.reader
            return try reader.optionalBytes()
        }
        let now = try Self.get(replies[1]) { reply throws(RedisError) in
            var reader = reply.reader
            _ = try reader.array()
            return try reader.integer() * 1000 + reader.integer() / 1000
        }
        return (record, now)
    }

    /// Adds a token. False when its id is taken: then nothing changes.
    package func put(token id: String, _ record: [UInt8]) async throws(StoreError) -> Bool {
        var arguments = Arguments()
        arguments.append(Registry.tokens)
        arguments.append(id)
        arguments.append(bytes: record)
        let reply = try await send(Command("HSETNX", arguments))
        return try read { () throws(RedisError) in try reply.integer() == 1 }
    }

    /// Removes a token and what is noted of it. False when there was none.
    package func remove(token id: String) async throws(StoreError) -> Bool {
        let replies = try await pipeline([
            Command("HDEL", Registry.tokens, id), Command("HDEL", Registry.tokenUses, id),
        ])
        return try Self.get(replies[0]) { reply throws(RedisError) in try reply.integer() == 1 }
    }

    /// Notes when a token was used, ms since 1970.
    package func note(use id: String, at ms: Int, timeout: Duration? = nil) async throws(StoreError) {
        _ = try await send(Command("HSET", Registry.tokenUses, id, String(ms)), timeout: timeout)
    }

    private static func map(_ reply: Result<Reply, RedisError>) throws(StoreError) -> [String: ArraySlice<UInt8>] {
        try get(reply) { reply throws(RedisError) in
            var reader = reply.reader
            var map: [String: ArraySlice<UInt8>] = [:]
            for _ in 0..<(try reader.array() / 2) { map[try reader.string()] = try reader.bytes() }
            return map
        }
    }

    /// What Redis refused is its error; what cannot be read is ours.
    private static func get<T>(
        _ result: Result<Reply, RedisError>, _ body: (Reply) throws(RedisError) -> T
    ) throws(StoreError) -> T {
        let reply: Reply
        do throws(RedisError) { reply = try result.get() } catch { throw .redis(error) }
        return try read { () throws(RedisError) in try body(reply) }
    }
}
