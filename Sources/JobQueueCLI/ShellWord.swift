import JobModel

/// Texts as words of a shell's command line, to be printed and pasted.
enum ShellWord {
    /// The text as one word: as it is where that is safe, else in quotes. Control characters become escapes, which bash,
    /// zsh and ksh read.
    static func quote(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { isHarmless($0) } && !text.isEmpty
        if isPlain { return text }
        if Printable.oneLine(text, limit: .max) != text { return "$'" + text.unicodeScalars.map(escape).joined() + "'" }
        return "'" + text.replacing("'", with: #"'\''"#) + "'"
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        if scalar == "'" || scalar == "\\" { return "\\\(scalar)" }
        let text = String(scalar)
        if Printable.oneLine(text) == text { return text }
        return text.utf8.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "/._-".utf8.contains(byte)
        }
    }
}
