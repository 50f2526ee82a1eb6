/// Columns of text, as wide as their widest cell. What does not fit into a line is left out, least important first.
package struct Table<Row> {
    /// Where a cell stands in its column.
    package enum Side { case left, right }

    /// One column: its heading, and what stands in it.
    package struct Column {
        /// The heading.
        package var title: String
        /// Numbers stand on the right.
        package var side: Side
        /// 0 is never left out; the largest number goes first.
        package var keep: Int
        /// Text that a terminal may be shown.
        package var cell: (Row) -> String

        /// Parts as they are described above.
        package init(_ title: String, _ side: Side = .right, keep: Int, cell: @escaping (Row) -> String) {
            self.title = title
            self.side = side
            self.keep = keep
            self.cell = cell
        }
    }

    private let ellipsis: String
    private var columns: [Column]
    private var widths: [Int] = []
    private static var gap: String { "  " }

    /// `ellipsis`, one character, stands for what is left out of a cell.
    package init(ellipsis: String = "…", columns: [Column]) {
        self.ellipsis = ellipsis
        self.columns = columns
    }

    /// Measures the rows and leaves out what does not fit. A first column that is still too wide is cut in its middle.
    package mutating func fit(_ rows: [Row], into width: Int) {
        measure(rows)
        while total > width, let last = columns.indices.max(by: { columns[$0].keep < columns[$1].keep }),
            columns[last].keep > 0
        {
            columns.remove(at: last)
            measure(rows)
        }
        if total > width { widths[0] = max(4, widths[0] - (total - width)) }
    }

    /// The line above the rows.
    package var heading: String { compose(columns.map(\.title)) }

    /// The line of a row.
    package func line(_ row: Row) -> String { compose(columns.map { $0.cell(row) }) }

    private var total: Int { widths.reduce(0, +) + Self.gap.count * max(0, widths.count - 1) }

    private mutating func measure(_ rows: [Row]) {
        widths = columns.map { column in rows.reduce(column.title.count) { max($0, column.cell($1).count) } }
    }

    private func compose(_ cells: [String]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            if index > 0 { line += Self.gap }
            let text = shorten(cell, to: widths[index])
            let space = String(repeating: " ", count: widths[index] - text.count)
            let isLast = index == cells.count - 1
            line += columns[index].side == .right ? space + text : isLast ? text : text + space
        }
        return line
    }

    /// `report.yearly.summary` becomes `report…ummary`: both ends tell names apart.
    private func shorten(_ text: String, to width: Int) -> String {
        guard text.count > width else { return text }
        let tail = (width - 1) / 2
        return String(text.prefix(width - 1 - tail)) + ellipsis + String(text.suffix(tail))
    }
}
