import Foundation
import TestSupport
import Testing

@testable import JobQueueClient

/// Writes a value, with both encoders.
private struct Writing: Sendable {
    var name: String
    /// What each wrote; nil where ours left it to Foundation, or where Foundation threw.
    var compare: @Sendable () -> (ours: [UInt8]?, both: [UInt8]?, foundation: [UInt8]?)

    init<T: Encodable & Sendable>(_ value: T, as name: String? = nil) {
        self.name = name ?? "\(T.self)"
        compare = {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return (
                PayloadEncoder.encodeHere(value), try? PayloadEncoder.encode(value),
                (try? encoder.encode(value)).map(Array.init)
            )
        }
    }
}

private struct Order: Codable {
    struct Line: Codable {
        var count: Int
        var article: String
    }
    var number = 7
    var address = "a@b"
    var lines = [Line(count: 2, article: "x"), Line(count: -3, article: "\"ü\\\n\t\r\u{1}\u{1f}/😀")]
    var isUrgent = true
    var note: String?
    var weights: [String: Double] = ["b": 1.5, "a": 2, "é": 0.1, "c": -0.0]
    var nested: [[Int?]] = [[1, nil], []]
}

private enum Either: Codable {
    case number(Int)
    case named(address: String)
}

private class Parent: Codable, @unchecked Sendable {
    var number = 3
}

private final class Child: Parent, @unchecked Sendable {
    enum Field: String, CodingKey { case address }
    let address = "x"
    override func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(address, forKey: .address)
        try super.encode(to: fields.superEncoder())
    }
    override init() { super.init() }
    required init(from decoder: any Decoder) throws { try super.init(from: decoder) }
}

/// Writes in ways that are allowed and rare.
private struct Odd: Encodable {
    enum Way: CaseIterable {
        case nothing, twoContainers, nameTwice, nested, nestedList, swallowed, valueAndContainer, outOfTurn
    }
    enum Field: String, CodingKey { case first, second }
    struct Failing: Encodable {
        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Field.self)
            try fields.encode(1, forKey: .first)
            throw CancellationError()
        }
    }
    var way: Way

    func encode(to encoder: any Encoder) throws {
        if way == .nothing { return }
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(1, forKey: .first)
        switch way {
        case .nothing: break
        case .twoContainers:
            var again = encoder.container(keyedBy: Field.self)
            try again.encode(2, forKey: .second)
        case .nameTwice: try fields.encode(2, forKey: .first)
        case .nested:
            var inner = fields.nestedContainer(keyedBy: Field.self, forKey: .second)
            try inner.encode("x", forKey: .first)
        case .nestedList:
            var inner = fields.nestedUnkeyedContainer(forKey: .second)
            try inner.encode("x")
        case .swallowed: try? fields.encode(Failing(), forKey: .second)
        case .valueAndContainer: break
        case .outOfTurn:
            var again = encoder.container(keyedBy: Field.self)
            try again.encode(2, forKey: .second)
            try fields.encode(3, forKey: .first)
        }
    }
}

@Suite struct PayloadEncoderTests {
    private static let plain = [
        Writing(Order()), Writing([Order(), Order()]), Writing(["b": 1, "a": 2]),
        Writing(["a b": 1, "a!": 2, "a": 3, "": 4]),
        Writing([1: true, 10: false, 2: true]),
        Writing([0.1, 1e16, 1e-7, .pi, -0.0, Double.leastNonzeroMagnitude, 1.7976931348623157e308]),
        Writing([Float(0.1), 3.4e38, 16_777_216]), Writing("\u{7F}\u{2028}"), Writing(""), Writing(0),
        Writing(Int.min), Writing(UInt64.max), Writing(Int128.max), Writing(true), Writing(Int?.none),
        Writing([String]()), Writing([String: String]()), Writing([Int8.min]), Writing([UInt16.max]),
    ]
    private static let rare =
        [
            Writing(Date(timeIntervalSince1970: 1.5)), Writing([Data([1, 2])]),
            Writing(["u": URL(string: "https://example.org/")]), Writing([Decimal(string: "1.1")]),
            Writing(Either.number(4)), Writing(Either.named(address: "x")), Writing(Child()), Writing(Double.nan),
            Writing([Double.infinity]),
            Writing(["x": Float.nan]),
        ] + Odd.Way.allCases.map { Writing(Odd(way: $0), as: "Odd \($0)") }
        + Odd.Way.allCases.map { Writing([Odd(way: $0)], as: "list of Odd \($0)") }

    /// Numbers and escapes may be written in different ways, so what is read from them is compared.
    private func value(_ json: [UInt8]?) -> NSObject? {
        json.flatMap { try? JSONSerialization.jsonObject(with: Data($0), options: .fragmentsAllowed) as? NSObject }
    }

    @Test(arguments: plain)
    private func `ordinary values are written without Foundation, and read the same`(writing: Writing) throws {
        let (ours, both, foundation) = writing.compare()
        let (written, expected) = (try #require(ours), try #require(foundation))
        #expect(both == written)
        #expect(
            value(written) == value(expected) && value(expected) != nil, "\(String(decoding: written, as: UTF8.self))")
    }

    @Test(arguments: rare)
    private func `what is rare is what Foundation makes of it`(writing: Writing) {
        let (ours, both, foundation) = writing.compare()
        #expect((both == nil) == (foundation == nil))
        #expect(value(both) == value(foundation))
        if let ours { #expect(value(ours) == value(foundation)) }
    }

    @Test func `the keys of objects are sorted at every depth`() throws {
        struct Outer: Encodable {
            var z = 1
            var list = [["q": 1, "p": 2, "r": 3]]
            var a = Inner()
        }
        struct Inner: Encodable {
            var second = "2"
            var first = "1"
        }
        let text = String(decoding: try PayloadEncoder.encode(Outer()), as: UTF8.self)
        #expect(text == #"{"a":{"first":"1","second":"2"},"list":[{"p":2,"q":1,"r":3}],"z":1}"#)
    }

    @Test(arguments: [(128, true), (129, false)])
    func `what is nested too deeply to be read is not written`(depth: Int, isFine: Bool) {
        struct Nest: Encodable {
            var depth: Int
            func encode(to encoder: any Encoder) throws {
                var list = encoder.unkeyedContainer()
                if depth > 1 { try list.encode(Nest(depth: depth - 1)) }
            }
        }
        #expect(((try? PayloadEncoder.encode(Nest(depth: depth))) != nil) == isFine)
    }

    @Test func `random values come back`() throws {
        struct Thing: Codable, Equatable {
            var text: String
            var number: Int
            var weight: Double
            var tags: [String: [Int?]]
            var more: [Thing]
        }
        var random = Seed()
        func text() -> String {
            String(
                String.UnicodeScalarView(
                    (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                        Unicode.Scalar(UInt32.random(in: 0..<0x3000, using: &random)) ?? "x"
                    }))
        }
        func thing(_ depth: Int) -> Thing {
            Thing(
                text: text(), number: Int(truncatingIfNeeded: Int64(bitPattern: random.next()) >> 8),
                weight: Double.random(in: -1e9...1e9, using: &random),
                tags: Dictionary((0..<3).map { _ in (text(), [1, nil]) }) { $1 },
                more: depth == 0 ? [] : (0..<3).map { _ in thing(depth - 1) })
        }
        for _ in 0..<100 {
            let one = thing(3)
            let bytes = try #require(PayloadEncoder.encodeHere(one))
            #expect(try JSONDecoder().decode(Thing.self, from: Data(bytes)) == one)
            #expect(try PayloadDecoder.decode(Thing.self, from: bytes[...]) == one)
        }
    }
}
