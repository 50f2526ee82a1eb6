import Foundation
import TestSupport
import Testing

@testable import JobQueueClient

/// Reads a document as one type, with both decoders.
private struct Reading: Sendable {
    var name: String
    /// What each made of it: a value in words, or "error"; nil where ours left the decision to Foundation.
    var compare: @Sendable (_ document: [UInt8]) -> (ours: String?, both: String, foundation: String)

    init<T: Decodable & SendableMetatype>(_ type: T.Type) {
        name = "\(type)"
        compare = { document in
            func words(_ read: () throws -> T) -> String {
                do { return text(try read()) } catch { return "error" }
            }
            return (
                PayloadDecoder.decodeHere(type, from: document[...]).map(text),
                words { try PayloadDecoder.decode(type, from: document[...]) },
                words { try JSONDecoder().decode(type, from: Data(document)) }
            )
        }
    }

    static let all = [
        Reading(Order.self), Reading(Order?.self), Reading([Order].self), Reading(Loose.self), Reading(Sensor.self),
        Reading(Anything.self), Reading(Either.self), Reading(Child.self), Reading(Traveller.self),
        Reading(Narrow.self), Reading(Foreign.self), Reading(Wrapped.self), Reading(Int.self), Reading(Double.self),
        Reading(String.self), Reading(Bool.self), Reading([String: Int].self), Reading([Int: Bool].self),
        Reading([[Double]].self), Reading([Float].self), Reading(Date.self), Reading([Int?].self),
        Reading(UInt64.self), Reading(Int128.self), Reading(Decimal.self), Reading(Colour.self),
    ]
}

/// A value and all that is in it; dictionaries in the order of their keys.
private func text(_ value: Any) -> String {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .dictionary { return "\(mirror.children.map { text($0.value) }.sorted())" }
    if mirror.children.isEmpty { return "\(value)" }
    let parts = mirror.children.map { "\($0.label ?? ""): \(text($0.value))" }
    return "\(type(of: value))(\(parts.joined(separator: ", ")))"
}

private enum Colour: String, Codable { case red, green }

private struct Order: Codable {
    struct Line: Codable {
        var article: String
        var count: Int
    }
    var number: Int
    var address: String
    var lines: [Line]
    var isUrgent: Bool
    var note: String?
    var colour: Colour?
}

private struct Loose: Codable {
    var number: Int?
    var address: String?
    var isUrgent: Bool?
    var weight: Double?
    var lines: [[String: String]]?
}

private struct Sensor: Codable {
    var value: Double
    var history: [Double]
    var labels: [String: String]
}

/// Tries one type after another, as many do, and swallows the errors.
private indirect enum Anything: Decodable {
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list([Anything])
    case object([(String, Anything)])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let int = try? value.decode(Int.self) {
            self = .int(int)
        } else if let double = try? value.decode(Double.self) {
            self = .double(double)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let list = try? value.decode([Anything].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: Anything].self).sorted { $0.key < $1.key })
        }
    }
}

private enum Either: Codable {
    case number(Int)
    case named(address: String)
}

private class Parent: Codable, CustomStringConvertible {
    var number: Int
    var description: String { "\(number)" }
}

private final class Child: Parent {
    enum Field: String, CodingKey {
        case address
        case below = "super"
    }
    let address: String
    override var description: String { "\(number) \(address)" }
    required init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        address = try fields.decode(String.self, forKey: .address)
        try super.init(from: (try? fields.superDecoder(forKey: .below)) ?? decoder)
    }
}

/// Says where it was read.
private struct Traveller: Decodable {
    struct Stop: Decodable {
        var path: String
        var rest: [Stop]
        enum Field: String, CodingKey { case lines }
        init(from decoder: any Decoder) throws {
            path = decoder.codingPath.map(\.stringValue).joined(separator: ".")
            let fields = try decoder.container(keyedBy: Field.self)
            rest = try fields.decodeIfPresent([Stop].self, forKey: .lines) ?? []
        }
    }
    var stop: Stop
    var count: Int
    enum Field: String, CodingKey { case lines, article }
    init(from decoder: any Decoder) throws {
        stop = try Stop(from: decoder)
        var list = try decoder.container(keyedBy: Field.self).nestedUnkeyedContainer(forKey: .lines)
        count = list.count ?? -1
        while !list.isAtEnd {
            guard try !list.decodeNil() else { continue }
            let line = try list.nestedContainer(keyedBy: Field.self)
            count += try line.decode(String.self, forKey: .article).count + line.allKeys.count + line.codingPath.count
        }
    }
}

private struct Narrow: Codable {
    var number: Int8
    var count: UInt16?
    var value: UInt64?
    var weight: Float?
}

private struct Foreign: Codable {
    var number: Decimal?
    var address: URL?
    var value: Date?
    var article: Data?
}

private struct Wrapped: Codable {
    var text: String
    init(from decoder: any Decoder) throws { text = try decoder.singleValueContainer().decode(String.self) }
}

