/// The lines of an `.env` file: `NAME=value`, as Docker Compose and most languages read them.
///
/// `export` before a name, blank lines and comments are fine. A value in single quotes is taken as it stands, one in double
/// quotes may have `\n`, `\t`, `\"` and `\\`; a bare one ends before ` #`. Nothing is expanded, and nothing is run.
enum DotEnv {
    /// Throws the number of the line that makes no sense; the line itself may be secret.
    static func parse(_ text: String) throws(BadValue) -> [String: String] {
        var variables: [String: String] = [:]
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        for (index, line) in lines.enumerated() {
            var line = line.trimmingPrefix { $0.isWhitespace }
            if line.isEmpty || line.first == "#" { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingPrefix { $0.isWhitespace } }
            guard let equals = line.firstIndex(of: "="), isName(line[..<equals]),
                let value = value(line[line.index(after: equals)...])
            else { throw BadValue("line \(index + 1) is not NAME=value") }
            variables[String(line[..<equals])] = value
        }
        return variables
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.unicodeScalars.allSatisfy { $0.isASCII && ($0.properties.isAlphabetic || $0 == "_" || isDigit($0)) }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    /// Nil when a quote is not closed, or something follows it.
    private static func value(_ text: Substring) -> String? {
        guard let quote = text.first, quote == "\"" || quote == "'" else {
            let bare = text.firstRange(of: " #").map { text[..<$0.lowerBound] } ?? text
            return String(bare.reversed().trimmingPrefix { $0.isWhitespace }.reversed())
        }
        var value = ""
        var rest = text.dropFirst()
        while let character = rest.popFirst() {
            if character == quote {
                let after = rest.trimmingPrefix { $0.isWhitespace }
                return after.isEmpty || after.first == "#" ? value : nil
            }
            guard character == "\\", quote == "\"", let escaped = rest.popFirst() else {
                value.append(character)
                continue
            }
            switch escaped {
            case "n": value.append("\n")
            case "t": value.append("\t")
            case "\"", "\\", "$": value.append(escaped)
            default: value += "\\\(escaped)"
            }
        }
        return nil
    }
}
