@testable import TerminalDashboard

/// A terminal that knows what the renderer uses, and nothing else: anything else is a mistake of the renderer.
struct Emulator {
    private(set) var cells: [[Cell]]
    private var x = 0
    private var y = 0
    private var style = Style()
    /// What it did not understand.
    private(set) var unknown: [String] = []

    init(size: Extent) { cells = Array(repeating: Array(repeating: Cell(), count: size.width), count: size.height) }

    /// The rows that a terminal shows once it got these bytes.
    static func screen(size: Extent, _ bytes: [UInt8]) -> [String] {
        var emulator = Emulator(size: size)
        emulator.take(bytes)
        return emulator.unknown.isEmpty ? emulator.lines : emulator.unknown
    }

    var lines: [String] {
        cells.map { row in String(row.map(\.glyph.text).joined().reversed().drop { $0 == " " }.reversed()) }
    }

    mutating func take(_ bytes: [UInt8]) {
        var rest = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\u{1B}" else {
                put(scalar)
                continue
            }
            let end = rest.firstIndex { ("A"..."Z").contains($0) || ("a"..."z").contains($0) }
            guard rest.first == "[", let end else { return unknown.append("a torn sequence") }
            let words = String(rest[rest.index(after: rest.startIndex)..<end])
            let final = rest[end]
            rest = rest[rest.index(after: end)...]
            control(words, final)
        }
    }

    private mutating func control(_ words: String, _ final: Unicode.Scalar) {
        let numbers = words.split(separator: ";").compactMap { Int($0) }
        switch final {
        case "H": (y, x) = (numbers[0] - 1, numbers[1] - 1)
        case "J": for row in cells.indices { cells[row] = cells[row].map { _ in Cell() } }
        case "h", "l": if words != "?2026" { unknown.append("mode \(words)") }
        case "m":
            for number in numbers {
                switch number {
                case 0: style = Style()
                case 1: style.isBold = true
                case 2: style.isDim = true
                case 7: style.isReversed = true
                default:
                    if let colour = Colour(rawValue: number) {
                        style.colour = colour
                    } else {
                        unknown.append("colour \(number)")
                    }
                }
            }
        default: unknown.append("\(words)\(final)")
        }
    }

    private mutating func put(_ scalar: Unicode.Scalar) {
        guard let width = Width.of(scalar), cells.indices.contains(y) else {
            return unknown.append("U+\(scalar.value)")
        }
        guard width > 0 else {
            let before = x - 1 - (x > 1 && cells[y][x - 1].glyph.width == 0 ? 1 : 0)
            guard before >= 0 else { return unknown.append("a mark without a character") }
            let text = cells[y][before].glyph.text + String(scalar)
            cells[y][before].glyph = Glyph.all(in: text)[0]
            return
        }
        guard x + width <= cells[y].count else { return unknown.append("beyond the edge") }
        cells[y][x] = Cell(glyph: Glyph.all(in: String(scalar))[0], style: style)
        if width == 2 { cells[y][x + 1] = Cell(glyph: .covered, style: style) }
        x += width
    }
}
