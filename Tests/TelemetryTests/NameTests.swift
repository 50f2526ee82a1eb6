import Foundation
import JobModel
import Testing

@Suite struct NameTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
    }

    /// Names of ours in a text, without what histograms add to them.
    private func names(in text: String) -> Set<String> {
        Set(text.matches(of: /\b(jobqueue|http)_[a-z_]+[a-z]\b/).map { String($0.0) })
    }

    @Test func `the guide tells of every metric, and of no other`() throws {
        #expect(names(in: try text("Docs/metrics.md")) == Set(Metric.allCases.map(\.rawValue)))
    }

    @Test func `the alert rules are about metrics that there are`() throws {
        let names = names(in: try text("Examples/prometheus/alerts.yaml"))
        #expect(names.count > 8)
        #expect(names.subtracting(Metric.allCases.map(\.rawValue)) == [])
    }

    @Test func `the alert rules are ones that Prometheus takes, where promtool is installed`() throws {
        guard let promtool = Promtool() else { return }
        let rules = Self.root.appending(path: "Examples/prometheus/alerts.yaml").path
        let (status, words) = try promtool.run(["check", "rules", rules])
        #expect(status == 0, "\(words)")
    }

    @Test func `names are as Prometheus wants them`() {
        for metric in Metric.allCases {
            #expect(metric.rawValue.wholeMatch(of: /[a-z][a-z_]*[a-z]/) != nil)
            #expect(metric.help.hasSuffix(".") && metric.help.count < 100, "\(metric)")
        }
    }
}
