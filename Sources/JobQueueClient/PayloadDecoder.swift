import FoundationEssentials
import JobModel

/// Turns payloads and results into values.
///
/// Foundation's decoder spends four times as long on a small document as everything else that a worker does with the job.
/// So the shapes that payloads have (objects with a few plain fields, lists, strings, numbers) are read here; at the first
/// doubt the answer is thrown away and Foundation decides. Values and errors are Foundation's in every case, and a type
/// cannot tell which of the two reads it, except that its `init(from:)` may be called a second time.
package enum PayloadDecoder {
    /// Larger documents are Foundation's: containers are read once per level of nesting.
    static let sizeLimit = 65_536

    /// Throws what `JSONDecoder` throws.
    package static func decode<T: Decodable>(_ type: T.Type = T.self, from json: ArraySlice<UInt8>) throws -> T {
        try decodeHere(type, from: json) ?? JSONDecoder().decode(type, from: Data(json))
    }

    /// nil when in doubt.
    static func decodeHere<T: Decodable>(_ type: T.Type, from json: ArraySlice<UInt8>) -> T? {
        guard json.count <= sizeLimit else { return nil }
        let document = PayloadDocument(json)
        guard let value = try? document.whole?.value(type) else { return nil }
        // Types may swallow errors and go on, so doubts are remembered.
        return document.isDoubtful ? nil : value
    }
}

/// What is thrown here. If it gets out, Foundation reads the document anew and throws what callers see.
struct PayloadProblem: Error {}

/// The bytes that all containers of one decoding read.
final class PayloadDocument {
    private let bytes: ArraySlice<UInt8>
    private(set) var isDoubtful = false

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    var all: Range<Int> { 0..<bytes.count }

    /// The document's one value; nil when it is not JSON.
    var whole: PayloadValue? {
        let range = read(all) { buffer -> Range<Int>? in
            var scanner = JSONScanner(buffer)
            do throws(JSONScanner.Failure) {
                let value = try scanner.value()
                try scanner.end()
                return value
            } catch { return nil }
        }
        return range.map { PayloadValue(document: self, range: $0, place: nil) }
    }

    /// To throw where Foundation may find a value: once this was asked for, the outcome does not count.
    func doubt() -> PayloadProblem {
        isDoubtful = true
        return PayloadProblem()
    }

    /// To throw where Foundation would throw as well. Types that try one thing after another catch it and go on.
    func mismatch() -> PayloadProblem { PayloadProblem() }

    @inline(__always)
    func read<R>(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
        try bytes.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[range])) }
    }
}

/// Where a container or value is: its parent's place and its key there. Only nested ones have a place.
final class PayloadPlace {
    private let parent: PayloadPlace?
    private let key: any CodingKey

    init(_ parent: PayloadPlace?, _ key: any CodingKey) {
        self.parent = parent
        self.key = key
    }

    /// The keys from the top of the document down to here.
    static func path(to place: PayloadPlace?) -> [any CodingKey] {
        place.map { path(to: $0.parent) + [$0.key] } ?? []
    }
}

/// The place of a list's element.
struct PayloadIndex: CodingKey {
    var intValue: Int?
    var stringValue: String { "Index \(intValue ?? 0)" }
    init(intValue: Int) { self.intValue = intValue }
    init?(stringValue: String) { nil }
}

/// One value of the document.
struct PayloadValue {
    let document: PayloadDocument
    // 32 bits each, so that a decoder fits into an existential without an allocation.
    private let start: Int32
    private let end: Int32
    let place: PayloadPlace?

    init(document: PayloadDocument, range: Range<Int>, place: PayloadPlace?) {
        self.document = document
        start = Int32(range.lowerBound)
        end = Int32(range.upperBound)
        self.place = place
    }

    var range: Range<Int> { Int(start)..<Int(end) }

    var isNull: Bool { isNext(UInt8(ascii: "n")) }
    var isObject: Bool { isNext(UInt8(ascii: "{")) }
    var isList: Bool { isNext(UInt8(ascii: "[")) }

    func value<T: Decodable>(_ type: T.Type) throws -> T {
        // Foundation reads these in ways of its own.
        if type == Data.self || type == Date.self || type == URL.self || type == Decimal.self { throw document.doubt() }
        return try T(from: self)
    }

    private func isNext(_ byte: UInt8) -> Bool { document.read(range) { $0.first == byte } }

    /// Numbers begin with a digit or a minus sign.
    private var isNumber: Bool {
        document.read(range) {
            $0.first.map { $0 == UInt8(ascii: "-") || $0 <= UInt8(ascii: "9") && $0 >= 0x30 } ?? false
        }
    }

    func bool() throws -> Bool {
        switch document.read(range, { $0.first }) {
        case UInt8(ascii: "t"): return true
        case UInt8(ascii: "f"): return false
        default: throw document.mismatch()
        }
    }

    func string() throws -> String {
        guard isNext(UInt8(ascii: "\"")) else { throw document.mismatch() }
        let text = document.read(range) { value -> String? in
            let inner = value[1..<value.count - 1]
            if !inner.contains(UInt8(ascii: "\\")) { return String(validating: inner, as: UTF8.self) }
            // Escaped code units may be halves of characters.
            guard !hasCodeUnits(inner), String(validating: inner, as: UTF8.self) != nil else { return nil }
            return JSONReader.string(value)
        }
        guard let text else { throw document.doubt() }
        return text
    }

    private func hasCodeUnits(_ inner: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
        var isEscaped = false
        for byte in inner {
            if isEscaped, byte == UInt8(ascii: "u") { return true }
            isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
        }
        return false
    }

    /// Whole numbers without fraction or exponent, up to 18 digits.
    func integer<T: FixedWidthInteger>() throws -> T {
        guard isNumber else { throw document.mismatch() }
        guard let number = document.read(range, { JSONReader.int($0) }), let number = T(exactly: number) else {
            throw document.doubt()
        }
        return number
    }

    func double() throws -> Double {
        guard isNumber else { throw document.mismatch() }
        let number = document.read(range) { value -> Double? in
            // A short whole number is exact; minus zero is not one.
            if value.count <= 15, value.first != UInt8(ascii: "-"), let number = JSONReader.int(value) {
                return Double(number)
            }
            // What is too large or too small for a double is no number for Foundation.
            return Double(String(decoding: value, as: UTF8.self)).flatMap { $0.isFinite && $0 != 0 ? $0 : nil }
        }
        guard let number else { throw document.doubt() }
        return number
    }
}
