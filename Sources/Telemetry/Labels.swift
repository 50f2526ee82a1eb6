import JobModel

/// The labels of one series, as they stand between the braces. Equal whatever the order they were given in.
package struct Labels: Hashable, Codable, Comparable, Sendable {
    /// `name="email.send",queue="default"`, escaped.
    package let text: String

    /// Longest value, in characters.
    private static let valueLimit = 200

    /// Names are made to fit. Of two that are the same then, the first one counts.
    package init(_ pairs: [(String, String)] = []) {
        var known: Set<String> = []
        text =
            pairs.map { (MetricText.label($0), $1) }
            .filter { known.insert($0.0).inserted }
            .sorted { $0.0 < $1.0 }
            .map { "\($0)=\"\(Self.escaped($1))\"" }
            .joined(separator: ",")
    }

    private init(text: String) { self.text = text }

    /// The same and one more, which goes last.
    func adding(_ name: String, _ value: String) -> Labels {
        Labels(text: (text.isEmpty ? "" : text + ",") + "\(name)=\"\(value)\"")
    }

    /// Values come from strangers: nothing in one may end it, or move a cursor.
    private static func escaped(_ value: String) -> String {
        MetricText.escaped(value, limit: valueLimit).replacing("\"", with: "\\\"")
    }

    package static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// Names and texts as the format has them.
enum MetricText {
    /// A metric's name of any text: letters, digits, `_` and `:`, and no digit first.
    static func name(_ text: String) -> String {
        // A colon is for rules of whoever collects.
        fit(text, limit: 200)
    }

    /// A label's name: the same without `:`. Names that begin with `__`, and the one that buckets have, are taken.
    static func label(_ text: String) -> String {
        let name = fit(text, limit: 100)
        return name.hasPrefix("__") || name == "le" ? "exported_" + name.drop { $0 == "_" } : name
    }

    private static func fit(_ text: String, limit: Int) -> String {
        let fitting = text.unicodeScalars.prefix(limit).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9": Character(scalar)
            default: "_"
            }
        }
        guard let first = fitting.first else { return "_" }
        return (first.isNumber ? "_" : "") + String(fitting)
    }

    /// Backslashes and line breaks of a help text or a value. What cannot be seen, or would move a cursor, stands there as
    /// `\u{…}`.
    static func escaped(_ text: String, limit: Int) -> String {
        Printable.oneLine(text, limit: limit).replacing("\\", with: "\\\\")
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map(String.init) ?? "\(value)"
    }
}
