import JobModel

// The three kinds of containers that `Decodable` types ask a `PayloadValue` for.

extension PayloadValue: Decoder {
    var codingPath: [any CodingKey] { PayloadPlace.path(to: place) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try PayloadObject<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try PayloadList(self) }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }
}

extension PayloadValue: SingleValueDecodingContainer {
    func decodeNil() -> Bool { isNull }
    func decode(_ type: Bool.Type) throws -> Bool { try bool() }
    func decode(_ type: String.Type) throws -> String { try string() }
    func decode(_ type: Double.Type) throws -> Double { try double() }
    func decode(_ type: Float.Type) throws -> Float { throw document.doubt() }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: Int128.Type) throws -> Int128 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }
    func decode(_ type: UInt128.Type) throws -> UInt128 { try integer() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try value(type) }
}

/// The fields of an object. Not generic: looking up types at run time costs more than everything else here.
private struct PayloadFields {
    private struct Field {
        /// Without the quotes.
        var name: Range<Int>
        var value: Range<Int>
    }

    let object: PayloadValue
    private let fields: [Field]

    /// Fields are found by going through them, so an object with more is Foundation's.
    private static let limit = 32

    init(_ object: PayloadValue) throws {
        guard object.isObject else { throw object.document.mismatch() }
        self.object = object
        let start = object.range.lowerBound
        var fields: [Field] = []
        let isPlain = object.document.read(object.range) { bytes in
            guard let base = bytes.baseAddress else { return false }
            fields.reserveCapacity(8)
            var isPlain = true
            var scanner = JSONScanner(bytes)
            do throws(JSONScanner.Failure) {
                try scanner.object { name, value in
                    guard isPlain, fields.count < Self.limit, let address = name.baseAddress, Self.isPlain(name) else {
                        isPlain = false
                        return
                    }
                    // A name that comes twice is Foundation's.
                    for field in fields where field.name.count == name.count {
                        let other = bytes[field.name.lowerBound - start..<field.name.upperBound - start]
                        if other.elementsEqual(name) { isPlain = false }
                    }
                    let at = start + (address - base)
                    fields.append(
                        Field(
                            name: at..<at + name.count, value: start + value.lowerBound..<start + value.upperBound))
                }
            } catch { return false }
            return isPlain
        }
        guard isPlain else { throw object.document.doubt() }
        self.fields = fields
    }

    /// Names with other characters can be equal though their bytes differ.
    private static func isPlain(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in name where byte >= 0x80 || byte == UInt8(ascii: "\\") { return false }
        return true
    }

    var names: [String] {
        fields.map { field in object.document.read(field.name) { String(decoding: $0, as: UTF8.self) } }
    }

    func find(_ name: consuming String) throws -> Range<Int>? {
        let (found, isPlain) = name.withUTF8 { wanted -> (Range<Int>?, Bool) in
            object.document.read(object.document.all) { bytes in
                for field in fields where field.name.count == wanted.count {
                    if bytes[field.name].elementsEqual(wanted) { return (field.value, true) }
                }
                return (nil, Self.isPlain(wanted))
            }
        }
        guard isPlain else { throw object.document.doubt() }
        return found
    }

    /// The value of a field. With a `key` it may become a container, which knows the way to it.
    func value(_ name: consuming String, nested key: (any CodingKey)? = nil) throws -> PayloadValue {
        guard let range = try find(name) else { throw object.document.mismatch() }
        return PayloadValue(
            document: object.document, range: range, place: key.map { PayloadPlace(object.place, $0) })
    }
}

/// An object.
private struct PayloadObject<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let fields: PayloadFields
    private var document: PayloadDocument { fields.object.document }

    init(_ object: PayloadValue) throws { fields = try PayloadFields(object) }

    var codingPath: [any CodingKey] { fields.object.codingPath }
    var allKeys: [Key] { fields.names.compactMap(Key.init(stringValue:)) }

    private func value(_ key: Key) throws -> PayloadValue { try fields.value(key.stringValue) }
    private func nested(_ key: Key) throws -> PayloadValue { try fields.value(key.stringValue, nested: key) }

    func contains(_ key: Key) -> Bool { (try? fields.find(key.stringValue)).flatMap(\.self) != nil }
    func decodeNil(forKey key: Key) throws -> Bool { try value(key).isNull }
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try value(key).bool() }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try value(key).string() }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try value(key).double() }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { throw document.doubt() }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try value(key).integer() }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try value(key).integer() }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try value(key).integer() }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try value(key).integer() }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try value(key).integer() }
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try value(key).integer() }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try value(key).integer() }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try value(key).integer() }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try value(key).integer() }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try value(key).integer() }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try value(key).integer() }
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try value(key).integer() }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try nested(key).value(type)
    }

    func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) throws -> KeyedDecodingContainer<K> {
        try nested(key).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key).unkeyedContainer()
    }
    func superDecoder() throws -> any Decoder { throw document.doubt() }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw document.doubt() }
}

/// A list.
private struct PayloadList: UnkeyedDecodingContainer {
    private let list: PayloadValue
    private let elements: [Range<Int>]
    private(set) var currentIndex = 0

    init(_ list: PayloadValue) throws {
        guard list.isList else { throw list.document.mismatch() }
        self.list = list
        let start = list.range.lowerBound
        let elements = list.document.read(list.range) { bytes -> [Range<Int>]? in
            var elements: [Range<Int>] = []
            var scanner = JSONScanner(bytes)
            do throws(JSONScanner.Failure) {
                try scanner.array { elements.append(start + $0.lowerBound..<start + $0.upperBound) }
            } catch { return nil }
            return elements
        }
        guard let elements else { throw list.document.doubt() }
        self.elements = elements
    }

    var codingPath: [any CodingKey] { list.codingPath }
    var count: Int? { elements.count }
    var isAtEnd: Bool { currentIndex == elements.count }

    /// The element under the cursor, read by `body`; the cursor moves on when that succeeds.
    private mutating func next<R>(_ body: (PayloadValue) throws -> R) throws -> R {
        guard !isAtEnd else { throw list.document.mismatch() }
        let place = PayloadPlace(list.place, PayloadIndex(intValue: currentIndex))
        let value = try body(PayloadValue(document: list.document, range: elements[currentIndex], place: place))
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw list.document.mismatch() }
        guard PayloadValue(document: list.document, range: elements[currentIndex], place: nil).isNull else {
            return false
        }
        currentIndex += 1
        return true
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next { try $0.bool() } }
    mutating func decode(_ type: String.Type) throws -> String { try next { try $0.string() } }
    mutating func decode(_ type: Double.Type) throws -> Double { try next { try $0.double() } }
    mutating func decode(_ type: Float.Type) throws -> Float { throw list.document.doubt() }
    mutating func decode(_ type: Int.Type) throws -> Int { try next { try $0.integer() } }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next { try $0.integer() } }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next { try $0.integer() } }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next { try $0.integer() } }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next { try $0.integer() } }
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next { try $0.integer() } }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next { try $0.integer() } }
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next { try $0.integer() } }
    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T { try next { try $0.value(type) } }

    mutating func nestedContainer<K: CodingKey>(keyedBy type: K.Type) throws -> KeyedDecodingContainer<K> {
        try next { try $0.container(keyedBy: type) }
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try next { try $0.unkeyedContainer() }
    }
    mutating func superDecoder() throws -> any Decoder { throw list.document.doubt() }
}
