import JobModel
import TerminalDashboard

/// The list of `dead ls`.
struct DeadPage {
    private let sheets: [JobSheet]
    /// ms since 1970 by Redis' clock.
    private let now: Int

    init(_ sheets: [JobSheet], now: Int) {
        self.sheets = sheets
        self.now = now
    }

    /// `width` is that of the terminal; nil when there is none: then nothing is cut.
    func lines(width: Int?) -> [String] {
        if sheets.isEmpty { return ["no dead jobs"] }
        let rows = [["ID", "NAME", "REASON", "FAILED", "AGO", "ERROR"]] + sheets.map(row)
        let widths = (0..<5).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { row in
            let head = (0..<5).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            let line = (head + [row[5]]).joined(separator: "  ")
            guard let width, line.count > max(width, 40) else { return line }
            return line.prefix(max(width, 40) - 1) + "…"
        }
    }

    private func row(_ sheet: JobSheet) -> [String] {
        let last = sheet.runs.last
        return [
            sheet.id, sheet.name ?? "-", sheet.lastReason ?? "-", "\(sheet.attempts)",
            last?.endedMs.map { Quantity.time(ms: now - $0) } ?? "-", last?.message ?? "",
        ].map { Printable.oneLine($0, limit: 200) }
    }
}
