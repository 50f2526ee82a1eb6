import CoreMetrics
import JobModel
import Telemetry
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct FormatTests {
    let metrics = PrometheusMetrics()

    @Test func `a scrape is what the format says, and says what was counted`() throws {
        Counter(label: "visits", dimensions: [("page", "home")], factory: metrics).increment(by: 3)
        FloatingPointCounter(label: "litres_total", factory: metrics).increment(by: 0.5)
        Meter(label: "queue.depth", factory: metrics).set(7)
        Gauge(label: "temperature", factory: metrics).record(-1.5)
        Timer(label: "answer", factory: metrics).recordMilliseconds(20)
        Recorder(label: "size", factory: metrics).record(2000)
        let text = metrics.text()
        let scrape = try Scrape(text)
        #expect(scrape["visits_total", ["page": "home"]] == 3)
        #expect(scrape["litres_total"] == 0.5)
        #expect(scrape["queue_depth"] == 7)
        #expect(scrape["temperature"] == -1.5)
        #expect(scrape["answer_seconds_count"] == 1 && scrape["answer_seconds_sum"] == 0.02)
        #expect(scrape["size_bucket", ["le": "1000"]] == 0 && scrape["size_bucket", ["le": "10000"]] == 1)
        #expect(
            scrape.kinds == [
                "visits_total": "counter", "litres_total": "counter", "queue_depth": "gauge", "temperature": "gauge",
                "answer_seconds": "histogram", "size": "histogram",
            ])
        #expect(scrape.helps["queue_depth"] == "queue.depth", "how the program calls it")
        #expect(text.hasPrefix("# HELP answer_seconds answer\n# TYPE answer_seconds histogram\n"))
    }

    @Test func `promtool finds nothing wrong, where it is installed`() throws {
        Counter(label: Metric.attempts.rawValue, dimensions: hostile, factory: metrics).increment()
        Timer(label: Metric.wait.rawValue, dimensions: hostile, factory: metrics).recordSeconds(3)
        Meter(label: Metric.busySlots.rawValue, factory: metrics).set(1)
        guard let promtool = Promtool() else { return }
        let (status, words) = try promtool.run(["check", "metrics"], input: metrics.text())
        #expect(status == 0 && words == "", "\(words)")
    }

    private let hostile = [
        ("queue", "a\"b\\c\nd"), ("name", "\u{1B}[2J} 5\nforged 1"), ("bad-name", "x"), ("__reserved", "y"),
        ("le", "z"),
    ]

    @Test func `hostile values stay within their quotes, and move no cursor`() throws {
        Counter(label: "x", dimensions: hostile, factory: metrics).increment()
        let text = metrics.text()
        let scrape = try Scrape(text)
        let sample = try #require(scrape.values.keys.first)
        #expect(scrape.values.count == 1)
        #expect(
            sample.labels == [
                "queue": "a\"b\\c\\u{a}d", "name": "\\u{1b}[2J} 5\\u{a}forged 1", "bad_name": "x",
                "exported_reserved": "y", "exported_le": "z",
            ])
        #expect(!text.contains("\u{1B}"))
    }

    @Test(arguments: [
        ("a.b-c", "a_b_c"), ("1st", "_1st"), ("", "_"), ("größe", "gr__e"), ("rule:x", "rule_x"), ("ok_9", "ok_9"),
    ])
    func `names are made to fit`(_ label: String, _ name: String) throws {
        Gauge(label: label, factory: metrics).record(1)
        #expect(try Scrape(metrics.text())[name] == 1)
    }

    @Test func `names that become the same are one metric, or told apart by kind`() throws {
        Counter(label: "a.b", factory: metrics).increment()
        Counter(label: "a_b_total", factory: metrics).increment()
        Gauge(label: "a_b_total", factory: metrics).record(5)
        Recorder(label: "c", factory: metrics).record(1)
        Gauge(label: "c_count", factory: metrics).record(6)
        Gauge(label: "c", factory: metrics).record(7)
        Timer(label: "d", factory: metrics).recordSeconds(1)
        Recorder(label: "d_seconds", factory: metrics).record(2)
        let scrape = try Scrape(metrics.text())
        #expect(scrape["a_b_total"] == 2)
        #expect(scrape["a_b_total_gauge"] == 5)
        #expect(scrape["c_count"] == 1 && scrape["c_count_gauge"] == 6 && scrape["c_gauge"] == 7)
        #expect(scrape["d_seconds_count"] == 2 && scrape["d_seconds_sum"] == 3)
    }

    @Test func `the order of labels does not matter, and a name twice is one`() throws {
        Counter(label: "x", dimensions: [("a", "1"), ("b", "2")], factory: metrics).increment()
        Counter(label: "x", dimensions: [("b", "2"), ("a", "1"), ("a", "3")], factory: metrics).increment()
        #expect(try Scrape(metrics.text())["x_total", ["a": "1", "b": "2"]] == 2)
    }
}
