/// Turns frames into bytes for a terminal: only what differs from the frame before, between the marks of a synchronized
/// update, so that nobody sees half a frame.
package struct Renderer: Sendable {
    private let hasColour: Bool
    private var shown: Frame?

    package init(hasColour: Bool) { self.hasColour = hasColour }

    /// Forgets what the terminal shows: somebody else wrote there.
    package mutating func forget() { shown = nil }

    /// What makes the terminal show a frame; empty when it does already.
    package mutating func draw(_ frame: Frame) -> [UInt8] {
        let old = shown.flatMap { $0.size == frame.size ? $0 : nil }
        shown = frame
        var out = old == nil ? "\u{1B}[0m\u{1B}[2J" : ""
        var pen = Pen(hasColour: hasColour)
        for y in 0..<frame.size.height { Self.draw(row: y, of: frame, over: old, &pen, &out) }
        guard !out.isEmpty else { return [] }
        if pen.style != .plain { out += "\u{1B}[0m" }
        return Array("\u{1B}[?2026h\(out)\u{1B}[?2026l".utf8)
    }

    private static func draw(row y: Int, of frame: Frame, over old: Frame?, _ pen: inout Pen, _ out: inout String) {
        var place: Int?
        for x in 0..<frame.size.width {
            let cell = frame[x, y]
            // A covered cell is drawn by the one on its left, which differs whenever this one does or did.
            guard cell.glyph.width > 0, isStale(x, y, frame, old) else { continue }
            if place != x { out += "\u{1B}[\(y + 1);\(x + 1)H" }
            out += pen.change(to: cell.style)
            out += cell.glyph.text
            place = x + cell.glyph.width
        }
    }

    private static func isStale(_ x: Int, _ y: Int, _ frame: Frame, _ old: Frame?) -> Bool {
        guard let old else { return frame[x, y] != Cell() }
        return (x..<x + frame[x, y].glyph.width).contains { frame[$0, y] != old[$0, y] }
    }
}

/// The style that the terminal writes in.
private struct Pen {
    let hasColour: Bool
    var style = Style.plain

    mutating func change(to next: Style) -> String {
        guard next != style else { return "" }
        style = next
        var codes = ["0"]
        if next.isBold { codes.append("1") }
        if next.isDim { codes.append("2") }
        if next.isReversed { codes.append("7") }
        if hasColour, next.colour != .plain { codes.append("\(next.colour.rawValue)") }
        return "\u{1B}[\(codes.joined(separator: ";"))m"
    }
}
