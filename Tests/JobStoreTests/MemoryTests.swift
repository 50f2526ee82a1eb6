import Foundation
import JobModel
import JobStore
import Redis
import TestSupport
import Testing

/// A Redis that is full takes no new jobs, but what it has can be worked off.
@Suite(.timeLimit(.minutes(1))) struct MemoryTests {
    /// A server whose memory is used up, and a queue on it.
    private func full(_ lines: [String]) async throws -> (PrivateRedis, QueueStore) {
        let server = try PrivateRedis(["--maxmemory", "4mb", "--maxmemory-policy", "noeviction"])
        let client = try await TestQueue.client(server)
        let queue = Store(client).queue(try QueueName("full")).at(start)
        let known = ["meta format = 1", "meta born = 77", "meta lease_ms = 30000", "meta tick = \(start)"]
        try await queue.draw(known + ["leases 7 = \(start + 20_000)"] + lines)
        for size in [100_000, 1000, 10] { await fill(client, size) }
        return (server, queue)
    }

    /// Writes until nothing more fits.
    private func fill(_ client: RedisClient, _ size: Int) async {
        for index in 0... {
            do throws(RedisError) {
                _ = try await client.send(Command("SET", "fill-\(size)-\(index)", String(repeating: "x", count: size)))
            } catch { return }
        }
    }

    @Test func `new jobs are refused with nothing written`() async throws {
        let (server, queue) = try await full(["dead d = 5", "inbox 1-0 = job {}"])
        defer { withExtendedLifetime(server) {} }
        _ = try await queue.unchanged { queue in
            await #expect(throws: StoreError.redis(.outOfMemory)) { try await queue.enqueue([job("a")]) }
            await #expect(throws: StoreError.redis(.outOfMemory)) {
                try await queue.intake(good: [("1-0", job("a"))], bad: [])
            }
            await #expect(throws: StoreError.redis(.outOfMemory)) {
                try await queue.requeue([.init(id: "d", priority: .normal, old: [], new: record())])
            }
        }
    }

    @Test func `jobs are claimed, run and ended all the same`() async throws {
        let (server, queue) = try await full([
            "jobs a = {}", "queued a = 1", "jobs b = {}", "queued b = 2", "jobs s = {}", "scheduled s = 5",
            "dead d = 5", "jobs d = {}", "leases 8 = 5", "running r = \(other.tokens.lowerBound)", "jobs r = {}",
        ])
        defer { withExtendedLifetime(server) {} }
        #expect(try await queue.join(Incarnation(9), leaseMs: 5) != .taken)
        #expect(try await queue.claimed(1).ids == ["a", "b"])
        #expect(try await queue.beat([(worker, Array("{}".utf8))]).members[0].isLive)
        #expect(try await queue.cancel(["b"]) == [.asked])
        #expect(try await queue.settle("a", 1, .done(ttlMs: 60_000, result: Array("1".utf8))) == .ok)
        #expect(try await queue.settle("b", 1, .retry(due: .now, .normal, record(), entry())) == .asked)
        #expect(try await queue.promote().moved == 1)
        #expect(try await queue.recover().recovery().jobs.map(\.id) == ["r"])
        #expect(try await queue.prune().forgotten == 1)
        #expect(try await queue.snapshot().count(.queued) == 1)
        #expect(try await queue.inspect(["a"], full: true).jobs[0].state == .succeeded)
        await #expect(throws: RedisError.outOfMemory) { _ = try await queue.client.send(Command("SET", "x", "y")) }
    }
}
