/// Draws a list into some rows of a frame: heading, the rows around the one that is in focus, and what is below.
struct ListingPage {
    let listing: Listing
    /// nil: nothing is in focus.
    var focus: Int?
    var marks: Set<JobRef> = []
    let isASCII: Bool

    private static let gap = 2
    /// A sign for the row in focus where nothing can be reversed, and the sign of a mark.
    private static let gutter = 2

    /// Draws into the rows of `rows`, and says in the frame which row of the list is where.
    func draw(into frame: inout Frame, _ rows: Range<Int>) {
        guard !rows.isEmpty else { return }
        guard !listing.keys.isEmpty else {
            frame.put(listing.empty, Self.gutter, rows.lowerBound, .dim)
            return
        }
        let hasHeading = rows.count > 2
        let hasFooter = !listing.footer.isEmpty && rows.count > 4
        let visible = rows.count - (hasHeading ? 1 : 0) - (hasFooter ? 1 : 0)
        let top = Self.top(focus: focus ?? 0, count: listing.keys.count, visible: visible)
        let shown = top..<min(listing.keys.count, top + visible)
        let widths = fit(shown, into: frame.size.width - Self.gutter)
        var y = rows.lowerBound
        if hasHeading {
            heading(&frame, y, widths)
            y += 1
        }
        for row in shown {
            self.row(row, &frame, y, widths)
            y += 1
        }
        if hasFooter { frame.put(listing.footer, Self.gutter, y, .dim) }
    }

    /// The first row that is shown: the one in focus stands in the middle, except at the ends of the list.
    static func top(focus: Int, count: Int, visible: Int) -> Int {
        max(0, min(focus - visible / 2, count - visible))
    }

    private func heading(_ frame: inout Frame, _ y: Int, _ widths: [(index: Int, width: Int)]) {
        var x = Self.gutter
        for (index, width) in widths {
            let column = listing.columns[index]
            let title = column.legend?(width) ?? [Span(column.title + arrow(index), .bold)]
            let used = title.reduce(0) { $0 + Width.of($1.text) }
            frame.put(title, column.side == .right ? x + max(0, width - used) : x, y, limit: width)
            x += width + Self.gap
        }
    }

    private func arrow(_ index: Int) -> String {
        guard listing.order.column == index else { return "" }
        return listing.order.isReversed ? (isASCII ? "^" : "▲") : (isASCII ? "v" : "▼")
    }

    private func row(_ row: Int, _ frame: inout Frame, _ y: Int, _ widths: [(index: Int, width: Int)]) {
        var x = Self.gutter
        for (index, width) in widths {
            let column = listing.columns[index]
            let cell = column.stretch?(row, width) ?? shorten(column.cell(row), column, to: width)
            let used = cell.reduce(0) { $0 + Width.of($1.text) }
            frame.put(cell, column.side == .right ? x + max(0, width - used) : x, y, limit: width)
            x += width + Self.gap
        }
        frame.rows[y] = focus == nil ? nil : row
        if marks.contains(listing.keys[row]) { frame.put("*", 1, y, .bold) }
        guard row == focus else { return }
        frame.select(y)
    }

    private func shorten(_ line: Line, _ column: Listing.Column, to width: Int) -> Line {
        guard line.count == 1, !column.isOpen else { return line }
        return [Span(Cut.middle(line[0].text, to: width, ellipsis: isASCII ? "~" : "…"), line[0].style)]
    }

    // MARK: Widths

    /// Which columns there is room for, and how much each gets.
    private func fit(_ shown: Range<Int>, into room: Int) -> [(index: Int, width: Int)] {
        var widths = listing.columns.enumerated().map { index, column in
            let longest = shown.reduce(Width.of(column.title + arrow(index))) { longest, row in
                max(longest, column.cell(row).reduce(0) { $0 + Width.of($1.text) })
            }
            return (
                index: index,
                width: column.isOpen ? max(column.title.count, min(longest, 12)) : min(longest, column.most)
            )
        }
        func total() -> Int { widths.reduce(0) { $0 + $1.width } + Self.gap * max(0, widths.count - 1) }
        func keep(_ place: Int) -> Int { listing.columns[widths[place].index].keep }
        while total() > room, let last = widths.indices.max(by: { keep($0) < keep($1) }), keep(last) > 0 {
            widths.remove(at: last)
        }
        if let open = widths.indices.first(where: { listing.columns[widths[$0].index].isOpen }) {
            widths[open].width += max(0, room - total())
        }
        if total() > room, !widths.isEmpty { widths[0].width = max(1, widths[0].width - (total() - room)) }
        return widths
    }
}
