import Foundation
import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct JSONReaderTests {
    @Test(
        arguments: [
            ("0", 0), ("-0", 0), ("1", 1), ("-1", -1), ("999999999999999999", 999_999_999_999_999_999),
            ("-999999999999999999", -999_999_999_999_999_999), ("9007199254740991", 9_007_199_254_740_991),
            ("1000000000000000000", nil), ("1.0", nil), ("1e3", nil), ("", nil), ("-", nil), ("--1", nil), ("x", nil),
            ("\"1\"", nil), (" 1", nil), ("+1", nil), ("null", nil), ("true", nil), ("99999999999999999999999999", nil),
        ] as [(String, Int?)])
    func `whole numbers`(json: String, expected: Int?) {
        #expect(with(json) { JSONReader.int($0) } == expected)
    }

    @Test(
        arguments: [
            (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
            (#""\u0041\u00e9\u65e5""#, "Aé日"),
            (#""\uD83D\uDC4D""#, "👍"), (#""\ud83d\udc4d!""#, "👍!"), (#""\uD83D""#, "\u{FFFD}"),
            (#""\uDC4D""#, "\u{FFFD}"),
            (#""\uDC4D\uD83D""#, "\u{FFFD}\u{FFFD}"), (#""\uD83Dx""#, "\u{FFFD}x"), (#""x\u0000y""#, "x\0y"),
            (#""é\n日""#, "é\n日"),
            ("\"日本\"", "日本"), ("1", nil), ("", nil), ("\"", nil), ("null", nil), ("[]", nil),
        ] as [(String, String?)])
    func `strings and their escapes`(json: String, expected: String?) {
        #expect(with(json) { JSONReader.string($0) } == expected)
    }

    @Test(arguments: awkwardTexts) func `what the writer writes is read again, by others too`(awkward: String) throws {
        let json = JSONWriter.object { $0.field("k", [awkward, awkward]) }
        try JSONScanner.validate(json)
        let list = Array(json.dropFirst(5).dropLast())
        #expect(list.withUnsafeBufferPointer { JSONReader.strings($0) } == [awkward, awkward])
        let other = try JSONSerialization.jsonObject(with: Data(json)) as? [String: [String]]
        #expect(other?["k"]?.map { Array($0.utf8) } == [Array(awkward.utf8), Array(awkward.utf8)])
    }

    @Test(
        arguments: [
            ("[]", []), ("[ ]", []), (#"["a"]"#, ["a"]), (#"[ "a" , "b,]" ,"c" ]"#, ["a", "b,]", "c"]),
            (#"["a",1]"#, nil),
            (#"[["a"]]"#, nil), ("{}", nil), ("1", nil), ("", nil), (#"["\u0041"]"#, ["A"]), (#"[null]"#, nil),
        ] as [(String, [String]?)])
    func `lists of strings`(json: String, expected: [String]?) {
        #expect(with(json) { JSONReader.strings($0) } == expected)
    }

    @Test(
        arguments: [
            ("[]", []), ("[1]", [1]), ("[ 1 , -2,3 ]", [1, -2, 3]), ("[1,\"2\"]", nil), ("[1.5]", nil), ("{}", nil),
            ("1", nil),
        ] as [(String, [Int]?)])
    func `lists of numbers`(json: String, expected: [Int]?) {
        #expect(with(json) { JSONReader.ints($0) } == expected)
    }

    @Test(
        arguments: [
            ("{}", [:]), (#"{"a":"b"}"#, ["a": "b"]), (#"{ "a" : "b" , "\u0063" : "\n" }"#, ["a": "b", "c": "\n"]),
            (#"{"a":1}"#, nil), (#"{"a":"b","c":{}}"#, nil), ("[]", nil), ("1", nil),
            (#"{"a":"1","a":"2"}"#, ["a": "2"]),
        ] as [(String, [String: String]?)])
    func `maps of strings`(json: String, expected: [String: String]?) {
        #expect(with(json) { JSONReader.map($0) } == expected)
    }

    @Test func `maps are written in the order of their keys`() {
        let json = JSONWriter.object { $0.field("m", ["b": "2", "a\"": "1", "c": ""]) }
        #expect(text(json) == #"{"m":{"a\"":"1","b":"2","c":""}}"#)
    }

    @Test func `numbers are written in full`() {
        let json = JSONWriter.object { writer in
            for number in [0, -1, 10, Int.max, Int.min] { writer.field("n", number) }
        }
        #expect(text(json) == #"{"n":0,"n":-1,"n":10,"n":9223372036854775807,"n":-9223372036854775808}"#)
    }
}
