import CoreMetrics
import JobModel
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct CellTests {
    let metrics = PrometheusMetrics()

    @Test func `what many threads count at once adds up`() async throws {
        let counter = Counter(label: "c", factory: metrics)
        let meter = Meter(label: "m", factory: metrics)
        let timer = Timer(label: "t", factory: metrics)
        await withDiscardingTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    for turn in 0..<2000 {
                        counter.increment()
                        meter.increment(by: worker.isMultiple(of: 2) ? 1 : -1)
                        timer.recordNanoseconds(turn.isMultiple(of: 2) ? 500_000_000 : 20_000_000_000)
                    }
                }
            }
        }
        let scrape = try Scrape(metrics.text())
        #expect(scrape["c_total"] == 16_000)
        #expect(scrape["m"] == 0)
        #expect(scrape["t_seconds_count"] == 16_000)
        #expect(scrape["t_seconds_bucket", ["le": "0.5"]] == 8000)
        #expect(scrape["t_seconds_sum"] == 8000 * 20.5)
    }

    @Test func `a scrape amid counting is of one piece`() async throws {
        let timer = Timer(label: "t", factory: metrics)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { while !Task.isCancelled { timer.recordMilliseconds(3) } }
            // The reader compares buckets and counts.
            for _ in 0..<20 { _ = try Scrape(metrics.text()) }
            group.cancelAll()
        }
    }

    @Test func `the buckets of durations are these, and each ends where it says`() throws {
        let timer = Timer(label: "t", factory: metrics)
        timer.recordNanoseconds(5_000_000)
        timer.recordNanoseconds(5_000_001)
        timer.recordNanoseconds(3_600_000_000_001)
        let scrape = try Scrape(metrics.text())
        let bounds = [
            "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "60", "120", "300",
            "600", "1800", "3600", "+Inf",
        ]
        let counts = bounds.map { scrape["t_seconds_bucket", ["le": $0]] }
        #expect(counts == [1] + Array(repeating: 2, count: 17) + [3])
        #expect(scrape.values.count == bounds.count + 2)
    }

    @Test func `a counter never goes down`() throws {
        let counter = Counter(label: "c", factory: metrics)
        counter.increment(by: 5)
        counter.increment(by: -3)
        let litres = FloatingPointCounter(label: "l", factory: metrics)
        litres.increment(by: 1.5)
        for nonsense in [-1, .nan, .infinity] { litres.increment(by: nonsense) }
        Recorder(label: "r", factory: metrics).record(Double.nan)
        let scrape = try Scrape(metrics.text())
        #expect(scrape["c_total"] == 5)
        #expect(scrape["l_total"] == 1.5)
        #expect(scrape["r_count"] == 0)
    }

    @Test func `there are at most a thousand series of a metric, and the rest is counted together`() throws {
        for number in 0..<5000 {
            Counter(label: "c", dimensions: [("user", "\(number)"), ("way", "a")], factory: metrics).increment()
        }
        // One that is known goes on counting for itself.
        Counter(label: "c", dimensions: [("user", "7"), ("way", "a")], factory: metrics).increment()
        let scrape = try Scrape(metrics.text())
        #expect(scrape.values.count == 1001)
        #expect(scrape["c_total", ["user": "other", "way": "other"]] == 4000)
        #expect(scrape["c_total", ["user": "7", "way": "a"]] == 2)
    }

    @Test func `there are at most a thousand metrics, and more do no harm`() throws {
        for number in 0..<3000 { Counter(label: "c\(number)", factory: metrics).increment() }
        #expect(try Scrape(metrics.text()).kinds.count == 1000)
    }

    @Test func `what is destroyed is gone, and may come again`() throws {
        let counter = Counter(label: "c", dimensions: [("a", "1")], factory: metrics)
        counter.increment()
        Counter(label: "c", dimensions: [("a", "2")], factory: metrics).increment()
        counter.destroy()
        #expect(try Scrape(metrics.text()).values.keys.map(\.labels) == [["a": "2"]])
        Counter(label: "c", dimensions: [("a", "1")], factory: metrics).increment()
        #expect(try Scrape(metrics.text())["c_total", ["a": "1"]] == 1)
    }
}
