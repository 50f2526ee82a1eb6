import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// What comes and goes in a second, from samples of the totals.
@Suite(.timeLimit(.minutes(1))) struct RatesTests {
    private func sampled(_ queue: QueueStore) async throws -> [String] {
        try await queue.picture().lines.filter { $0.hasPrefix("rates ") }
    }

    /// `count` jobs at a time, which is their name too.
    private func enqueue(_ queue: QueueStore, at ms: Int, _ count: Int = 1) async throws {
        _ = try await queue.at(ms).enqueue((0..<count).map { job("\(ms).\($0)") })
    }

    @Test func `the totals are noted every nine seconds, as they were before`() async throws {
        let queue = try await TestQueue.make()
        for ms in [0, 8999, 9000, 17_999] { try await enqueue(queue, at: start + ms) }
        #expect(
            try await sampled(queue) == [
                "rates \(start) 0 0 0 0 0 0 = \(start)", "rates \(start + 9000) 2 0 0 0 0 0 = \(start + 9000)",
            ])
    }

    @Test func `a beat notes them, a look does not`() async throws {
        let queue = try await stage(["meta succeeded = 3", "meta retried = 4", "meta dead = 5", "meta cancelled = 6"])
            .at(start + 9000)
        _ = try await queue.beat([(worker, [])], extend: false)
        #expect(try await sampled(queue).isEmpty)
        _ = try await queue.beat([(worker, [])])
        #expect(try await sampled(queue) == ["rates \(start + 9000) 0 0 3 4 5 6 = \(start + 9000)"])
    }

    @Test func `no more are kept than a quarter of an hour needs`() async throws {
        let queue = try await stage()
        for turn in 1...115 { _ = try await queue.at(start + turn * 10_000).beat([(worker, [])]) }
        let snapshot = try await queue.at(start + 1_150_000).snapshot(series: true)
        #expect(snapshot.samples.count == 110)
        #expect(snapshot.samples.last?.at == start + 1_150_000)
    }

    @Test func `a step back of the clock begins anew`() async throws {
        let queue = try await stage()
        for ms in [10_000, 20_000, 5000] { _ = try await queue.at(start + ms).beat([(worker, [])]) }
        #expect(try await sampled(queue) == ["rates \(start + 5000) 0 0 0 0 0 0 = \(start + 5000)"])
    }

    @Test func `what came and went within a minute and a quarter of an hour`() async throws {
        let queue = try await stage()
        // 20 jobs every ten seconds for twenty minutes, of which a worker ends half.
        for turn in 1...120 {
            try await enqueue(queue, at: start + turn * 10_000, 20)
            _ = try await queue.client.send(.init("HINCRBY", Key.meta.name(in: queue.name), "succeeded", "10"))
        }
        let snapshot = try await queue.at(start + 1_209_999).unchanged { try await $0.snapshot() }
        #expect(snapshot.samples.count == 2)
        for window in [RateSample.minute, RateSample.quarter] {
            let rates = snapshot.rates(over: window)
            #expect(abs(rates.arrived - 2) < 0.1 && abs(rates.ended - 1) < 0.1 && rates.failed == 0, "\(rates)")
        }
    }

    @Test func `where there is no sample nothing happened`() async throws {
        let queue = try await stage()
        try await enqueue(queue, at: start + 10_000, 60)
        let soon = try await queue.at(start + 40_000).snapshot()
        #expect(soon.rates(over: RateSample.minute).arrived == 1)
        let later = try await queue.at(start + 100_000).snapshot()
        #expect(later.rates(over: RateSample.minute) == QueueRates())
        #expect(later.rates(over: RateSample.quarter).arrived == 60.0 / 900)
    }

    @Test func `with long leases beats are rare, and so are samples`() async throws {
        let queue = try await stage(["meta lease_ms = 600000"])
        _ = try await queue.at(start + 20_000).beat([(worker, [])])
        _ = try await queue.client.send(.init("HSET", Key.meta.name(in: queue.name), "succeeded", "150"))
        let snapshot = try await queue.at(start + 170_000).snapshot()
        #expect(snapshot.rates(over: RateSample.minute).ended == 1, "150 in 150 s")
    }

    @Test func `a restart of the counting is no negative rate`() throws {
        var now = try #require(RateSample(parsing: "100000 5 0 5 1 0 0"))
        let before = try #require(RateSample(parsing: "40000 905 0 905 0 0 0"))
        #expect(QueueRates(over: 60_000, to: now, [before]).arrived == 0)
        now.enqueued = 965
        #expect(QueueRates(over: 60_000, to: now, [before]).arrived == 1)
        #expect(RateSample(parsing: "1 2") == nil && RateSample(parsing: "x y z 1 2 3 4") == nil)
    }

    @Test func `a series has a value for the time between two samples`() throws {
        let samples = ["10000 0 0 0 0 0 0", "20000 50 0 0 0 0 0", "30000 50 0 30 0 0 0"].compactMap {
            RateSample(parsing: $0)
        }
        var now = samples[2]
        now.at = 35_000
        now.dead = 5
        let series = QueueRates.series(to: now, samples)
        #expect(series.map(\.to) == [20_000, 30_000, 35_000])
        #expect(series.map(\.from) == [10_000, 20_000, 30_000])
        #expect(series.map(\.rates.arrived) == [5, 0, 0])
        #expect(series.map(\.rates.ended) == [0, 3, 1])
        #expect(series.map(\.rates.failed) == [0, 0, 1])
    }
}
