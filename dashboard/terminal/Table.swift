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

    let ellipsis: String
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

    /// The heading and a line for each row, as they fit into a page.
    mutating func page(_ rows: [Row], _ style: PageStyle) -> [String] {
        fit(rows, into: style.width)
        return [style.bold(heading)] + rows.map(line)
    }

    /// The line above the rows.
    package var heading: String { compose(columns.map(\.title)) }

    /// The line of a row.
    package func line(_ row: Row) -> String { compose(columns.map { $0.cell(row) }) }

    /// Columns of the terminal that its lines take.
    var width: Int { total }

    /// Puts a column in, once it is known how much room the others leave.
    mutating func insert(_ column: Column, at place: Int, _ rows: [Row]) {
        columns.insert(column, at: place)
        widths.insert(Self.width(of: column, rows), at: place)
    }

    private var total: Int { widths.reduce(0, +) + Self.gap.count * max(0, widths.count - 1) }

    private mutating func measure(_ rows: [Row]) {
        widths = columns.map { Self.width(of: $0, rows) }
    }

    private static func width(of column: Column, _ rows: [Row]) -> Int {
        rows.reduce(Width.printed(column.title)) { max($0, Width.printed(column.cell($1))) }
    }

    private func compose(_ cells: [String]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            if index > 0 { line += Self.gap }
            let text = Cut.middle(cell, to: widths[index], ellipsis: ellipsis)
            let space = String(repeating: " ", count: widths[index] - Width.printed(text))
            let isLast = index == cells.count - 1
            line += columns[index].side == .right ? space + text : isLast ? text : text + space
        }
        return line
    }
}
