/// Draws a list into some rows of a frame: heading, the rows around the one that is in focus, and what is below.
struct ListingPage {
    let listing: Listing
    /// nil: nothing is in focus.
    var focus: Int?
    var marks: Set<JobRef> = []
    let isASCII: Bool

    private static let gap = 2
    /// Columns for the sign of a mark; none where every column counts.
    private static func gutter(_ frame: Frame) -> Int { frame.size.width < 12 ? 0 : 2 }

    /// Draws into the rows of `rows`, and says in the frame which row of the list is where.
    func draw(into frame: inout Frame, _ rows: Range<Int>) {
        guard !rows.isEmpty else { return }
        guard !listing.keys.isEmpty else {
            frame.put(listing.empty, Self.gutter(frame), rows.lowerBound, .dim)
            return
        }
        let hasHeading = rows.count > 2
        let hasFooter = !listing.footer.isEmpty && rows.count > 4
        let visible = rows.count - (hasHeading ? 1 : 0) - (hasFooter ? 1 : 0)
        let top = Self.top(focus: focus ?? 0, count: listing.keys.count, visible: visible)
        let shown = top..<min(listing.keys.count, top + visible)
        let widths = fit(shown, into: frame.size.width - Self.gutter(frame))
        var y = rows.lowerBound
        if hasHeading {
            heading(&frame, y, widths)
            y += 1
        }
        for row in shown {
            self.row(row, &frame, y, widths)
            y += 1
        }
        if hasFooter { frame.put(listing.footer, Self.gutter(frame), y, .dim) }
    }

    /// The first row that is shown: the one in focus stands in the middle, except at the ends of the list.
    static func top(focus: Int, count: Int, visible: Int) -> Int {
        max(0, min(focus - visible / 2, count - visible))
    }

    private func heading(_ frame: inout Frame, _ y: Int, _ widths: [(index: Int, width: Int)]) {
        var x = Self.gutter(frame)
        for (index, width) in widths {
            let column = listing.columns[index]
            let title = column.legend?(width) ?? [Span(column.title + arrow(index), .bold)]
            let used = title.reduce(0) { $0 + Width.of($1.text) }
            frame.put(title, column.side == .right ? x + max(0, width - used) : x, y, limit: width)
            x += width + Self.gap
        }
    }

    private func arrow(_ index: Int) -> String {
        guard listing.order.column == listing.columns[index].title else { return "" }
        return listing.order.isReversed ? (isASCII ? "^" : "▲") : (isASCII ? "v" : "▼")
    }

    private func row(_ row: Int, _ frame: inout Frame, _ y: Int, _ widths: [(index: Int, width: Int)]) {
        var x = Self.gutter(frame)
        for (index, width) in widths {
            let column = listing.columns[index]
            let cell = column.stretch?(row, width) ?? shorten(column.cell(row), column, to: width)
            let used = cell.reduce(0) { $0 + Width.of($1.text) }
            frame.put(cell, column.side == .right ? x + max(0, width - used) : x, y, limit: width)
            x += width + Self.gap
        }
        frame.rows[y] = focus == nil ? nil : row
        if Self.gutter(frame) > 1, marks.contains(listing.keys[row]) { frame.put("*", 1, y, .bold) }
        guard row == focus else { return }
        frame.select(y)
    }

    private func shorten(_ line: Line, _ column: Listing.Column, to width: Int) -> Line {
        guard line.count == 1, !column.isOpen else { return line }
        return [Span(Cut.middle(line[0].text, to: width, ellipsis: isASCII ? "~" : "…"), line[0].style)]
    }

    // MARK: Widths

    /// A column that there is room for.
    private struct Place {
        var index: Int
        /// What it gets.
        var width: Int
        /// What it could use.
        var wish: Int
    }

    /// Which columns there is room for, and how much each gets.
    private func fit(_ shown: Range<Int>, into room: Int) -> [(index: Int, width: Int)] {
        var places = listing.columns.enumerated().map { index, column in
            let longest = shown.reduce(Width.of(column.title + arrow(index))) { longest, row in
                max(longest, column.cell(row).reduce(0) { $0 + Width.of($1.text) })
            }
            let width = column.isOpen ? max(column.title.count, min(longest, 12)) : min(longest, column.most)
            return Place(index: index, width: width, wish: column.stretch == nil ? longest : column.most)
        }
        func spare() -> Int { room - places.reduce(0) { $0 + $1.width } - Self.gap * max(0, places.count - 1) }
        func keep(_ place: Int) -> Int { listing.columns[places[place].index].keep }
        while spare() < 0, let last = places.indices.max(by: { keep($0) < keep($1) }), keep(last) > 0 {
            places.remove(at: last)
        }
        // What takes the rest comes first, then those that were cut.
        let isOpen = { (place: Int) in listing.columns[places[place].index].isOpen }
        for place in places.indices.filter(isOpen) + places.indices.filter({ !isOpen($0) }) {
            places[place].width += max(0, min(spare(), places[place].wish - places[place].width))
        }
        if spare() < 0, !places.isEmpty { places[0].width = max(1, places[0].width + spare()) }
        return places.map { ($0.index, $0.width) }
    }
}
