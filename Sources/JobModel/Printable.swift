/// Hostile text made harmless for a terminal, a log line or an error message.
///
/// Names, payloads and error texts come from strangers. An escape sequence in one of them must not move the cursor of
/// whoever reads it, and a line break must not forge a second log line.
public enum Printable {
    /// The text on one line: control characters and everything that turns the direction of writing become `\u{…}`
    /// escapes; longer than `limit` characters it is cut and ends in `…`.
    public static func oneLine(_ text: String, limit: Int = 4096) -> String {
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
