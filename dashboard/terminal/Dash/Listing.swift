/// A list on the screen: which rows there are, in order, and how they look. It does not know what they are of.
struct Listing {
    enum Side { case left, right }

    struct Column {
        var title: String
        var side = Side.left
        /// 0 is never left out; the largest number goes first.
        var keep = 0
        /// Takes what the others leave, and is cut at its end. One at most.
        var isOpen = false
        var isSortable = false
        /// Widest; what is longer is cut in its middle. Of an open column only where it stretches.
        var most = Int.max
        var cell: (Int) -> Line
        /// Instead of the cell, for a column that takes what the others leave: draws into so many columns.
        var stretch: ((Int, Int) -> Line)?
        /// Instead of the title, likewise.
        var legend: ((Int) -> Line)?
    }

    var columns: [Column]
    /// What each row stands for.
    var keys: [JobRef] = []
    /// Why there is nothing, where there is nothing.
    var empty = ""
    /// Below the heading and above the rows nothing; below the rows this.
    var footer = ""
    var order = Order()

    init(columns: [Column] = [], keys: [JobRef] = [], empty: String = "", footer: String = "", order: Order = Order()) {
        self.columns = columns
        self.keys = keys
        self.empty = empty
        self.footer = footer
        self.order = order
    }
}

/// A column of a list of some kind.
struct ColumnOf<Row> {
    var title: String
    var side: Listing.Side
    var keep: Int
    var isWide = false
    var isOpen = false
    var most = Int.max
    var cell: (Row) -> Line
    var stretch: ((Row, Int) -> Line)?
    var legend: ((Int) -> Line)?
    /// Does the first stand before the second? nil: the column cannot be sorted by.
    var before: ((Row, Row) -> Bool)?

    /// Text, sorted by itself.
    static func text(
        _ title: String, keep: Int, wide: Bool = false, open: Bool = false, most: Int = .max,
        _ style: @escaping (Row) -> Style = { _ in .plain }, _ text: @escaping (Row) -> String
    ) -> ColumnOf {
        ColumnOf(
            title: title, side: .left, keep: keep, isWide: wide, isOpen: open, most: most,
            cell: { [Span(text($0), style($0))] }, before: { text($0) < text($1) })
    }

    /// A number, the largest first.
    static func number(
        _ title: String, keep: Int, wide: Bool = false, _ style: @escaping (Row) -> Style = { _ in .plain },
        by number: @escaping (Row) -> Double, _ text: @escaping (Row) -> String
    ) -> ColumnOf {
        ColumnOf(
            title: title, side: .right, keep: keep, isWide: wide, cell: { [Span(text($0), style($0))] },
            before: { number($0) > number($1) })
    }
}

extension Listing {
    /// Rows that a filter left, sorted. `hasRoom`: columns that are seldom wanted are shown too.
    init<Row>(
        _ rows: [Row], _ columns: [ColumnOf<Row>], order: Order, isWide: Bool, hasRoom: Bool = false,
        key: (Row) -> JobRef
    ) {
        let columns = columns.filter { isWide || hasRoom || !$0.isWide }
        var rows = rows
        if let before = columns.first(where: { $0.title == order.column })?.before {
            // Stable, so that equal rows keep the order that they came in.
            let sorted = rows.enumerated().sorted { left, right in
                if before(left.element, right.element) { return !order.isReversed }
                if before(right.element, left.element) { return order.isReversed }
                return left.offset < right.offset
            }
            rows = sorted.map(\.element)
        }
        let shown = rows
        self.init(
            columns: columns.map { column in
                Column(
                    title: column.title, side: column.side, keep: column.keep, isOpen: column.isOpen,
                    isSortable: column.before != nil,
                    most: isWide ? .max : column.most, cell: { column.cell(shown[$0]) },
                    stretch: column.stretch.map { draw in { draw(shown[$0], $1) } }, legend: column.legend)
            },
            keys: rows.map(key), order: order)
    }
}
