package import JobStore

/// The tokens of one Redis: making, listing, ending them.
package struct TokenRegistry: Sendable {
    /// How long an expired token is still listed, ms. Afterwards the next one that is made sweeps it away.
    static let rememberedMs = 30 * 86_400_000

    private let store: Store

    package init(_ store: Store) { self.store = store }

    /// Makes a token, whose secret is in the answer and nowhere else.
    package func create(
        _ rights: TokenRights, by creator: String
    ) async throws(StoreError) -> (token: AccessToken, record: TokenRecord) {
        let now = try await store.time()
        try await sweep(now: now)
        while true {
            let token = AccessToken()
            let record = TokenRecord(token, rights, createdMs: now, createdBy: creator)
            if try await store.put(token: token.id, record.encoded()) { return (token, record) }
        }
    }

    /// All tokens, the oldest first, each with when it was last used, ms; nil: never, or within the last minute.
    package func all() async throws(StoreError) -> [(record: TokenRecord, usedMs: Int?)] {
        try await store.tokens().compactMap { id, stored in
            TokenRecord(id: id, parsing: stored.record).map { ($0, stored.usedMs) }
        }.sorted { ($0.record.createdMs, $0.record.id) < ($1.record.createdMs, $1.record.id) }
    }

    /// Ends a token. Answers whether there was one. Servers that know it notice within five seconds.
    package func revoke(_ id: String) async throws(StoreError) -> Bool { try await store.remove(token: id) }

    /// One token, and the time on Redis' clock.
    func find(_ id: String, timeout: Duration? = nil) async throws(StoreError) -> (record: TokenRecord?, now: Int) {
        let (bytes, now) = try await store.token(id, timeout: timeout)
        return (bytes.flatMap { TokenRecord(id: id, parsing: $0) }, now)
    }

    func note(use id: String, at ms: Int, timeout: Duration) async throws(StoreError) {
        try await store.note(use: id, at: ms, timeout: timeout)
    }

    private func sweep(now: Int) async throws(StoreError) {
        for (record, _) in try await all() where record.hasExpired(at: now - Self.rememberedMs) {
            _ = try await revoke(record.id)
        }
    }
}
