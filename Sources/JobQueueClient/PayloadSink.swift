// What `Encodable` types write into. Containers that a type opens inside another by hand, and those for superclasses, need
// not be written in order: they are given a document that nobody reads, and Foundation writes the real one.

/// The place of one value.
struct PayloadSink: Encoder {
    let writer: PayloadWriter
    let place: PayloadPlace?

    var codingPath: [any CodingKey] { PayloadPlace.path(to: place) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        writer.open(isObject: true)
        return KeyedEncodingContainer(PayloadObjectSink<Key>(writer: writer, level: writer.level, place: place))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        writer.open(isObject: false)
        return PayloadListSink(writer: writer, level: writer.level, place: place)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// Somewhere to write what does not count.
    static func void(insteadOf writer: PayloadWriter, _ place: PayloadPlace?) -> PayloadSink {
        writer.doubt()
        return PayloadSink(writer: PayloadWriter(), place: place)
    }
}

extension PayloadSink: SingleValueEncodingContainer {
    private func write(_ body: () throws -> Void) rethrows {
        writer.request()
        try body()
    }

    func encodeNil() { write { writer.null() } }
    func encode(_ value: Bool) { write { writer.bool(value) } }
    func encode(_ value: String) { write { writer.string(value) } }
    func encode(_ value: Double) { write { writer.number(value) } }
    func encode(_ value: Float) { write { writer.number(value) } }
    func encode(_ value: Int) { write { writer.integer(value) } }
    func encode(_ value: Int8) { write { writer.integer(value) } }
    func encode(_ value: Int16) { write { writer.integer(value) } }
    func encode(_ value: Int32) { write { writer.integer(value) } }
    func encode(_ value: Int64) { write { writer.integer(value) } }
    func encode(_ value: Int128) { write { writer.integer(value) } }
    func encode(_ value: UInt) { write { writer.integer(value) } }
    func encode(_ value: UInt8) { write { writer.integer(value) } }
    func encode(_ value: UInt16) { write { writer.integer(value) } }
    func encode(_ value: UInt32) { write { writer.integer(value) } }
    func encode(_ value: UInt64) { write { writer.integer(value) } }
    func encode(_ value: UInt128) { write { writer.integer(value) } }
    func encode<T: Encodable>(_ value: T) throws { try write { try writer.value(value, at: place) } }
}

/// An object.
private struct PayloadObjectSink<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: PayloadWriter
    let level: Int
    let place: PayloadPlace?

    var codingPath: [any CodingKey] { PayloadPlace.path(to: place) }

    private func write(_ key: Key, _ body: () throws -> Void) rethrows {
        try writer.field(key.stringValue, level: level, body)
    }

    func encodeNil(forKey key: Key) { write(key) { writer.null() } }
    func encode(_ value: Bool, forKey key: Key) { write(key) { writer.bool(value) } }
    func encode(_ value: String, forKey key: Key) { write(key) { writer.string(value) } }
    func encode(_ value: Double, forKey key: Key) { write(key) { writer.number(value) } }
    func encode(_ value: Float, forKey key: Key) { write(key) { writer.number(value) } }
    func encode(_ value: Int, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: Int8, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: Int16, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: Int32, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: Int64, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: Int128, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt8, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt16, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt32, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt64, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode(_ value: UInt128, forKey key: Key) { write(key) { writer.integer(value) } }
    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try write(key) { try writer.value(value, at: PayloadPlace(place, key)) }
    }

    func nestedContainer<K: CodingKey>(keyedBy type: K.Type, forKey key: Key) -> KeyedEncodingContainer<K> {
        PayloadSink.void(insteadOf: writer, PayloadPlace(place, key)).container(keyedBy: type)
    }
    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        PayloadSink.void(insteadOf: writer, PayloadPlace(place, key)).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { PayloadSink.void(insteadOf: writer, place) }
    func superEncoder(forKey key: Key) -> any Encoder { PayloadSink.void(insteadOf: writer, PayloadPlace(place, key)) }
}

/// A list.
private struct PayloadListSink: UnkeyedEncodingContainer {
    let writer: PayloadWriter
    let level: Int
    let place: PayloadPlace?
    private(set) var count = 0

    init(writer: PayloadWriter, level: Int, place: PayloadPlace?) {
        self.writer = writer
        self.level = level
        self.place = place
    }

    var codingPath: [any CodingKey] { PayloadPlace.path(to: place) }
    private var next: PayloadPlace { PayloadPlace(place, PayloadIndex(intValue: count)) }

    private mutating func write(_ body: (PayloadWriter) throws -> Void) rethrows {
        let writer = writer
        try writer.element(level: level) { try body(writer) }
        count += 1
    }

    mutating func encodeNil() { write { $0.null() } }
    mutating func encode(_ value: Bool) { write { $0.bool(value) } }
    mutating func encode(_ value: String) { write { $0.string(value) } }
    mutating func encode(_ value: Double) { write { $0.number(value) } }
    mutating func encode(_ value: Float) { write { $0.number(value) } }
    mutating func encode(_ value: Int) { write { $0.integer(value) } }
    mutating func encode(_ value: Int8) { write { $0.integer(value) } }
    mutating func encode(_ value: Int16) { write { $0.integer(value) } }
    mutating func encode(_ value: Int32) { write { $0.integer(value) } }
    mutating func encode(_ value: Int64) { write { $0.integer(value) } }
    mutating func encode(_ value: Int128) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt8) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt16) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt32) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt64) { write { $0.integer(value) } }
    mutating func encode(_ value: UInt128) { write { $0.integer(value) } }
    mutating func encode<T: Encodable>(_ value: T) throws {
        let place = next
        try write { try $0.value(value, at: place) }
    }

    mutating func nestedContainer<K: CodingKey>(keyedBy type: K.Type) -> KeyedEncodingContainer<K> {
        PayloadSink.void(insteadOf: writer, next).container(keyedBy: type)
    }
    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        PayloadSink.void(insteadOf: writer, next).unkeyedContainer()
    }
    mutating func superEncoder() -> any Encoder { PayloadSink.void(insteadOf: writer, next) }
}
