import FoundationEssentials
import JobModel

/// Turns values into JSON: payloads and results.
///
/// The counterpart of `PayloadDecoder`, for the same reason: Foundation's encoder is most of what enqueueing a small job
/// costs its caller. What is rare or doubtful here is Foundation's: dates, data, URLs, decimals, super encoders, containers
/// inside containers that were asked for by hand, and every error. The keys of objects are sorted, so that the same job
/// has the same digest.
package enum PayloadEncoder {
    /// Throws what `JSONEncoder` throws, and `JSONScanner.Failure` for what is nested too deeply to be read again.
    package static func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
        let bytes = try encodeHere(value) ?? encodeThere(value)
        if bytes.count(where: { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }) > JSONScanner.depthLimit {
            try JSONScanner.validate(bytes)
        }
        return bytes
    }

    private static func encodeThere<T: Encodable>(_ value: T) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// nil when in doubt.
    static func encodeHere<T: Encodable>(_ value: T) -> [UInt8]? {
        let writer = PayloadWriter()
        guard (try? writer.value(value, at: nil)) != nil, !writer.isDoubtful else { return nil }
        return writer.bytes
    }
}

/// The document under construction. It grows at its end only: values that want to be written anywhere else are in doubt.
final class PayloadWriter {
    private struct Field {
        /// With its quotes.
        var name: Range<Int>
        /// Name and value.
        var all: Range<Int>
    }

    /// A container that is open.
    private struct Frame {
        var start: Int
        var isObject: Bool
        /// Of an object, where its fields begin among `fields`; of a list, how many elements it has.
        var first: Int
    }

    private struct Document {
        var bytes: [UInt8] = []
        var isDoubtful = false
        var frames: [Frame] = []
        var fields: [Field] = []
        var requests = 0
    }

    /// Properties of a class would be checked for exclusive access at run time, at each byte: a seventh of what a small job
    /// costs. Nobody but this object has the pointer.
    private let document: UnsafeMutablePointer<Document>

    init() {
        document = .allocate(capacity: 1)
        document.initialize(to: Document())
        bytes.reserveCapacity(256)
    }

    deinit {
        document.deinitialize(count: 1)
        document.deallocate()
    }

    private(set) var bytes: [UInt8] {
        _read { yield document.pointee.bytes }
        _modify { yield &document.pointee.bytes }
    }
    private(set) var isDoubtful: Bool {
        get { document.pointee.isDoubtful }
        set { document.pointee.isDoubtful = newValue }
    }
    private var frames: [Frame] {
        _read { yield document.pointee.frames }
        _modify { yield &document.pointee.frames }
    }
    /// Of all open objects.
    private var fields: [Field] {
        _read { yield document.pointee.fields }
        _modify { yield &document.pointee.fields }
    }
    /// What the value under construction has asked for: more or less than one thing is in doubt.
    private var requests: Int {
        get { document.pointee.requests }
        set { document.pointee.requests = newValue }
    }

    func doubt() { isDoubtful = true }

    /// Where a container must find itself to go on writing.
    var level: Int { frames.count }

    // MARK: Values

    func value<T: Encodable>(_ value: T, at place: PayloadPlace?) throws {
        let type = T.self
        if type == Data.self || type == Date.self || type == URL.self || type == Decimal.self { doubt() }
        let (outer, depth) = (requests, frames.count)
        requests = 0
        do { try value.encode(to: PayloadSink(writer: self, place: place)) } catch {
            // A type may swallow this, with half of the value written.
            doubt()
            throw error
        }
        if requests != 1 || frames.count > depth + 1 { doubt() }
        while frames.count > depth { close() }
        requests = outer
    }

    /// A single value where one was asked for.
    func request() { requests += 1 }

    func null() { bytes.append(contentsOf: StaticString("null")) }
    func bool(_ value: Bool) { bytes.append(contentsOf: value ? StaticString("true") : StaticString("false")) }

