import JobModel
import JobStore
import TerminalDashboard

/// A dead job as it is printed, for people and as JSON: what `jobs show` has, and its group.
struct DeadSheet: Encodable {
    var job: JobSheet
    var group: String

    private enum CodingKeys: String, CodingKey { case group }

    init(_ view: JobView, queue: QueueName) {
        job = JobSheet(view, queue: queue)
        group = "\(DeadGroup(name: job.name, view.errors.last ?? ErrorEntry()))"
    }

    func encode(to encoder: any Encoder) throws {
        try job.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(group, forKey: .group)
    }

    func lines(now: Int, plain: Bool) -> [String] {
        let lines = ["group       \(group)"] + job.lines(now: now)
        if !plain { return lines }
        // What is indented belongs to the line before it.
        return lines.map { line in
            guard let end = line.firstIndex(of: " "), line.first != " " else { return line }
            return "\(line[..<end])\t\(line[end...].drop { $0 == " " })"
        }
    }
}

/// A page of `dead ls` as JSON.
struct DeadListing: Encodable {
    var items: [DeadSheet]
    /// Where the next page begins; nil at the end.
    var nextCursor: String?
    /// How many jobs were looked at.
    var searched: Int
    var complete: Bool

    init(items: [DeadSheet], _ page: JobPage) {
        self.items = items
        nextCursor = page.next?.cursor
        searched = page.searched
        complete = page.next == nil
    }
}

/// The list of `dead ls`.
struct DeadPage {
    private let sheets: [DeadSheet]
    /// ms since 1970 by Redis' clock.
    private let now: Int

    init(_ sheets: [DeadSheet], now: Int) {
        self.sheets = sheets
        self.now = now
    }

    private static let titles = ["ID", "NAME", "REASON", "FAILED", "AGO", "ERROR"]

    /// `width` is that of the terminal; nil when there is none: then nothing is cut.
    func lines(width: Int?, plain: Bool = false) -> [String] {
        if plain { return Plain.lines([Self.titles + ["GROUP"]] + sheets.map { row($0, limit: .max) + [$0.group] }) }
        if sheets.isEmpty { return ["no dead jobs"] }
        let rows = [Self.titles] + sheets.map { row($0, limit: 200) }
        let widths = (0..<5).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { row in
            let head = (0..<5).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            let line = (head + [row[5]]).joined(separator: "  ")
            guard let width, line.count > max(width, 40) else { return line }
            return line.prefix(max(width, 40) - 1) + "…"
        }
    }

    private func row(_ sheet: DeadSheet, limit: Int) -> [String] {
        let last = sheet.job.runs.last
        return [
            sheet.job.id, sheet.job.name ?? "-", sheet.job.lastReason ?? "-", "\(sheet.job.attempts)",
            last?.endedMs.map { Quantity.time(ms: now - $0) } ?? "-",
            (last?.message ?? "").replacing("\n", with: " "),
        ].map { Printable.oneLine($0, limit: limit) }
    }
}

/// The list of `dead groups`.
struct DeadGroupsPage {
    let report: DeadGroupsReport
    /// ms since 1970 by Redis' clock.
    private let now: Int

    init(_ groups: DeadGroups) { (report, now) = (DeadGroupsReport(groups), groups.now) }

    /// `width` is that of the terminal; nil when there is none: then nothing is cut.
    func lines(width: Int?, plain: Bool = false) -> [String] {
        let titles = ["COUNT", "FIRST", "LAST", "GROUP", "REASON", "LAST ERROR"]
        if plain { return Plain.lines([titles] + report.items.map { row($0, limit: .max) }) }
        if report.items.isEmpty { return ["no dead jobs"] }
        let sides: [Table<[String]>.Side] = [.right, .right, .right, .left, .left, .left]
        let keep = [0, 4, 2, 1, 3, 5]
        var table = Table<[String]>(
            columns: titles.indices.map { index in
                .init(titles[index], sides[index], keep: keep[index]) { $0[index] }
            })
        let rows = report.items.map { row($0, limit: index(of: width)) }
        table.fit(rows, into: width ?? .max)
        return [table.heading] + rows.map(table.line)
    }

    /// How much of an error a row has room for.
    private func index(of width: Int?) -> Int { max(20, (width ?? 1000) - 60) }

    private func row(_ row: DeadGroupsReport.Row, limit: Int) -> [String] {
        func ago(_ ms: Int?) -> String { ms.map { Quantity.time(ms: now - $0) } ?? "-" }
        let error = [row.type, row.message].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
            .replacing("\n", with: " ")
        return [
            "\(row.count)", ago(row.firstMs), ago(row.lastMs), row.group ?? "unknown", row.reason ?? "-", error,
        ].map { Printable.oneLine($0, limit: limit) }
    }
}

/// Rows for programs.
enum Plain {
    /// Cells with a tab between them; there is none inside one.
    static func lines(_ rows: [[String]]) -> [String] { rows.map { $0.joined(separator: "\t") } }
}