@Suite struct PayloadDecoderTests {
    private static let documents: [String] = [
        #"{"number":7,"address":"a@b","lines":[{"article":"x","count":2}],"isUrgent":true}"#,
        #" { "number" : -0 , "address" : "" , "lines" : [ ] , "isUrgent" : false , "note" : null, "colour":"red"} "#,
        #"{"number":1.0,"address":"a","lines":[],"isUrgent":false}"#, #"{"number":1e2,"address":"a"}"#,
        #"{"number":7,"number":8,"address":"twice"}"#, #"{"numb\u0065r":7,"address":"escaped name"}"#,
        #"{"number":7,"address":"é\n\t\"\\\/ \u00e9 \ud83d\ude00"}"#, #"{"address":"\n\"\\\/\b\f\r\t","number":1}"#,
        #"{"address":"\ud83d","number":1}"#, #"{"address":"\\u0041","number":1}"#, #"{"ADDRESS":"x","number":1}"#,
        #"{"value":1.5,"history":[0,-0,-0.0,1e308,1e-320,0.1,12345678901234567890],"labels":{"a":"b","é":"c"}}"#,
        #"{"value":1e999,"history":[],"labels":{}}"#,
        #"{"value":9007199254740993,"history":[999999999999999],"labels":{}}"#,
        #"{"number":127,"count":65535,"value":18446744073709551615,"weight":0.1}"#, #"{"number":128}"#,
        #"{"number":-129}"#,
        #"{"number":1.25,"address":"https://example.org/ü","value":1.5,"article":"YWJj"}"#, #"{"article":"!"}"#,
        #"{"number":{"_0":4}}"#, #"{"named":{"address":"x"}}"#, #"{"address":"x","super":{"number":3}}"#,
        #"{"lines":[{"article":"x","lines":[{"lines":[]}]},{"article":"yy"}]}"#, #"{"lines":[null,{"article":"yy"}]}"#,
        #"{"lines":[{"article":"x","article":"yy"}]}"#, "1e-999", "-0.0", "0e5",
        #"{"1":true,"2":false}"#, #"{"x":true}"#, #"{"a":1,"b":2}"#, #"{"Kelvin":1}"#, #"{"a":1,"a\u0000":2}"#,
        "[1,2,null,3]", "[[1,2.5],[],[3e0]]", "[0.1,1e40,3.4e38]", "[]", "{}", "null", "true", "false", "0", "-1",
        "1.0",
        "170141183460469231731687303715884105727", "18446744073709551616", "999999999999999999", "9999999999999999999",
        #""text""#, #""red""#, #""""#, "nul", "tru", "01", "1.", "+1", "[1,]", #"{"a":1,}"#, "", " ", "{", "\u{FEFF}{}",
        "NaN", "Infinity", "\"\u{1}\"", "[1] 2", "\"\u{7F}\u{80}\"", "{\"lines\":" + String(repeating: "[", count: 200),
        String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
        "{" + (0..<40).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}",
    ]

    @Test func `both decoders agree on every type and document`() {
        for document in Self.documents { check(Array(document.utf8)) }
    }

    @Test func `both agree on bytes that are not UTF-8`() {
        for bytes: [UInt8] in [[0xFF], [0xC3], [0xED, 0xA0, 0x80], [0xC0, 0xAF], [0xF5, 0x80, 0x80, 0x80]] {
            check([0x22] + bytes + [0x22])
            check(Array(#"{"number":1,"address":""#.utf8) + bytes + Array(#""}"#.utf8))
            check(Array(#"{"number":1,"address":"x",""#.utf8) + bytes + Array(#"":2}"#.utf8))
        }
    }

    @Test func `both agree on documents with random changes`() {
        var generator = Seed()
        let bytes = Array(#"{}[]",:\/0123456789.-+eEutrflsn "#.utf8)
        for document in Self.documents {
            for _ in 0..<12 {
                var changed = Array(document.utf8)
                for _ in 0...Int.random(in: 0..<3, using: &generator) where !changed.isEmpty {
                    let at = Int.random(in: changed.indices, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: changed[at] = bytes.randomElement(using: &generator)!
                    case 1: changed.remove(at: at)
                    default: changed.insert(bytes.randomElement(using: &generator)!, at: at)
                    }
                }
                check(changed)
            }
        }
    }

    private func check(_ document: [UInt8]) {
        for reading in Reading.all {
            let (ours, both, foundation) = reading.compare(document)
            let text = "\(reading.name) from \(String(decoding: document, as: UTF8.self).debugDescription)"
            #expect(ours == nil || ours == foundation, "\(text)")
            #expect(both == foundation, "\(text)")
        }
    }

    @Test(arguments: [
        (Reading(Order.self), documents[0]), (Reading(Order.self), documents[1]),
        (Reading(Anything.self), documents[0]),
        (Reading(Loose.self), #"{"number":3,"weight":-1.5e3,"lines":[{"a":"b"}],"more":[{}]}"#),
        (Reading(Sensor.self), #"{"value":1.5,"history":[0,-1,0.1],"labels":{"a":"b","c":"ü"}}"#),
        (Reading([String: Int].self), #"{"a":1,"b":2}"#),
    ])
    private func `ordinary payloads are read without Foundation`(reading: Reading, document: String) {
        #expect(reading.compare(Array(document.utf8)).ours != nil, "\(reading.name) from \(document)")
    }

    @Test func `a decoder that was kept still reads after the call`() throws {
        struct Keeper: Decodable {
            var decoder: any Decoder
            init(from decoder: any Decoder) { self.decoder = decoder }
        }
        let keeper = try PayloadDecoder.decode(Keeper.self, from: Array(#"{"address":"later"}"#.utf8)[...])
        #expect(try Loose(from: keeper.decoder).address == "later")
    }

    @Test func `errors are those of Foundation`() {
        #expect {
            try PayloadDecoder.decode(Order.self, from: Array(#"{"number":1,"address":2}"#.utf8)[...])
        } throws: { error in
            guard case DecodingError.typeMismatch(_, let context) = error else { return false }
            return context.codingPath.map(\.stringValue) == ["address"]
        }
    }

    @Test func `large documents are left to Foundation`() throws {
        let text = String(repeating: "x", count: PayloadDecoder.sizeLimit)
        let document = Array("\"\(text)\"".utf8)
        #expect(PayloadDecoder.decodeHere(String.self, from: document[...]) == nil)
        #expect(try PayloadDecoder.decode(String.self, from: document[...]) == text)
    }
}
