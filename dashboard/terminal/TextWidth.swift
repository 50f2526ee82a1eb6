/// How many columns of a terminal a text takes. Wide characters take two, marks on a character none.
enum TextWidth {
    static func of(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + of($1) }
    }

    /// The beginning that fits, with the ellipsis where something is missing.
    static func cut(_ text: String, to width: Int, ellipsis: String) -> String {
        guard of(text) > width else { return text }
        return head(text, width - 1) + (width > 0 ? ellipsis : "")
    }

    /// `report.yearly.summary` becomes `report…ummary`: both ends tell names apart.
    static func shorten(_ text: String, to width: Int, ellipsis: String) -> String {
        guard of(text) > width else { return text }
        let tail = max(0, (width - 1) / 2)
        let end = String(head(String(text.reversed()), tail).reversed())
        return cut(text, to: width - of(end), ellipsis: ellipsis) + end
    }

    /// The text and as many blanks as it takes.
    static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - of(text)))
    }

    /// The characters that fit; a wide one that would stand half outside is left out.
    private static func head(_ text: String, _ width: Int) -> String {
        var (out, left) = ("", width)
        for character in text {
            left -= of(String(character))
            if left < 0 { break }
            out.append(character)
        }
        return out
    }

    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// East Asian characters of two columns, and pictures.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3,
        0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FBFF, 0x20000...0x3FFFD,
    ]
}
