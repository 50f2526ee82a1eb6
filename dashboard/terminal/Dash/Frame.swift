/// A colour of the sixteen that people have set up for their terminal. There is no white, no black and no background: what
/// is light on somebody's screen is dark on another's.
package enum Colour: Int, Sendable {
    case plain = 39
    case red = 31
    case green = 32
    case yellow = 33
    case blue = 34
    case magenta = 35
    case cyan = 36
}

/// How a text looks. Nothing is told by colour alone.
package struct Style: Equatable, Sendable {
    package var colour = Colour.plain
    package var isBold = false
    package var isDim = false
    package var isReversed = false

    package init(_ colour: Colour = .plain, bold: Bool = false, dim: Bool = false, reversed: Bool = false) {
        self.colour = colour
        isBold = bold
        isDim = dim
        isReversed = reversed
    }

    static let plain = Style()
    static let bold = Style(bold: true)
    static let dim = Style(dim: true)
}

/// One place of a terminal.
package struct Cell: Equatable, Sendable {
    package var glyph = Glyph.blank
    package var style = Style.plain
}

/// Columns and rows; none is below 1.
package struct Extent: Equatable, Sendable {
    package var width: Int
    package var height: Int

    package init(_ width: Int, _ height: Int) {
        self.width = max(1, width)
        self.height = max(1, height)
    }
}

/// A piece of text in one style.
package struct Span: Equatable, Sendable {
    package var text: String
    package var style: Style

    package init(_ text: String, _ style: Style = .plain) {
        self.text = text
        self.style = style
    }
}

/// Text of one row.
package typealias Line = [Span]

/// A whole screen. It holds glyphs only, so nothing that is drawn into it can reach beyond it, or do anything to a terminal.
package struct Frame: Equatable, Sendable {
    package let size: Extent
    package private(set) var cells: [Cell]
    /// For each row of the screen the row of the list that it shows: what a click means.
    package var rows: [Int?]
    private let isASCII: Bool

    package init(_ size: Extent, ascii: Bool = false) {
        self.size = size
        isASCII = ascii
        cells = Array(repeating: Cell(), count: size.width * size.height)
        rows = Array(repeating: nil, count: size.height)
    }

    package subscript(x: Int, y: Int) -> Cell { cells[y * size.width + x] }

    /// Draws a text; what is beyond `limit` columns or the frame is left out. Answers the columns that it took.
    @discardableResult
    package mutating func put(_ text: String, _ x: Int, _ y: Int, _ style: Style = .plain, limit: Int = .max) -> Int {
        guard y >= 0, y < size.height, x >= 0, x < size.width, limit > 0 else { return 0 }
        let end = limit > size.width - x ? size.width : x + limit
        var column = x
        for glyph in Glyph.all(in: text) {
            let glyph = isASCII ? glyph.plain : glyph
            guard column + glyph.width <= end else { break }
            set(Cell(glyph: glyph, style: style), column, y)
            column += glyph.width
        }
        return column - x
    }

    /// Draws pieces of text one behind the other.
    @discardableResult
    package mutating func put(_ line: Line, _ x: Int, _ y: Int, limit: Int = .max) -> Int {
        var used = 0
        for span in line where used < limit {
            used += put(span.text, x + used, y, span.style, limit: limit == .max ? .max : limit - used)
        }
        return used
    }

    /// Gives a stretch of a row another style, whatever stands there.
    package mutating func restyle(_ y: Int, from x: Int = 0, _ change: (inout Style) -> Void) {
        guard y >= 0, y < size.height, x >= 0, x < size.width else { return }
        for index in (y * size.width + x)..<((y + 1) * size.width) { change(&cells[index].style) }
    }

    /// Shows a row in reverse, without its colours: they would become backgrounds. Bars stay as they are.
    mutating func select(_ y: Int) {
        guard y >= 0, y < size.height else { return }
        for index in (y * size.width)..<((y + 1) * size.width) where !cells[index].glyph.isBlock {
            cells[index].style = Style(bold: cells[index].style.isBold, reversed: true)
        }
    }

    /// The rows as text, without blanks at the end.
    package var lines: [String] {
        (0..<size.height).map { y in
            let text = (0..<size.width).map { self[$0, y].glyph.text }.joined()
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
    }

    private mutating func set(_ cell: Cell, _ x: Int, _ y: Int) {
        let index = y * size.width + x
        // Half of a wide character cannot stay.
        if cells[index].glyph.width == 0, x > 0 { cells[index - 1].glyph = .blank }
        if x + cell.glyph.width < size.width, cells[index + cell.glyph.width].glyph.width == 0 {
            cells[index + cell.glyph.width].glyph = .blank
        }
        cells[index] = cell
        if cell.glyph.width == 2 { cells[index + 1] = Cell(glyph: .covered, style: cell.style) }
    }
}
