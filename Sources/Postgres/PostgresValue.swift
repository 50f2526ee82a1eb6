import CPostgres

/// A parameter of a statement. It is sent beside the statement and never becomes part of its text. Where the statement wants
/// another type, it says so: `$1::integer`, `$2::jsonb`.
public enum PostgresValue: Sendable, Equatable {
    /// NULL, as `text`.
    case null
    /// As `text`. The server refuses what is not UTF-8, and the character NUL.
    case text(String)
    /// The same from bytes: what they are is for the server to judge.
    case utf8([UInt8])
    /// As `bigint`.
    case int(Int)
    /// As `bytea`, bit for bit.
    case bytes([UInt8])
}

/// Parameters in the form that libpq takes: bytes in one place, with a length each, so that a NUL ends nothing.
struct EncodedParameters {
    private(set) var types: [Oid] = []
    private(set) var lengths: [Int32] = []
    private(set) var formats: [Int32] = []
    private var bytes: [UInt8] = []
    private var starts: [Int?] = []

    var count: Int32 { Int32(types.count) }

    init(_ values: [PostgresValue]) {
        for value in values {
            switch value {
            case .null: add(nil, UInt32(QUEUE_PG_TEXT), 1)
            case .text(let text): add(Array(text.utf8), UInt32(QUEUE_PG_TEXT), 1)
            case .utf8(let text): add(text, UInt32(QUEUE_PG_TEXT), 1)
            case .int(let number): add(Array("\(number)".utf8), UInt32(QUEUE_PG_BIGINT), 0)
            case .bytes(let data): add(data, UInt32(QUEUE_PG_BYTEA), 1)
            }
        }
    }

    /// What is text for libpq (format 0) ends with NUL.
    private mutating func add(_ value: [UInt8]?, _ type: UInt32, _ format: Int32) {
        types.append(type)
        lengths.append(Int32(value?.count ?? 0))
        formats.append(format)
        starts.append(value == nil ? nil : bytes.count)
        if let value { bytes += value + [0] }
    }

    func withPointers<Answer>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Answer) -> Answer {
        bytes.withUnsafeBytes { buffer in
            let base = buffer.bindMemory(to: CChar.self).baseAddress
            let pointers = starts.map { start in start.flatMap { offset in base.map { $0 + offset } } }
            return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
        }
    }
}
