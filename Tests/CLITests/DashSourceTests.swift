import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueCLI
@testable import TerminalDashboard

/// What the dashboard reads of a real Redis, and what it leaves.
@Suite(.timeLimit(.minutes(1))) struct DashSourceTests {
    private func copy(_ id: String, _ message: String) -> DeadCopy {
        var entry = ErrorEntry()
        (entry.number, entry.at, entry.message) = (1, now - 5, message)
        var record = RunRecord()
        (record.errors, record.at, record.attempts) = (1, now - 5, 3)
        return DeadCopy(
            id: id, envelope: Envelope(name: "n", payload: Array("1".utf8)[...]).encoded()[...], forgetMs: nil,
            diedMs: now - 5, record: record.encoded()[...], errors: [0: entry.encoded()[...]])
    }

    private func dead(_ store: Store, _ request: DashRequest) async throws -> JobRows? {
        guard case .dead(let rows, _) = try await DashSource(store: store).read(request).0 else { return nil }
        return rows
    }

    @Test func `dead jobs are counted in groups, and only those of an open one are read`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        for (name, count) in [("mail", 620), ("image", 3)] {
            let queue = store.queue(try QueueName(name))
            try await store.register(queue.name)
            let copies = (0..<count).map { copy("\(name)\($0)", "user \($0) is unknown") } + [copy("odd", "it burns")]
            for first in stride(from: 0, to: copies.count, by: 200) {
                _ = try await queue.restore(Array(copies[first..<min(first + 200, copies.count)]))
            }
        }
        let counted = try #require(try await dead(store, .dead(limit: 100)))
        let groups = DeadGroup.all(of: counted)
        #expect(counted.rows == [] && counted.total == 625)
        #expect(groups.map(\.count) == [623, 2] && groups.map(\.queues) == [["image", "mail"], ["image", "mail"]])

        let some = try #require(try await dead(store, .group(groups[0].key, limit: 500)))
        #expect(some.rows.count == 500 && some.rows.allSatisfy { $0.group == groups[0].group })
        let all = try #require(try await dead(store, .group(groups[0].key, limit: 2000)))
        #expect(Set(all.rows.map(\.ref)).count == 623)
        let odd = try #require(try await dead(store, .group(groups[1].key, limit: 500)))
        #expect(odd.rows.map(\.ref.id) == ["odd", "odd"] && odd.groups.count == 4)
        #expect(odd.rows[0].error == "it burns")
    }

    @Test func `jobs that died before there were groups are read and grouped`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        let queue = store.queue(try QueueName("mail"))
        try await store.register(queue.name)
        try await queue.draw((0..<5).map { "dead old\($0) = \(now + Limits.deadTTL)" })
        _ = try await queue.restore([copy("new", "it burns")])
        let groups = DeadGroup.all(of: try #require(try await dead(store, .dead(limit: 100))))
        #expect(groups.map(\.count) == [5, 1] && groups.map(\.stored.isEmpty) == [true, false])
        let old = try #require(try await dead(store, .group(groups[0].key, limit: 100)))
        #expect(old.rows.count == 5)
    }

    @Test func `lines of what went through the queues are asked for by the overview alone`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        try await store.register(QueueName("mail"))
        for series in [true, false] {
            guard case .report(let report) = try await DashSource(store: store).read(.report(series: series)).0 else {
                Issue.record("no report")
                return
            }
            #expect((Flow(report) != nil) == series)
        }
    }
}
