/// Writes the small JSON documents that are stored in Redis, straight into bytes.
///
/// A general encoder costs microseconds a document; this one is part of enqueueing and settling every job. Keys are
/// literals of ours; values are escaped.
package struct JSONWriter {
    package private(set) var bytes: [UInt8]

    package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Writes `{`, whatever the body writes, and `}`.
    package static func object(capacity: Int = 256, _ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter(capacity: capacity)
        writer.bytes.append(UInt8(ascii: "{"))
        body(&writer)
        writer.bytes.append(UInt8(ascii: "}"))
        return writer.bytes
    }

    package mutating func field(_ key: StaticString, _ value: Int) {
        start(key)
        append(value)
    }

    package mutating func field(_ key: StaticString, _ value: String) {
        start(key)
        string(value)
    }

    /// A value that is JSON already.
    package mutating func field(_ key: StaticString, json: some Collection<UInt8>) {
        start(key)
        bytes.append(contentsOf: json)
    }

    package mutating func field(_ key: StaticString, _ values: [String]) {
        start(key)
        list(values) { $0.string($1) }
    }

    package mutating func field(_ key: StaticString, _ values: [Int]) {
        start(key)
        list(values) { $0.append($1) }
    }

    /// Pairs in the order of their keys, so that equal maps give equal bytes.
    package mutating func field(_ key: StaticString, _ map: [String: String]) {
        start(key)
        bytes.append(UInt8(ascii: "{"))
        for (index, pair) in map.sorted(by: { $0.key < $1.key }).enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            string(pair.key)
            bytes.append(UInt8(ascii: ":"))
            string(pair.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    /// Begins a field: a comma unless it is the first, then the key.
    private mutating func start(_ key: StaticString) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func list<T>(_ values: [T], _ write: (inout JSONWriter, T) -> Void) {
        bytes.append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(&self, value)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    /// Digits without a `String` between.
    private mutating func append(_ value: Int) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func string(_ text: String) {
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
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
        case UInt8(ascii: "\n"): bytes += Array(#"\n"#.utf8)
        case UInt8(ascii: "\t"): bytes += Array(#"\t"#.utf8)
        case 0..<0x20:
            let hex = Array("0123456789abcdef".utf8)
            bytes += Array(#"\u00"#.utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]]
        default: bytes.append(byte)
        }
    }
}
