import JobModel
import JobStore
import TestSupport
import Testing

/// What a gap or a step in time does to grace, guard and deadlines.
@Suite(.timeLimit(.minutes(1))) struct ClockTests {
    /// Everything that looks at the clock.
    static let calls: [Call] = [
        Call("beat") { _ = try await $0.beat([(Incarnation(9), [])]) },
        Call("recover") { _ = try await $0.recover() }, Call("promote") { _ = try await $0.promote() },
        Call("prune") { _ = try await $0.prune() },
    ]

    struct Call: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var run: @Sendable (QueueStore) async throws -> Void
        init(_ name: String, _ run: @escaping @Sendable (QueueStore) async throws -> Void) {
            testDescription = name
            self.run = run
        }
    }

    @Test(arguments: calls) func `the first tick of a queue is only noted`(call: Call) async throws {
        let queue = try await TestQueue.make().at(start)
        let (_, _, changes) = try await queue.twice { try await call.run($0) }
        #expect(changes == ["meta tick = \(start)"])
    }

    @Test(arguments: calls) func `regular ticks add up to calm`(call: Call) async throws {
        let queue = try await stage(["leases 7 = \(start + 90_000)", "meta sampled = \(start + 10_000)"])
        let (_, _, changes) = try await queue.at(start + 15_000).twice { try await call.run($0) }
        #expect(changes == ["meta tick = \(start + 15_000)", "meta calm = 15000"])
        _ = try await queue.at(start + 20_000).once { try await call.run($0) }
        #expect(try await queue.picture()["meta calm"] == "20000")
    }

    @Test(arguments: calls) func `calm is full after ten minutes`(call: Call) async throws {
        let queue = try await stage(["leases 7 = \(start + 90_000)", "meta calm = 599999"])
        try await call.run(queue.at(start + 5))
        #expect(try await queue.picture()["meta calm"] == "600000")
    }

    @Test(arguments: calls) func `a clock that lags by a second is no step`(call: Call) async throws {
        let queue = try await stage()
        _ = try await queue.at(start - 1000).unchanged { try await call.run($0) }
    }

    @Test(arguments: calls) func `a gap opens grace and guards the past`(call: Call) async throws {
        let queue = try await stage([
            "leases 7 = \(start + 90_000)", "meta calm = 5", "meta sampled = \(start + 10_000)",
        ])
        let now = start + 15_001
        let (_, _, changes) = try await queue.at(now).twice { try await call.run($0) }
        #expect(changes == ["meta tick = \(now)", "meta guard = \(now)", "meta grace = \(now + 30_000)"])
    }

    @Test(arguments: calls) func `a step back pulls everything to now`(call: Call) async throws {
        let far = start + 86_400_000
        let queue = try await stage([
            "meta tick = \(far)", "meta grace = \(far + 30_000)", "leases 7 = \(far + 20_000)",
            "leases 8 = \(start + 30_000)", "leases 10 = \(start + 30_001)", "leases 11 = -\(far + 10_000)",
        ])
        let (_, _, changes) = try await queue.twice { try await call.run($0) }
        #expect(
            changes == [
                "meta tick = \(start)", "meta grace = \(start + 30_000)", "meta guard = \(start)", "meta calm = 0",
                "leases 7 = \(start + 30_000)", "leases 10 = \(start + 30_000)", "leases 11 = -\(start)",
            ])
    }

    @Test func `a lease keeps its length through a step back`() async throws {
        let queue = try await runningStage(
            ["a": 1], ["meta tick = \(start + 500_000)", "leases 7 = \(start + 520_000)"])
        #expect(try await queue.recover().graceUntil == start + 30_000)
        for second in [10, 20, 30] { _ = try await queue.at(start + second * 1000).promote() }
        #expect(try await queue.at(start + 29_999).recover().graceUntil == start + 30_000)
        #expect(try await queue.at(start + 30_000).recover().recovery().jobs.map(\.id) == ["a"])
    }

    @Test func `the lease length of the queue decides what a gap is`() async throws {
        let queue = try await stage(["meta lease_ms = 1000", "leases 7 = \(start + 90_000)"])
        _ = try await queue.at(start + 500).promote()
        #expect(try await queue.picture()["meta grace"] == nil)
        _ = try await queue.at(start + 1001).promote()
        #expect(try await queue.picture()["meta grace"] == "\(start + 2001)")
    }

    @Test func `after an outage workers have a whole lease to come back`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = \(start + 20_000)"])
        let back = start + 3_600_000
        #expect(try await queue.at(back).recover().graceUntil == back + 30_000)
        #expect(try await queue.at(back).beat([(worker, [])]).members[0].isLive)
        #expect(try await queue.at(back + 10_000).recover().graceUntil == back + 30_000)
        #expect(try await queue.at(back + 20_000).beat([(worker, [])]).members[0].isLive)
        #expect(try await queue.at(back + 30_000).recover().isNone)
    }
}
