import Foundation

/// What a run of the suite found: the median of each row, and what the machine was.
public struct BenchReport: Sendable {
    public struct Line: Encodable, Sendable {
        public var id: String
        public var title: String
        public var unit: String
        /// The median of all rounds.
        public var value: Double
        public var lowest: Double
        public var highest: Double
        /// Server and process, CPU of a job in µs.
        public var redisUs: Double?
        public var processUs: Double?
        /// The rate beside that of the bare commands of the same round's work, both medians.
        public var ofBare: Double?
        public var budget: String?
        public var isMet: Bool?
    }

    public let lines: [Line]
    /// What was measured where, in a line.
    public let setting: String

    init(_ figures: [Figure], rounds: Int, jobs: Int, redis: [String: String]) {
        let bare = figures.filter { $0.row == "bare" }.map(\.value).median
        lines = BenchSuite.rows.compactMap { row in
            let found = figures.filter { $0.row == row.id }
            guard let value = found.map(\.value).median else { return nil }
            return Line(
                id: row.id, title: row.title, unit: row.unit, value: value, lowest: found.map(\.value).min() ?? value,
                highest: found.map(\.value).max() ?? value, redisUs: found.compactMap(\.redis).median,
                processUs: found.compactMap(\.process).median,
                ofBare: row.id.hasPrefix("drain") ? bare.map { value / $0 } : nil,
                budget: row.budget.map(Self.words), isMet: row.budget?.isMet(by: value))
        }
        setting =
            "median of \(rounds), \(jobs) jobs; redis \(redis["redis_version"] ?? "?"), "
            + "appendonly \(redis["aof_enabled"] == "1" ? "yes" : "no"), delayed fsyncs \(redis["aof_delayed_fsync"] ?? "?"), "
            + "\(ProcessInfo.processInfo.activeProcessorCount) cores"
    }

    /// For a terminal.
    public var table: String {
        let rows =
            [["", "median", "", "lowest", "highest", "redis µs", "process µs", "of bare", "budget", ""]]
            + lines.map { line in
                [
                    line.title, Self.number(line.value), line.unit, Self.number(line.lowest), Self.number(line.highest),
                    Self.micros(line.redisUs), Self.micros(line.processUs),
                    line.ofBare.map { String(format: "%.2f", $0) } ?? "", line.budget ?? "",
                    line.isMet.map { $0 ? "met" : "missed" } ?? "",
                ]
            }
        return setting + "\n" + Self.aligned(rows)
    }

    /// For a page.
    public var markdown: String {
        let rows = lines.map { line in
            [
                line.title, "\(Self.number(line.value)) \(line.unit)",
                "\(Self.number(line.lowest)) – \(Self.number(line.highest))", Self.micros(line.redisUs),
                Self.micros(line.processUs), line.ofBare.map { String(format: "%.2f", $0) } ?? "",
                (line.budget ?? "") + (line.isMet.map { $0 ? " ✓" : " ✗" } ?? ""),
            ]
        }
        let head = ["what", "median", "lowest – highest", "Redis µs/job", "process µs/job", "of bare", "budget"]
        return ([head, head.map { _ in "---" }] + rows).map { "| \($0.joined(separator: " | ")) |" }
            .joined(separator: "\n") + "\n\n" + setting
    }

    static func cells(_ row: Row, _ value: Double, _ redis: Double?, _ process: Double?) -> [String] {
        [
            row.title.padding(toLength: 50, withPad: " ", startingAt: 0),
            (String(repeating: " ", count: 9) + number(value)).suffix(9) + " " + row.unit,
            redis.map { "redis \(micros($0)) µs" } ?? "", process.map { "process \(micros($0)) µs" } ?? "",
        ].filter { !$0.isEmpty }
    }

    private static func words(_ budget: Row.Budget) -> String {
        switch budget {
        case .atLeast(let limit): "≥ \(number(limit))"
        case .atMost(let limit): "≤ \(number(limit))"
        }
    }

    /// Three digits at least, and no more after the point than they need.
    private static func number(_ value: Double) -> String {
        String(format: value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value)
    }

    private static func micros(_ value: Double?) -> String { value.map { String(format: "%.2f", $0) } ?? "" }

    /// Texts to the left, the rest to the right.
    private static func aligned(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let space = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 || column == 2 ? cell.0 + space : space + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
