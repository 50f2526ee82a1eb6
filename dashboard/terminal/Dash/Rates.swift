import JobModel
import JobStore

/// What goes in and out, from the differences of totals between two looks.
package struct Rates: Equatable, Sendable {
    /// The time between two looks.
    struct Sample: Equatable, Sendable {
        /// Jobs a second.
        var into: Double
        var out: Double
    }

    private struct Totals: Equatable {
        var into: Int
        var out: Int
    }

    /// As many as the widest terminal can show.
    static let kept = 120
    /// Of all queues, the newest last.
    private(set) var samples: [Sample] = []
    private var queues: [String: [Sample]] = [:]
    private var last: [String: Totals] = [:]
    private var lastMs = 0

    package init() {}

    /// Takes the totals of a look. One that is not later than the last says nothing.
    mutating func add(_ report: InfoReport) {
        let now = report.takenAtMs
        let totals = Dictionary(
            report.queues.map { ($0.name, Totals(into: $0.enqueuedTotal, out: $0.succeededTotal)) }
        ) { $1 }
        guard now > lastMs else { return }
        let seconds = Double(now - lastMs) / 1000
        let isFirst = lastMs == 0
        (lastMs, last, queues) = (now, totals, isFirst ? [:] : step(totals, seconds))
        if isFirst { return }
        let newest = queues.values.compactMap(\.last)
        samples.append(Sample(into: newest.reduce(0) { $0 + $1.into }, out: newest.reduce(0) { $0 + $1.out }))
        samples = samples.suffix(Self.kept)
    }

    /// A queue that is new has no rate yet; one whose totals fell was made anew.
    private func step(_ totals: [String: Totals], _ seconds: Double) -> [String: [Sample]] {
        var queues: [String: [Sample]] = [:]
        for (name, total) in totals {
            guard let before = last[name] else { continue }
            let sample = Sample(
                into: Double(max(0, total.into - before.into)) / seconds,
                out: Double(max(0, total.out - before.out)) / seconds)
            queues[name] = ((self.queues[name] ?? []) + [sample]).suffix(Self.kept)
        }
        return queues
    }

    /// Mean of the last looks, up to 5; nil before the second one.
    func now(_ queue: String? = nil) -> Sample? {
        let recent = (queue.map { queues[$0] ?? [] } ?? samples).suffix(5)
        guard !recent.isEmpty else { return nil }
        let count = Double(recent.count)
        return Sample(
            into: recent.reduce(0) { $0 + $1.into } / count, out: recent.reduce(0) { $0 + $1.out } / count)
    }

    /// `137.5`, or `0` where nothing at all moved.
    static func text(_ rate: Double?) -> String {
        guard let rate else { return "-" }
        if rate >= 1000 { return Quantity.count(Int(min(rate, 1e15))) }
        let tenths = Int((rate * 10).rounded())
        return tenths == 0 ? (rate > 0 ? "<0.1" : "0") : "\(tenths / 10).\(tenths % 10)"
    }
}

/// A row of numbers as small columns.
enum Sparkline {
    /// The last `width` numbers; the highest fills its column, and any number above zero is seen.
    static func text(_ numbers: [Double], width: Int, ascii: Bool) -> String {
        let shown = numbers.suffix(max(0, width))
        let blocks = Array(ascii ? " .:-=+*#" : "▁▂▃▄▅▆▇█")
        let top = shown.max() ?? 0
        let text = shown.map { number -> Character in
            guard number > 0, top > 0 else { return ascii ? "_" : "▁" }
            return blocks[min(7, max(1, Int((number / top * 7).rounded())))]
        }
        return String(text) + String(repeating: " ", count: max(0, width - shown.count))
    }
}
