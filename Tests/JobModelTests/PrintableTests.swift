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

    @Test func `long text is cut`() {
        #expect(Printable.oneLine("abcdef", limit: 3) == "abc…")
        #expect(Printable.oneLine("abc", limit: 3) == "abc")
        #expect(Printable.oneLine("", limit: 0) == "")
        #expect(Printable.oneLine("a", limit: 0) == "…")
        #expect(Printable.oneLine(String(repeating: "x", count: 5000)).count == 4097)
    }
}
