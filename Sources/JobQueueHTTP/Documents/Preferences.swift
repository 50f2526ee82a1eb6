import HTTPTypes
import JobModel

/// What a caller would like, as far as it is understood here (RFC 7240): `Prefer: wait=10`. What is not understood is left
/// alone, as the RFC asks.
struct Preferences {
    /// Seconds, as many as were asked for.
    var wait: Int?

    init(_ headers: HTTPFields) {
        for preference in headers[values: .prefer].flatMap({ $0.split(separator: ",") }) {
            let word = preference.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\"" }.lowercased()
            guard word.hasPrefix("wait="), wait == nil else { continue }
            wait = Int(word.dropFirst(5)).flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}

/// A query string, each name asked for once; what nobody asked for is refused.
struct Query {
    private var values: [String: String] = [:]

    init(_ text: String?) throws(Problem) {
        for pair in (text ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = parts.count > 1 ? Self.decoded(parts[1]) : "" else {
                throw Problem(.invalidRequest, "the query has a bad percent sign")
            }
            guard values.updateValue(value, forKey: name) == nil else {
                throw Problem(.invalidRequest, "the query names \"\(name)\" twice")
            }
        }
    }

    mutating func text(_ name: String) -> String? { values.removeValue(forKey: name) }

    mutating func int(_ name: String, _ range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw Problem(
                .invalidRequest, "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    mutating func moment(_ name: String) throws(Problem) -> Int? {
        guard let text = text(name) else { return nil }
        if let moment = Timestamp.milliseconds(text) { return moment }
        throw Problem(.invalidRequest, "\(name) must be a time such as 2026-11-21T04:12:09.114Z")
    }

    /// Words between commas, each one of those that are known.
    mutating func words<T>(_ name: String, of known: [(String, T)]) throws(Problem) -> [T] {
        guard let text = text(name) else { return [] }
        var found: [T] = []
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let (_, value) = known.first(where: { $0.0 == word }) else {
                throw Problem(.invalidRequest, "\(name) may have \(known.map(\.0).joined(separator: ", "))")
            }
            found.append(value)
        }
        return found
    }

    func end() throws(Problem) {
        guard let stranger = values.keys.min() else { return }
        throw Problem(.invalidRequest, "the query has an unknown name: \"\(stranger)\"")
    }

    /// With percent signs alone.
    static func unescaped(_ text: String) -> String? { decoded(Substring(text.replacing("+", with: "%2B"))) }

    /// `+` is a space, as in forms. Nil for a bad escape, and for what is not UTF-8.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                let digits = rest.prefix(2)
                guard digits.count == 2, let high = hex(digits.first), let low = hex(digits.last) else { return nil }
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8?) -> UInt8? {
        byte.flatMap { Character(Unicode.Scalar($0)).hexDigitValue }.map { UInt8($0) }
    }
}
