/// How a page may look.
package struct PageStyle: Sendable, Equatable {
    /// Columns of the terminal.
    package var width: Int
    package var hasColour: Bool
    /// Block characters for bars, else `#`.
    package var hasUnicode: Bool

    package init(width: Int = 80, hasColour: Bool = false, hasUnicode: Bool = true) {
        self.width = width
        self.hasColour = hasColour
        self.hasUnicode = hasUnicode
    }

    func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func warning(_ text: String) -> String { hasColour ? "\u{1B}[33m\(text)\u{1B}[0m" : text }
    func failure(_ text: String) -> String { hasColour ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    /// As much of a line as there is room for.
    func cut(_ line: String) -> String { Cut.end(line, to: width, ellipsis: ellipsis) }

    /// One character for what is left out.
    var ellipsis: String { hasUnicode ? "…" : "~" }
}
