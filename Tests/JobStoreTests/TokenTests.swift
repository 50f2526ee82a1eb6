import Redis
import TestSupport
import Testing

@testable import JobStore

/// The registry of tokens, whose records mean nothing here.
@Suite(.timeLimit(.minutes(1))) struct TokenTests {
    @Test func `a token is kept as it is, by an id that nobody else can take`() async throws {
        let redis = try await PrivateRedis.launch()
        let store = Store(try await TestQueue.client(redis))
        #expect(try await store.tokens().isEmpty)
        #expect(try await store.token("a").record == nil)
        let record: [UInt8] = [0, 13, 10, 255, 34]
        #expect(try await store.put(token: "a", record))
        #expect(try await !store.put(token: "a", [1]))
        let found = try await store.token("a")
        #expect(found.record.map { Array($0) } == record)
        let now = try await store.time()
        #expect(found.now <= now && found.now > now - 60_000)
        #expect(try await store.tokens().keys.sorted() == ["a"])
        #expect(try await store.remove(token: "a"))
        #expect(try await !store.remove(token: "a"))
        #expect(try await store.token("a").record == nil)
    }

    @Test func `what is noted of a token goes with it, and does not make one`() async throws {
        let redis = try await PrivateRedis.launch()
        let store = Store(try await TestQueue.client(redis))
        try await store.note(use: "a", at: 7)
        #expect(try await store.tokens().isEmpty)
        #expect(try await store.put(token: "a", [1]))
        try await store.note(use: "a", at: 8)
        #expect(try await store.tokens()["a"]?.usedMs == 8)
        #expect(try await store.remove(token: "a"))
        #expect(try await store.put(token: "a", [2]))
        #expect(try await store.tokens().count == 1)
        #expect(try await store.tokens()["a"]?.usedMs == nil)
    }

    @Test func `what Redis refuses is thrown, not taken for no token`() async throws {
        let redis = try await PrivateRedis.launch()
        let store = Store(try await TestQueue.client(redis))
        _ = try await store.client.send(Command("SET", Registry.tokens, "x"))
        await #expect(throws: StoreError.self) { _ = try await store.token("a") }
        await #expect(throws: StoreError.self) { _ = try await store.tokens() }
        await #expect(throws: StoreError.self) { _ = try await store.remove(token: "a") }
    }
}