    func integer<T: FixedWidthInteger>(_ value: T) {
        guard let small = Int(exactly: value) else {
            bytes.append(contentsOf: String(value).utf8)
            return
        }
        if small < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = small.magnitude
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// The shortest text that is read as the same number. JSON has none for infinity.
    func number<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T) {
        if !value.isFinite { doubt() }
        let text = value.description
        bytes.append(contentsOf: text.hasSuffix(".0") ? text.utf8.dropLast(2) : text.utf8[...])
    }

    func string(_ text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            if utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
                for byte in utf8 { escape(byte) }
            } else {
                bytes.append(contentsOf: utf8)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case UInt8(ascii: "\n"): bytes.append(contentsOf: StaticString(#"\n"#))
        case UInt8(ascii: "\r"): bytes.append(contentsOf: StaticString(#"\r"#))
        case UInt8(ascii: "\t"): bytes.append(contentsOf: StaticString(#"\t"#))
        case 0..<0x20:
            bytes.append(contentsOf: StaticString(#"\u00"#))
            bytes.append(UInt8(ascii: "0") + byte >> 4)
            let low = byte & 15
            bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
        default: bytes.append(byte)
        }
    }

    // MARK: Containers

    func open(isObject: Bool) {
        requests += 1
        frames.append(Frame(start: bytes.count, isObject: isObject, first: isObject ? fields.count : 0))
        bytes.append(isObject ? UInt8(ascii: "{") : UInt8(ascii: "["))
    }

    /// Writes one field of the object at `level`.
    func field(_ name: String, level: Int, _ write: () throws -> Void) rethrows {
        guard level == frames.count, let frame = frames.last else { return doubt() }
        if fields.count > frame.first { bytes.append(UInt8(ascii: ",")) }
        let start = bytes.count
        string(name)
        let end = bytes.count
        bytes.append(UInt8(ascii: ":"))
        try write()
        let field = Field(name: start..<end, all: start..<bytes.count)
        // A name that comes twice replaces the first.
        for other in fields[frame.first...] where other.name.count == end - start {
            if bytes[other.name].elementsEqual(bytes[start..<end]) { doubt() }
        }
        fields.append(field)
    }

    /// Writes one element of the list at `level`.
    func element(level: Int, _ write: () throws -> Void) rethrows {
        guard level == frames.count, let place = frames.indices.last else { return doubt() }
        if frames[place].first > 0 { bytes.append(UInt8(ascii: ",")) }
        frames[place].first += 1
        try write()
    }

    private func close() {
        let frame = frames.removeLast()
        if frame.isObject {
            sort(frame)
            fields.removeSubrange(frame.first...)
        }
        bytes.append(frame.isObject ? UInt8(ascii: "}") : UInt8(ascii: "]"))
    }

    /// Puts the fields of an object into the order of their names.
    private func sort(_ frame: Frame) {
        let own = fields[frame.first...]
        let isInOrder = bytes.withUnsafeBytes { bytes in
            zip(own, own.dropFirst()).allSatisfy { Self.isBefore($0, $1, bytes) }
        }
        if isInOrder { return }
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count - frame.start)
        let ordered = bytes.withUnsafeBytes { bytes in own.sorted { Self.isBefore($0, $1, bytes) } }
        for field in ordered {
            if !sorted.isEmpty { sorted.append(UInt8(ascii: ",")) }
            sorted.append(contentsOf: bytes[field.all])
        }
        bytes.replaceSubrange((frame.start + 1)..., with: sorted)
    }

    /// Without the quote at the end, which comes after a space.
    private static func isBefore(_ a: Field, _ b: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes[a.name.dropLast()].lexicographicallyPrecedes(bytes[b.name.dropLast()])
    }
}

extension [UInt8] {
    fileprivate mutating func append(contentsOf text: StaticString) { text.withUTF8Buffer { append(contentsOf: $0) } }
}
