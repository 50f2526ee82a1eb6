import JobModel
import JobStore

/// The page of `doctor`: report and size in, lines out. What was seen is wrapped between words; a cure stands on a line of
/// its own and is never cut, because it is there to be copied.
package struct DoctorPage {
    private let report: DoctorReport
    private let style: PageStyle
    private let nameWidth: Int

    package init(_ report: DoctorReport, _ style: PageStyle) {
        self.report = report
        self.style = style
        nameWidth = report.checks.map(\.id.count).max() ?? 0
    }

    package var lines: [String] { report.checks.flatMap(lines) + ["", summary] }

    /// `unknown`, the longest mark.
    private let markWidth = 7

    private func lines(_ row: DoctorReport.Row) -> [String] {
        let indent = markWidth + nameWidth + 4
        let texts = wrapped(Printable.oneLine(row.seen), into: max(20, style.width - indent))
        let space = String(repeating: " ", count: indent)
        let head = mark(row.status) + "  " + padded(Printable.oneLine(row.id), to: nameWidth) + "  "
        var lines = texts.enumerated().map { ($0 == 0 ? head : space) + $1 }
        if row.status != .ok, !row.cure.isEmpty { lines.append(space + arrow + Printable.oneLine(row.cure)) }
        if row.status == .fail, let name = row.allow { lines.append("\(space)\(arrow)or allow it: --allow \(name)") }
        return lines
    }

    private var arrow: String { style.hasUnicode ? "→ " : "> " }

    private func mark(_ status: Finding.Status) -> String {
        let text = padded(status.rawValue, to: markWidth)
        return switch status {
        case .ok: text
        case .warn, .unknown: style.warning(text)
        case .fail: style.failure(text)
        }
    }

    private var summary: String {
        let counts = Finding.Status.allCases.filter { report.count($0) > 0 }.map {
            "\(report.count($0)) \($0.rawValue)"
        }
        return "\(Quantity.of(report.checks.count, "check")): \(counts.joined(separator: ", "))"
    }

    private func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Lines of at most `width` characters; a longer word has a line for itself.
    private func wrapped(_ text: String, into width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.isEmpty ? [""] : lines
    }
}
