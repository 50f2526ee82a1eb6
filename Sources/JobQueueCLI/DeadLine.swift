import Foundation
import JobModel
import JobStore

/// A dead job as one line of JSON, from which it can come back byte for byte.
///
///     {"v":1,"id":"01JD…","queue":"mail","group":"email.send/0123456789ab","died_ms":…,"forget_ms":…,"envelope":"{…}","record":"{…}","errors":[{"slot":0,"entry":"{…}"}]}
///
/// What is stored stands there as a string. Bytes that are not UTF-8 stand as Base64, in a field with `_base64` behind its
/// name. Without `forget_ms` the job is kept for ever. `group` is for readers, and is found anew.
struct DeadLine: Equatable {
    var queue: String
    var copy: DeadCopy

    /// Why a line cannot be read.
    struct Refusal: Error, Equatable, CustomStringConvertible {
        var description: String
    }

    static let version = 1

    init(queue: String, _ copy: DeadCopy) {
        self.queue = queue
        self.copy = copy
    }

    // MARK: Writing

    /// Without its end. Nothing in it moves a cursor.
    var text: String {
        let errors = copy.errors.sorted { $0.key < $1.key }.map { slot, entry in
            JSONWriter.object(capacity: 64 + entry.count) { writer in
                writer.field("slot", slot)
                writer.bytes("entry", "entry_base64", entry)
            }
        }
        let line = JSONWriter.object(capacity: 256 + copy.byteCount) { writer in
            writer.field("v", Self.version)
            writer.field("id", copy.id)
            writer.field("queue", queue)
            writer.field("group", "\(copy.group)")
            writer.field("died_ms", copy.diedMs)
            if let forget = copy.forgetMs { writer.field("forget_ms", forget) }
            writer.bytes("envelope", "envelope_base64", copy.envelope)
            if !copy.record.isEmpty { writer.bytes("record", "record_base64", copy.record) }
            writer.field("errors", objects: errors)
        }
        return Printable.json(String(decoding: line, as: UTF8.self))
    }

    // MARK: Reading

    init(parsing line: ArraySlice<UInt8>) throws(Refusal) {
        let fields = try JSONFields(line)
        guard fields.int("v") == Self.version else { throw Refusal(description: "\"v\" must be \(Self.version)") }
        guard let id = fields.string("id"), Names.isID(id) else { throw Refusal(description: "\"id\" is no job id") }
        guard let queue = fields.string("queue"), Names.isName(queue) else {
            throw Refusal(description: "\"queue\" is no queue name")
        }
        let latest = 0...Due.latest
        guard let died = fields.int("died_ms"), latest.contains(died) else {
            throw Refusal(description: "\"died_ms\" is no moment")
        }
        var forget: Int?
        if fields.has("forget_ms") {
            forget = fields.int("forget_ms")
            guard let forget, latest.contains(forget) else { throw Refusal(description: "\"forget_ms\" is no moment") }
        }
        guard let envelope = try fields.bytes("envelope") else { throw Refusal(description: "\"envelope\" is missing") }
        let copy = DeadCopy(
            id: id, envelope: envelope, forgetMs: forget, diedMs: died, record: try fields.bytes("record") ?? [],
            errors: try Self.errors(fields))
        self.init(queue: queue, copy)
    }

    private static func errors(_ fields: JSONFields) throws(Refusal) -> [Int: ArraySlice<UInt8>] {
        var errors: [Int: ArraySlice<UInt8>] = [:]
        for element in try fields.list("errors") {
            let entry = try JSONFields(element)
            guard let slot = entry.int("slot"), ErrorEntry.slots.contains(slot), let bytes = try entry.bytes("entry")
            else { throw Refusal(description: "\"errors\" must have a slot of 0 to 9 and an entry each") }
            errors[slot] = bytes
        }
        return errors
    }
}

extension JSONWriter {
    /// As a string, or as Base64 in the other field.
    fileprivate mutating func bytes(_ key: StaticString, _ base64: StaticString, _ bytes: ArraySlice<UInt8>) {
        if let text = String(validating: bytes, as: UTF8.self) {
            field(key, text)
        } else {
            field(base64, Data(bytes).base64EncodedString())
        }
    }
}

/// The fields of a JSON object, by name.
private struct JSONFields {
    private var fields: [String: [UInt8]] = [:]

    init(_ bytes: ArraySlice<UInt8>) throws(DeadLine.Refusal) {
        do throws(JSONScanner.Failure) {
            fields = try bytes.withUnsafeBufferPointer { buffer in
                Result { () throws(JSONScanner.Failure) in
                    var found: [String: [UInt8]] = [:]
                    var scanner = JSONScanner(buffer)
                    try scanner.object { key, range in found[JSONReader.key(key)] = Array(buffer[range]) }
                    try scanner.end()
                    return found
                }
            }.get()
        } catch { throw DeadLine.Refusal(description: "not a JSON object: \(error)") }
    }

    func has(_ name: String) -> Bool { fields[name] != nil }

    func int(_ name: String) -> Int? { fields[name].flatMap { $0.withUnsafeBufferPointer { JSONReader.int($0) } } }

    func string(_ name: String) -> String? {
        fields[name].flatMap { $0.withUnsafeBufferPointer { JSONReader.string($0) } }
    }

    /// nil where neither form of it is there.
    func bytes(_ name: String) throws(DeadLine.Refusal) -> ArraySlice<UInt8>? {
        if has(name) {
            guard let text = string(name) else { throw DeadLine.Refusal(description: "\"\(name)\" is no string") }
            return ArraySlice(text.utf8)
        }
        guard has("\(name)_base64") else { return nil }
        guard let data = string("\(name)_base64").flatMap({ Data(base64Encoded: $0) }) else {
            throw DeadLine.Refusal(description: "\"\(name)_base64\" is no Base64")
        }
        return ArraySlice(Array(data))
    }

    func list(_ name: String) throws(DeadLine.Refusal) -> [ArraySlice<UInt8>] {
        guard let list = fields[name] else { return [] }
        var elements: [ArraySlice<UInt8>] = []
        let isList = list.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return (try? scanner.array { range in elements.append(list[range]) }) != nil
        }
        guard isList else { throw DeadLine.Refusal(description: "\"\(name)\" is no list") }
        return elements
    }
}
