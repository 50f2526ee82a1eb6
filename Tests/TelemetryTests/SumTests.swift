import CoreMetrics
import Foundation
import JobModel
import Telemetry
import TestSupport
import Testing

@Suite struct SumTests {
    private func process(_ body: (PrometheusMetrics) -> Void) throws -> [MetricFamily] {
        let metrics = PrometheusMetrics()
        body(metrics)
        // As it goes from one process to another.
        return try JSONDecoder().decode([MetricFamily].self, from: JSONEncoder().encode(metrics.families))
    }

    @Test func `several processes count as one`() throws {
        let one = try process { metrics in
            Counter(label: "c", dimensions: [("q", "a")], factory: metrics).increment(by: 2)
            Meter(label: "slots", factory: metrics).set(4)
            Meter(label: "build_info", dimensions: [("v", "1")], factory: metrics).set(1)
            Timer(label: "t", factory: metrics).recordSeconds(1)
        }
        let two = try process { metrics in
            Counter(label: "c", dimensions: [("q", "a")], factory: metrics).increment(by: 3)
            Counter(label: "c", dimensions: [("q", "b")], factory: metrics).increment(by: 5)
            Meter(label: "slots", factory: metrics).set(6)
            Meter(label: "build_info", dimensions: [("v", "1")], factory: metrics).set(1)
            Timer(label: "t", factory: metrics).recordSeconds(60)
            Timer(label: "only", factory: metrics).recordSeconds(1)
        }
        let scrape = try Scrape(TextFormat.text(MetricFamily.sum([one, two])))
        #expect(scrape["c_total", ["q": "a"]] == 5 && scrape["c_total", ["q": "b"]] == 5)
        #expect(scrape["slots"] == 10)
        #expect(scrape["build_info", ["v": "1"]] == 1)
        #expect(scrape["t_seconds_sum"] == 61 && scrape["t_seconds_bucket", ["le": "1"]] == 1)
        #expect(scrape["t_seconds_count"] == 2 && scrape["only_seconds_count"] == 1)
    }

    @Test func `what a process counted stays when it is gone, and what it was does not`() throws {
        let gone = try process { metrics in
            Counter(label: "c", factory: metrics).increment(by: 2)
            Meter(label: "slots", factory: metrics).set(4)
        }
        let scrape = try Scrape(TextFormat.text(MetricFamily.totals(gone)))
        #expect(scrape["c_total"] == 2 && scrape["slots"] == nil)
    }
}
