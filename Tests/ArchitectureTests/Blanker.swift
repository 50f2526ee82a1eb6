/// Replaces comments and string contents of Swift source by blanks. Knows `//`, nested `/* */`, `"`, `"""` and `#"` … `"#`;
/// code inside `\( )` is blanked with its string.
struct Blanker {
    private let source: [UInt8]
    private var out: [UInt8] = []
    private var at = 0

    init(_ text: String) { source = Array(text.utf8) }

    func blanked() -> String {
        var copy = self
        while copy.at < copy.source.count { copy.step() }
        return String(decoding: copy.out, as: UTF8.self)
    }

    private mutating func step() {
        guard [UInt8(ascii: "/"), UInt8(ascii: "\""), UInt8(ascii: "#")].contains(source[at]) else {
            out.append(source[at])
            at += 1
            return
        }
        if sees("//") {
            while at < source.count, source[at] != UInt8(ascii: "\n") { blank(1) }
        } else if sees("/*") {
            comment()
        } else if let hashes = hashesBeforeQuote() {
            string(hashes: hashes)
        } else {
            out.append(source[at])
            at += 1
        }
    }

    private mutating func comment() {
        var depth = 0
        repeat {
            if sees("/*") {
                depth += 1
                blank(2)
            } else if sees("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && at < source.count
    }

    /// How many `#` stand before the quote that a string begins with here; nil when none begins.
    private func hashesBeforeQuote() -> Int? {
        var end = at
        while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
        return end < source.count && source[end] == UInt8(ascii: "\"") ? end - at : nil
    }

    private mutating func string(hashes: Int) {
        let marks = String(repeating: "#", count: hashes)
        blank(hashes)
        let quote = sees("\"\"\"") ? "\"\"\"" : "\""
        blank(quote.utf8.count)
        while at < source.count, !sees(quote + marks) {
            if sees("\\" + marks + "(") {
                interpolation(skipping: hashes + 2)
            } else if sees("\\" + marks) {
                blank(hashes + 2)
            } else {
                blank(1)
            }
        }
        blank(quote.utf8.count + hashes)
    }

    private mutating func interpolation(skipping length: Int) {
        blank(length)
        var depth = 1
        while at < source.count, depth > 0 {
            if let hashes = hashesBeforeQuote() {
                string(hashes: hashes)
                continue
            }
            if source[at] == UInt8(ascii: "(") { depth += 1 }
            if source[at] == UInt8(ascii: ")") { depth -= 1 }
            blank(1)
        }
    }

    private func sees(_ text: String) -> Bool { source[at...].starts(with: text.utf8) }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where at < source.count {
            out.append(source[at] == UInt8(ascii: "\n") ? source[at] : UInt8(ascii: " "))
            at += 1
        }
    }
}
