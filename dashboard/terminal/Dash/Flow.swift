import JobStore

/// What came, ended and failed in the last quarter of an hour, all queues together, as the store wrote it down.
package struct Flow: Equatable, Sendable {
    /// As many as there are samples of a queue: ten seconds each, the newest last. In a second.
    static let columns = 90

    private(set) var into = [Double](repeating: 0, count: columns)
    private(set) var out = [Double](repeating: 0, count: columns)
    private(set) var failed = [Double](repeating: 0, count: columns)

    /// nil of a report that was asked for without series.
    init?(_ report: InfoReport) {
        guard report.queues.contains(where: { $0.series != nil }) else { return nil }
        for point in report.queues.flatMap({ $0.series ?? [] }) { add(point, now: report.takenAtMs) }
    }

    /// Each queue is sampled at moments of its own: a column gets the part of a rate that falls into it.
    private mutating func add(_ point: InfoReport.Point, now: Int) {
        let width = Double(RateSample.quarter) / Double(Self.columns)
        let begin = Double(now - RateSample.quarter)
        let from = max(0, (Double(point.sinceMs) - begin) / width)
        let to = min(Double(Self.columns), (Double(point.atMs) - begin) / width)
        guard from < to else { return }
        for column in Int(from)..<Int(to.rounded(.up)) {
            let share = min(to, Double(column + 1)) - max(from, Double(column))
            into[column] += point.into * share
            out[column] += point.out * share
            failed[column] += point.failed * share
        }
    }
}

/// A row of numbers as small columns.
enum Sparkline {
    /// All the numbers in at most `width` columns, as means where there are more of them. The highest fills its column, and
    /// any number above zero is seen.
    static func text(_ numbers: [Double], width: Int, ascii: Bool) -> String {
        let shown = fold(numbers, into: min(width, numbers.count))
        let blocks = Array(ascii ? " .:-=+*#" : "▁▂▃▄▅▆▇█")
        let top = shown.max() ?? 0
        let text = shown.map { number -> Character in
            guard number > 0, top > 0 else { return ascii ? "_" : "▁" }
            return blocks[min(7, max(1, Int((number / top * 7).rounded())))]
        }
        return String(text)
    }

    private static func fold(_ numbers: [Double], into width: Int) -> [Double] {
        (0..<max(0, width)).map { column in
            let part = numbers[column * numbers.count / width..<(column + 1) * numbers.count / width]
            return part.reduce(0, +) / Double(part.count)
        }
    }
}
