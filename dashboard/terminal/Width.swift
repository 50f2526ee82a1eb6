import JobModel

/// How many columns of a terminal a character takes, as `wcwidth` has it.
package enum Width {
    /// 0 for marks that stand on the character before, else 1 or 2. nil where terminals do not agree: pictographs, private
    /// and unknown characters, invisible ones.
    package static func of(_ scalar: Unicode.Scalar) -> Int? {
        if scalar.value < 0x7F { return scalar.value < 0x20 ? nil : 1 }
        if scalar.properties.isEmojiPresentation || (0x1F000...0x1FBFF).contains(scalar.value) { return nil }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return isSelector(scalar) ? nil : 0
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return nil
        default: break
        }
        // Vowels and ends of Korean syllables that are written apart.
        if (0x1160...0x11FF).contains(scalar.value) || (0xD7B0...0xD7FF).contains(scalar.value) { return nil }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// Asks for another look of the character before, which changes its width in some terminals.
    static func isSelector(_ scalar: Unicode.Scalar) -> Bool { (0xFE00...0xFE0F).contains(scalar.value) }

    /// Columns of a text as a frame draws it.
    package static func of(_ text: String) -> Int {
        Printable.isPlain(text, limit: 1000) ? text.utf8.count : Glyph.all(in: text).reduce(0) { $0 + $1.width }
    }

    /// Columns that a text may take where it is printed as it is; what terminals do not agree on counts as it is widest, so that
    /// no row wraps.
    package static func printed(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + (isSelector($1) ? 1 : of($1) ?? 2) }
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x2FFFD, 0x30000...0x3FFFD,
    ]
}

/// What fills a cell of a terminal, or two beside each other. There is no way to make one of a control character.
package struct Glyph: Equatable, Sendable {
    /// One character, with at most two marks on it.
    package let text: String
    /// 1 or 2; 0 for what the wide character on its left covers.
    package let width: Int

    private init(_ text: String, _ width: Int) {
        self.text = text
        self.width = width
    }

    package static let blank = Glyph(" ", 1)
    /// The right half of a wide character.
    static let covered = Glyph("", 0)
    /// Stands for what cannot be shown.
    static let unknown = Glyph("?", 1)
    private static let ascii = (UInt8(0x20)...0x7E).map { Glyph(String(UnicodeScalar($0)), 1) }

    /// The glyphs of a text of anybody. Controls become visible escapes, what has no sure width becomes `?`.
    /// Beyond `most` characters, which no row of a terminal holds, a text is cut.
    package static func all(in text: String, most: Int = 1000) -> [Glyph] {
        if Printable.isPlain(text, limit: most) { return text.utf8.map { ascii[Int($0) - 0x20] } }
        var glyphs: [Glyph] = []
        var marks = 0
        for scalar in Printable.oneLine(text, limit: most).unicodeScalars where !Width.isSelector(scalar) {
            switch Width.of(scalar) {
            case nil: glyphs.append(.unknown)
            case 0:
                marks += 1
                if let last = glyphs.popLast() {
                    glyphs.append(marks > 2 ? last : Glyph(last.text + String(scalar), last.width))
                }
                continue
            case let width?: glyphs.append(Glyph(String(scalar), width))
            }
            marks = 0
        }
        return glyphs
    }

    /// A part of a bar.
    var isBlock: Bool { text.unicodeScalars.first.map { (0x2580...0x259F).contains($0.value) } ?? false }

    /// The same for a terminal that knows nothing but ASCII.
    var plain: Glyph { text.utf8.allSatisfy { $0 < 0x80 } ? self : .unknown }
}
