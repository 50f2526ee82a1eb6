import Foundation
import JobModel
import JobStore
import Redis
import TestSupport
import Testing

/// What lies outside the queues.
@Suite(.timeLimit(.minutes(1))) struct StoreTests {
    @Test func `a registered queue is listed, once, in the order of names`() async throws {
        let server = try PrivateRedis()
        defer { withExtendedLifetime(server) {} }
        let store = Store(try await TestQueue.client(server))
        for name in ["b", "a", "B", "b"] { try await store.register(QueueName(name)) }
        _ = try await store.client.send(.init("ZADD", Registry.queues, "1", "not a name"))
        #expect(try await store.queues().map(\.text) == ["B", "a", "b"])
    }

    @Test func `workers silent for a day are forgotten`() async throws {
        let server = try PrivateRedis()
        defer { withExtendedLifetime(server) {} }
        let store = Store(try await TestQueue.client(server))
        let day = 86_400_000
        try await store.note(worker: "old", now: 5)
        try await store.note(worker: "new", now: 6)
        try await store.note(worker: "newest", now: day + 5)
        try await store.forget(worker: "newest")
        let left = try await store.client.send(.init("ZRANGE", Registry.workers, "0", "-1"))
        var reader = left.reader
        #expect(try reader.array() == 1)
        #expect(try reader.string() == "new")
    }

    @Test func `a server says what it is`() async throws {
        let facts = try await Store(TestQueue.sharedClient()).server()
        #expect(facts.role == "master")
        #expect(facts.evictionPolicy == "noeviction")
        #expect(facts.usedMemory > 0)
        #expect(facts.refusal(allowing: []) == nil)
    }

    @Test(arguments: [
        ("redis_version:6.2.7\r\naof_enabled:1\r\n", true), ("redis_version:7.0.0\naof_enabled:1\n", false),
        ("redis_version:7.2.4\nvalkey_version:7.1.9\naof_enabled:1\n", true),
        ("redis_version:7.2.4\nvalkey_version:8.0.1\naof_enabled:1\n", false),
        ("redis_version:7.0.0\nmaxmemory_policy:allkeys-lru\naof_enabled:1\n", true),
        ("redis_version:7.0.0\nrole:slave\naof_enabled:1\n", true), ("", false),
    ])
    func `a server that loses jobs is found out`(info: String, isFatal: Bool) {
        let facts = ServerFacts(info: info)
        #expect((facts.refusal(allowing: []) != nil) == isFatal)
        #expect(facts.refusal(allowing: ServerRisk.all) == nil)
        #expect(facts.findings.allSatisfy { !$0.message.contains("\n") })
    }

    @Test func `a server without append-only file is only warned of`() {
        let findings = ServerFacts(info: "redis_version:7.4.0\naof_enabled:0\n").findings
        #expect(findings.map(\.status) == [.warn] && findings.map(\.risk) == [nil])
    }

    @Test func `a beat by callback answers what a beat answers`() async throws {
        let queue = try await runningStage(["a": 1])
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Beat, StoreError>.self)
        queue.submitBeat([(worker, Array("{}".utf8))], extend: true, timeout: nil) { continuation.yield($0) }
        let beat = try #require(await stream.first { _ in true }).get()
        #expect(beat.members.map(\.held) == [1])
        #expect(try await queue.picture()["about 7"] == "{}")
    }

    @Test func `keys carry the name of their queue in braces`() throws {
        let name = try QueueName("mail")
        #expect(Key.jobs.name(in: name) == "jq:{mail}:jobs")
        #expect(Key.idemUntil.name(in: name) == "jq:{mail}:idem-until")
        #expect(Set(Key.allCases.map { $0.name(in: name) }).count == Key.allCases.count)
        for state in JobState.allCases { #expect(state.key.rawValue == state.rawValue) }
    }
}
