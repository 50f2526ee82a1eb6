import JobModel

/// Text cut to columns of a terminal.
enum Cut {
    /// The beginning that fits, with the ellipsis where something is missing.
    static func end(_ text: String, to width: Int, ellipsis: String = "") -> String {
        guard Width.printed(text) > width else { return text }
        let room = width - Width.printed(ellipsis)
        return room < 0 ? head(text, width) : head(text, room) + ellipsis
    }

    /// `report.yearly.summary` becomes `report…ummary`: both ends tell names apart. The ellipsis is one character.
    static func middle(_ text: String, to width: Int, ellipsis: String) -> String {
        guard Width.printed(text) > width else { return text }
        let text = Printable.oneLine(text)
        let tail = String(head(String(text.reversed()), max(0, (width - 1) / 2)).reversed())
        return end(text, to: width - Width.printed(tail), ellipsis: ellipsis) + tail
    }

    /// The characters that fit; a wide one that would stand half outside is left out.
    private static func head(_ text: String, _ width: Int) -> String {
        var (out, left) = ("", width)
        for character in Printable.oneLine(text) {
            left -= Width.printed(String(character))
            if left < 0 { break }
            out.append(character)
        }
        return out
    }
}
