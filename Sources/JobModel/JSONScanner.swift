/// Finds the parts of a JSON document without building them: each value is a range of the bytes.
///
/// A worker reads the envelope of every job it claims, and needs only a few small fields of it: finding them costs a
/// tenth of a microsecond where a decoder takes five. The grammar is checked strictly (RFC 8259), so that what passes
/// here passes everywhere; nesting is bounded, so that a hostile document cannot exhaust the stack.
package struct JSONScanner {
    /// Why a document was refused, and at which byte.
    package struct Failure: Error, Equatable, CustomStringConvertible {
        package var offset: Int
        package var problem: String
        package var description: String { "\(problem) at byte \(offset)" }

        package init(offset: Int, problem: String) {
            self.offset = offset
            self.problem = problem
        }
    }

    /// Deepest nesting of arrays and objects.
    package static let depthLimit = 128

    private let bytes: UnsafeBufferPointer<UInt8>
    private let depthLimit: Int
    private var at = 0

    package init(_ bytes: UnsafeBufferPointer<UInt8>, depthLimit: Int = Self.depthLimit) {
        self.bytes = bytes
        self.depthLimit = depthLimit
    }

    /// Checks one whole document of UTF-8 JSON.
    package static func validate(_ document: [UInt8]) throws(Failure) {
        guard String(validating: document, as: UTF8.self) != nil else {
            throw Failure(offset: 0, problem: "the text is not UTF-8")
        }
        let failure: Failure? = document.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            do throws(Failure) {
                _ = try scanner.value()
                try scanner.end()
                return nil
            } catch { return error }
        }
        if let failure { throw failure }
    }

    /// Reads an object and calls `field` with the raw bytes of each key (without quotes) and the range of its value.
    package mutating func object(
        _ field: (UnsafeBufferPointer<UInt8>, Range<Int>) throws(Failure) -> Void
    ) throws(Failure) {
        space()
        try expect(UInt8(ascii: "{"))
        space()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            space()
            let key = try string()
            space()
            try expect(UInt8(ascii: ":"))
            let value = try value()
            try field(UnsafeBufferPointer(rebasing: bytes[key.lowerBound + 1..<key.upperBound - 1]), value)
            space()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// Reads an array and calls `element` with the range of each of its values.
    package mutating func array(_ element: (Range<Int>) throws(Failure) -> Void) throws(Failure) {
        space()
        try expect(UInt8(ascii: "["))
        space()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            try element(try value())
            space()
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
    }

    /// Nothing but white space may follow.
    package mutating func end() throws(Failure) {
        space()
        if at != bytes.count { throw fail("text after the end of the document") }
    }

    /// One value of any kind, with the white space before it skipped.
    package mutating func value(depth: Int = 0) throws(Failure) -> Range<Int> {
        space()
        let start = at
        guard at < bytes.count else { throw fail("the document ends too early") }
        switch bytes[at] {
        case UInt8(ascii: "\""): _ = try string()
        case UInt8(ascii: "{"), UInt8(ascii: "["): try container(depth: depth + 1)
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
        return start..<at
    }

    private mutating func container(depth: Int) throws(Failure) {
        guard depth <= depthLimit else { throw fail("nested deeper than \(depthLimit)") }
        let isObject = bytes[at] == UInt8(ascii: "{")
        let close = isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")
        at += 1
        space()
        if take(close) { return }
        repeat {
            if isObject {
                space()
                _ = try string()
                space()
                try expect(UInt8(ascii: ":"))
            }
            _ = try value(depth: depth)
            space()
        } while take(UInt8(ascii: ","))
        try expect(close)
    }

    private mutating func string() throws(Failure) -> Range<Int> {
        let start = at
        try expect(UInt8(ascii: "\""))
        while at < bytes.count {
            skipPlain()
            guard at < bytes.count else { break }
            switch bytes[at] {
            case UInt8(ascii: "\""):
                at += 1
                return start..<at
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw fail("a control character inside a string")
            default: at += 1
            }
        }
        throw fail("a string without end")
    }

    /// Goes on to the next quote, backslash or control character, eight bytes at a time; stops short of the last eight.
    ///
    /// All bytes of a word are tested at once: `x - 1` borrows from the highest bit of a byte that is 0, and `x - 0x20` from
    /// that of one below 0x20 (Warren, Hacker's Delight, 6-1). A borrow may mark bytes behind a true one, never one before:
    /// the first mark is true.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        while at + 8 <= bytes.count, let start = bytes.baseAddress {
            let word = UInt64(littleEndian: UnsafeRawPointer(start + at).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let marks =
                ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes) | ((word &- ones &* 0x20) & ~word)
            let first = (marks & (ones &* 0x80)).trailingZeroBitCount / 8
            at += first
            if first < 8 { return }
        }
    }

    private mutating func escape() throws(Failure) {
        at += 1
        guard at < bytes.count else { throw fail("a string without end") }
        switch bytes[at] {
        case UInt8(ascii: "u"):
            let digits = bytes[(at + 1)...].prefix(4)
            guard digits.count == 4, digits.allSatisfy(Self.isHex) else { throw fail("a bad \\u escape") }
            at += 5
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            at += 1
        default: throw fail("a bad escape")
        }
    }

    private mutating func number() throws(Failure) {
        _ = take(UInt8(ascii: "-"))
        if !take(UInt8(ascii: "0")), digits() == 0 { throw fail("not a JSON value") }
        if take(UInt8(ascii: ".")), digits() == 0 { throw fail("a number without digits after its point") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            if digits() == 0 { throw fail("a number without exponent") }
        }
    }

    private mutating func digits() -> Int {
        let start = at
        while at < bytes.count, bytes[at] >= UInt8(ascii: "0"), bytes[at] <= UInt8(ascii: "9") { at += 1 }
        return at - start
    }

    private mutating func word(_ word: StaticString) throws(Failure) {
        let end = at + word.utf8CodeUnitCount
        guard end <= bytes.count, word.withUTF8Buffer({ $0.elementsEqual(bytes[at..<end]) }) else {
            throw fail("not a JSON value")
        }
        at = end
    }

    private mutating func space() {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard at < bytes.count, bytes[at] == byte else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(Failure) {
        guard take(byte) else { throw fail("expected \"\(Unicode.Scalar(byte))\"") }
    }

    private func fail(_ problem: String) -> Failure { Failure(offset: at, problem: problem) }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
