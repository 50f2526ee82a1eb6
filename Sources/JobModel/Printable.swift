/// Hostile text made harmless for a terminal, a log line or an error message.
///
/// Names, payloads and error texts come from strangers. An escape sequence in one of them must not move the cursor of
/// whoever reads it, and a line break must not forge a second log line.
public enum Printable {
    /// The text on one line: control characters and everything that turns the direction of writing become `\u{…}`
    /// escapes; longer than `limit` characters it is cut and ends in `…`.
    public static func oneLine(_ text: String, limit: Int = 4096) -> String {
        if isPlain(text, limit: limit) { return text }
        var out = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == limit { return out + "…" }
            count += 1
            if isHarmful(scalar) {
                out += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Only visible ASCII and blanks, at most `limit` of them. Nearly every text that is logged is that; to see it takes a
    /// tenth of the time of looking at characters.
    package static func isPlain(_ text: String, limit: Int) -> Bool {
        text.utf8.count <= limit && text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }

    /// A JSON document, whole, with the same characters harmless: they become `\uXXXX` escapes, which mean the same to
    /// whoever parses it. In JSON a control character below U+0020 can only be white space between two values: line
    /// breaks stay, the others become blanks.
    package static func json(_ document: String) -> String {
        guard document.unicodeScalars.contains(where: { isHarmful($0) && $0 != "\n" }) else { return document }
        var out = ""
        for scalar in document.unicodeScalars {
            switch scalar {
            case "\n": out += "\n"
            case "\0"..<" ": out += " "
            case _ where isHarmful(scalar): for unit in String(scalar).utf16 { out += "\\u" + hex(unit) }
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// Four digits.
    private static func hex(_ unit: UInt16) -> String { String(String(0x10000 + Int(unit), radix: 16).dropFirst()) }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: true  // C0, DEL, C1: cursor movement, bells, line breaks
        // Invisible and bidirectional controls.
        case 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF: true
        case 0xE0000...0xE007F: true  // invisible tags
        default: false
        }
    }
}
