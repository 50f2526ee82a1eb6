import Foundation
import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// The report of `info`, collected from a real Redis.
@Suite(.timeLimit(.minutes(1))) struct InfoReaderTests {
    /// Calls scripts/seed.lua, which the measurements use too.
    private func seed(_ queue: QueueStore, _ what: String, _ count: Int, first: Int = 1) async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../scripts/seed.lua").standardizedFileURL
        let keys: [Key] = [.jobs, .queued, .dead, .runs, .errors, .leases, .about, .meta, .causes, .groups]
        var arguments = Arguments()
        for word in [try String(contentsOf: file, encoding: .utf8), "\(keys.count)"] { arguments.append(word) }
        for key in keys { arguments.append(key.name(in: queue.name)) }
        for word in [what, "\(first)", "\(count)", "\(start)"] { arguments.append(word) }
        _ = try await queue.client.send(Command("EVAL", arguments), timeout: .seconds(20))
    }

    @Test func `fifty thousand jobs and two hundred workers are counted as they are`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        let queue = store.queue(.default).at(start)
        try await store.register(.default)
        for first in [1, 20_001] { try await seed(queue, "queued", 20_000, first: first) }
        try await seed(queue, "dead", 10_000)
        try await seed(queue, "workers", 200)
        let groups = try await queue.allDeadGroups()
        #expect(groups.groups.map(\.count) == Array(repeating: 500, count: 20) && groups.ungrouped == 0)
        let report = try await InfoReader(store: store).report([])
        let row = report.queues[0]
        #expect(row.queued == 40_000 && row.dead == 10_000 && row.running == 0)
        #expect(report.workers.count == 200)
        let snapshot = try await queue.unchanged { try await $0.snapshot() }
        let seen = InfoReport(server: ServerFacts(info: ""), snapshots: [snapshot])
        #expect(seen.queues[0].workers == 200 && seen.queues[0].limit == 2000)
        #expect(seen.queues[0].oldestQueuedMs == 60_000)
        #expect(seen.queues[0].deadLastHour == 3600, "one a second")
        #expect(seen.workers[0].memoryBytes == 50_000_000 && seen.workers[0].done == 1000)
    }

    @Test func `many queues are read at once, in the order of their names`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        let names = (0..<150).map { "q\(1000 + $0)" }
        for name in names {
            let queue = store.queue(try QueueName(name))
            try await store.register(queue.name)
            _ = try await queue.enqueue([job(name)])
        }
        let report = try await InfoReader(store: store).report([])
        #expect(report.queues.map(\.name) == names)
        #expect(report.queues.allSatisfy { $0.queued == 1 })
        #expect((report.redis.pingMs ?? -1) >= 0)
    }

    @Test func `rates and series come with one look`() async throws {
        let queue = try await stage()
        for turn in 1...8 {
            _ = try await queue.at(start + turn * 10_000).enqueue((0..<30).map { job("\(turn).\($0)") })
        }
        let later = queue.at(start + 90_000)
        let plain = InfoReport(server: ServerFacts(info: ""), snapshots: [try await later.snapshot()])
        #expect(plain.queues[0].in1m == 3 && plain.queues[0].out1m == 0 && plain.queues[0].series == nil)
        let full = InfoReport(
            server: ServerFacts(info: ""), snapshots: [try await later.snapshot(series: true)], series: true)
        #expect(full.queues[0].series?.map(\.into) == Array(repeating: 3, count: 8))
        #expect(full.queues[0].in1m == 3, "the same with all samples")
        let data = try JSONEncoder().encode(full)
        var series = try #require(full.queues[0].series)
        // Where a point begins is not in the JSON: it is where the one before ends.
        #expect(series.dropFirst().map(\.sinceMs) == series.dropLast().map(\.atMs))
        for index in series.indices { series[index].sinceMs = 0 }
        #expect(try JSONDecoder().decode(InfoReport.self, from: data).queues[0].series == series)
    }

    @Test func `what wants attention is told once, with what is known of it`() throws {
        var queue = QueueSnapshot(
            name: .default, now: 1_000_000, counts: [.queued: 9], remembered: 0, inbox: 0, oldestDueMs: 960_000,
            meta: ["enqueued": "1000", "succeeded": "400", "paused": "0"], workers: [])
        queue.samples = ["100000 0 0 0 0 0 0", "940000 600 0 300 0 0 0"].compactMap { RateSample(parsing: $0) }
        let card = WorkerCard(id: "w", host: "h", pid: 1, version: "1", started: 0, slots: 3, busy: 0, runs: [])
        queue.workers = [.init(incarnation: worker, deadline: 2e6, about: card.encoded()[...], held: 0)]
        func found() -> [String] {
            InfoReport(
                server: ServerFacts(
                    info:
                        "redis_version:7.2.4\nmaxmemory:100\nused_memory:81\nmaxmemory_policy:noeviction\naof_enabled:1\n"
                ),
                snapshots: [queue]
            ).attention.map { "\($0.code): \($0.message)" }
        }
        #expect(
            found() == [
                "growing: the oldest job waits 40s; the backlog grows (in 6.7/s, out 1.7/s)",
                "redis: 81B used of maxmemory 100B (81%); more workers, or more memory: "
                    + "redis-cli CONFIG SET maxmemory BYTES",
            ])
        queue.newlyDead = 1
        queue.meta["paused"] = "1"
        queue.meta["paused_by"] = "ann"
        queue.meta["paused_at"] = "400000"
        queue.meta["paused_reason"] = "it burns"
        #expect(
            found().dropLast() == ["paused: paused by ann 10m ago: it burns", "dead: 1 job died within an hour"])
        var quiet = card
        quiet.quiet = true
        queue.workers[0].about = quiet.encoded()[...]
        #expect(found()[1] == "quiet: 9 jobs and its only worker is quiet: queue-worker workers resume w")
        queue.counts = [.running: 1]
        #expect(!found().contains { $0.hasPrefix("quiet") }, "what it has runs to its end")
        queue.counts = [.queued: 9]
        queue.workers.append(.init(incarnation: Incarnation(9), deadline: 2e6, about: card.encoded()[...], held: 0))
        quiet.id = "q"
        queue.workers[0].about = quiet.encoded()[...]
        #expect(!found().contains { $0.hasPrefix("quiet") }, "another one claims")
        queue.workers = []
        #expect(found()[1] == "no-worker: 9 jobs and no worker listens")
    }
}
