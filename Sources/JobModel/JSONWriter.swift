/// Writes the small JSON documents that are stored in Redis, straight into bytes.
///
/// A general encoder costs microseconds a document; this one is part of enqueueing and settling every job. Keys are
/// literals of ours; values are escaped.
package struct JSONWriter {
    private let buffer: UnsafeMutableBufferPointer<UInt8>
    private var count = 0
    /// The document needs more room; nothing more is written.
    private var isFull = false

    private init(_ buffer: UnsafeMutableBufferPointer<UInt8>) { self.buffer = buffer }

    /// Writes `{`, whatever the body writes, and `}`. A body that needs more than `capacity` bytes is called again with
    /// twice the room, so it must do nothing but write.
    package static func object(capacity: Int = 256, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var capacity = capacity
        while true {
            var isFull = false
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                var writer = JSONWriter(buffer)
                writer.put(UInt8(ascii: "{"))
                body(&writer)
                writer.put(UInt8(ascii: "}"))
                isFull = writer.isFull
                count = writer.count
            }
            if !isFull { return bytes }
            capacity *= 2
        }
    }

    package mutating func field(_ key: StaticString, _ value: Int) {
        start(key)
        number(value)
    }

    package mutating func field(_ key: StaticString, _ value: String) {
        start(key)
        string(value)
    }

    /// A value that is JSON already.
    package mutating func field(_ key: StaticString, json: ArraySlice<UInt8>) {
        start(key)
        json.withUnsafeBufferPointer { put($0) }
    }

    package mutating func field(_ key: StaticString, json: [UInt8]) { field(key, json: json[...]) }

    package mutating func field(_ key: StaticString, _ value: Bool) {
        start(key)
        put(value ? "true" : "false")
    }

    /// A list of objects that are JSON already.
    package mutating func field(_ key: StaticString, objects: [[UInt8]]) {
        start(key)
        list(objects) { writer, object in object.withUnsafeBufferPointer { writer.put($0) } }
    }

    package mutating func field(_ key: StaticString, _ values: [String]) {
        start(key)
        list(values) { $0.string($1) }
    }

    package mutating func field(_ key: StaticString, _ values: [Int]) {
        start(key)
        list(values) { $0.number($1) }
    }

    /// Pairs in the order of their keys, so that equal maps give equal bytes.
    package mutating func field(_ key: StaticString, _ map: [String: String]) {
        start(key)
        put(UInt8(ascii: "{"))
        pairs(map)
        put(UInt8(ascii: "}"))
    }

    /// The same as a document of its own.
    package static func object(_ map: [String: String]) -> [UInt8] {
        object { $0.pairs(map) }
    }

    private mutating func pairs(_ map: [String: String]) {
        for (index, pair) in map.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { put(UInt8(ascii: ",")) }
            string(pair.key)
            put(UInt8(ascii: ":"))
            string(pair.value)
        }
    }

    /// Begins a field: a comma unless it is the first, then the key.
    private mutating func start(_ key: StaticString) {
        if count > 1 { put(UInt8(ascii: ",")) }
        put(UInt8(ascii: "\""))
        key.withUTF8Buffer { put($0) }
        put(UInt8(ascii: "\""))
        put(UInt8(ascii: ":"))
    }

    private mutating func list<T>(_ values: [T], _ write: (inout JSONWriter, T) -> Void) {
        put(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { put(UInt8(ascii: ",")) }
            write(&self, value)
        }
        put(UInt8(ascii: "]"))
    }

    /// Digits without a `String` between.
    private mutating func number(_ value: Int) {
        if value < 0 { put(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = count
        repeat {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        buffer[start..<count].reverse()
    }

    private mutating func string(_ text: String) {
        var text = text
        put(UInt8(ascii: "\""))
        text.withUTF8 { utf8 in
            if utf8.contains(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
                for byte in utf8 { escape(byte) }
            } else {
                put(utf8)
            }
        }
        put(UInt8(ascii: "\""))
    }

    /// How many bytes a character takes inside a string.
    static func size(of scalar: Unicode.Scalar) -> Int {
        switch scalar {
        case "\"", "\\", "\n", "\t": 2
        case "\0"..<" ": 6
        default: UTF8.width(scalar)
        }
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            put(UInt8(ascii: "\\"))
            put(byte)
        case UInt8(ascii: "\n"): put(#"\n"#)
        case UInt8(ascii: "\t"): put(#"\t"#)
        case 0..<0x20:
            put(#"\u00"#)
            put(Self.hexDigit(byte >> 4))
            put(Self.hexDigit(byte & 15))
        default: put(byte)
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    // MARK: Into the buffer

    private mutating func put(_ byte: UInt8) {
        guard count < buffer.count else {
            isFull = true
            return
        }
        buffer[count] = byte
        count += 1
    }

    private mutating func put(_ text: StaticString) { text.withUTF8Buffer { put($0) } }

    private mutating func put(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard count + bytes.count <= buffer.count else {
            isFull = true
            return
        }
        guard let source = bytes.baseAddress, let target = buffer.baseAddress else { return }
        (target + count).update(from: source, count: bytes.count)
        count += bytes.count
    }
}
