/// The three names that people choose: of a queue, of a job, and of one job's id.
///
/// All are 1 to 64 characters of `A-Z a-z 0-9 . _ -` (ids also `:`), compared as bytes: what one reader takes for two
/// names must never be one key in Redis, nor the other way round. The client checks them, and the scripts check again.
public struct NameError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was being named: `queue name`, `job name`, `job id`, `tag`.
    public var what: String
    /// The refused text, shortened and made printable.
    public var text: String

    public var description: String {
        let extra = what == "job id" ? "._-:" : "._-"
        return "bad \(what) \"\(text)\": use 1 to 64 of the characters A-Z a-z 0-9 \(extra)"
    }

    init(what: String, text: String) {
        self.what = what
        self.text = Printable.oneLine(text, limit: 80)
    }
}

/// The name of a queue, such as `default`.
public struct QueueName: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// Throws `NameError` when the text breaks the rule for names.
    public init(_ text: String) throws(NameError) {
        guard Names.isName(text) else { throw NameError(what: "queue name", text: text) }
        self.text = text
    }

    private init(known text: String) { self.text = text }

    /// The queue that is used when nobody names one.
    public static let `default` = QueueName(known: "default")

    public var description: String { text }
    public static func < (a: Self, b: Self) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
}

package enum Names {
    /// Longest name, in bytes.
    package static let limit = 64

    /// Is this a queue name, a job name or a tag?
    package static func isName(_ text: String) -> Bool { isMade(text, of: isNameByte) }

    /// Is this a job id? Ids may hold `:` besides.
    package static func isID(_ text: String) -> Bool { isMade(text) { isNameByte($0) || $0 == UInt8(ascii: ":") } }

    /// Can this be the id of a request? 1 to 128 printable ASCII characters.
    package static func isRequestID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
    }

    /// Can this name a request, so that it makes one job however often it is sent? 1 to 255 visible ASCII characters but `"`.
    package static func isIdempotencyKey(_ text: String) -> Bool {
        (1...255).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") }
    }

    package static func checkName(_ text: String, _ what: String) throws(NameError) {
        guard isName(text) else { throw NameError(what: what, text: text) }
    }

    package static func checkID(_ text: String) throws(NameError) {
        guard isID(text) else { throw NameError(what: "job id", text: text) }
    }

    private static func isMade(_ text: String, of isFine: (UInt8) -> Bool) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= limit && bytes.allSatisfy(isFine)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
