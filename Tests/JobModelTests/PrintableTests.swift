import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct PrintableTests {
    @Test(arguments: [
        ("plain text", "plain text"), ("a\nb", "a\\u{a}b"), ("\u{1B}[2J", "\\u{1b}[2J"), ("a\u{202E}b", "a\\u{202e}b"),
        ("\u{9B}1m", "\\u{9b}1m"), ("日本 é 👍", "日本 é 👍"), ("\r", "\\u{d}"), ("\0", "\\u{0}"), ("", ""),
        ("\u{E0041}", "\\u{e0041}"), ("\u{FEFF}", "\\u{feff}"), ("\u{61C}x", "\\u{61c}x"),
    ])
    func `harmful characters become visible`(text: String, printed: String) {
        #expect(Printable.oneLine(text) == printed)
    }

    @Test func `no control, line break or change of direction passes`() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let properties = scalar.properties
            let category = properties.generalCategory
            guard properties.isBidiControl || [.control, .lineSeparator, .paragraphSeparator].contains(category) else {
                continue
            }
            #expect(Printable.oneLine(String(scalar)) == "\\u{\(String(value, radix: 16))}")
        }
    }

    @Test(arguments: [
        (#"{"a":"b"}"#, #"{"a":"b"}"#), ("{\n  \"a\" : 1\n}", "{\n  \"a\" : 1\n}"), ("[1,\r\t2]", "[1,  2]"),
        ("\"\u{200D}\u{7F}\u{9B}\u{202E}\"", #""\u200d\u007f\u009b\u202e""#),
        ("\"\u{E0041}\"", #""\udb40\udc41""#), ("\"日本 é 👍\"", "\"日本 é 👍\""),
    ])
    func `in JSON harmful characters become escapes that mean the same`(document: String, printed: String) {
        #expect(Printable.json(document) == printed)
    }

    @Test func `JSON is never cut, and is as harmless as a line`() throws {
        let long = "\"" + String(repeating: "\u{202E}", count: 300_000) + "\""
        let printed = Printable.json(long)
        #expect(printed.utf8.count == 2 + 6 * 300_000)
        for value in Array(UInt32(0x20)...0xFFFF) + Array(0xE0000...0xE0080) {
            guard let scalar = Unicode.Scalar(value), scalar != "\"", scalar != "\\" else { continue }
            let document = Printable.json("\"\(Character(scalar))\"")
            #expect(Printable.oneLine(document) == document)
            let bytes = Array(document.utf8)
            #expect(bytes.withUnsafeBufferPointer { JSONReader.string($0) } == String(scalar))
        }
    }

    @Test func `long text is cut`() {
        #expect(Printable.oneLine("abcdef", limit: 3) == "abc…")
        #expect(Printable.oneLine("abc", limit: 3) == "abc")
        #expect(Printable.oneLine("", limit: 0) == "")
        #expect(Printable.oneLine("a", limit: 0) == "…")
        #expect(Printable.oneLine(String(repeating: "x", count: 5000)).count == 4097)
    }

    @Test(arguments: [
        ("", 0, true), ("a b~", 4, true), ("a b~", 3, false), ("a\u{7F}", 9, false), ("\u{1B}[m", 9, false),
        ("é", 9, false),
        ("a\n", 9, false),
    ])
    func `plain text is short, and visible in ASCII`(text: String, limit: Int, isPlain: Bool) {
        #expect(Printable.isPlain(text, limit: limit) == isPlain)
    }
}
