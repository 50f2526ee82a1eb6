import Foundation
import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct JSONScannerTests {
    private func isValid(_ bytes: [UInt8]) -> Bool { (try? JSONScanner.validate(bytes)) != nil }

    @Test(arguments: [
        "{}", "[]", "null", "true", "false", "0", "-0", "1", "-1", "1.5", "1e5", "1E+5", "1e-5", "0.0", "-0.1e1",
        "\"\"",
        " {} ", "\t\r\n[]\n", #"{"a":[1,{"b":null}],"c":"d"}"#, #""\u0000\uD800\n""#, "[1 , 2]", "{ \"a\" : 1 }",
        "\"é日👍\"",
        "\"\u{7F}\"", "123456789012345678901234567890", "1e999", #"{"a":1,"a":2}"#, "\"\u{2028}\"", "[[]]", "[{}]",
    ])
    func `accepted`(json: String) {
        #expect(isValid(Array(json.utf8)))
        #expect(throws: Never.self) { try JSONScanner.validate(Array(json.utf8)) }
    }

    @Test(arguments: [
        "", " ", "{", "}", "[", "]", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{a:1}",
        "{1:1}", "01",
        "-", "+1", "1.", ".5", "1e", "1e+", "-01", "0x1", "NaN", "Infinity", "-Infinity", "nul", "nulll", "True", "tru",
        "'a'",
        "\"", "\"a", "\"\n\"", "\"\t\"", "\"\0\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\\"", "\"\\", "{} {}",
        "1 2", "{}x",
        "// c\n{}", "/**/{}", "[1}", "{\"a\":1]", "\u{FEFF}{}", "\u{A0}{}", "\u{B}1", "\u{C}1", "[1,,2]", "{\"a\"::1}",
        "{\"a\" 1}",
        "--1", "1-", "1.5.5", "1e5e5", "00", "\"\\u\"", "\"\\u+123\"",
    ])
    func `refused`(json: String) {
        #expect(!isValid(Array(json.utf8)))
    }

    @Test(
        arguments: [
            [0x22, 0x80, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF5, 0x80, 0x80, 0x80, 0x22], [0x22, 0xFF, 0x22], [0xFE, 0xFF, 0x00, 0x31], [0x31, 0x00],
            [0xEF, 0xBB, 0xBF, 0x31],
        ] as [[UInt8]])
    func `bytes that are no UTF-8 are refused`(bytes: [UInt8]) {
        #expect(!isValid(bytes))
    }

    /// Strings are read eight bytes at a time: what ends or spoils one has to be seen at every place of a word.
    @Test(arguments: 0..<40) func `what does not belong into a string is found wherever it stands`(length: Int) {
        for place in 0...length {
            func document(_ byte: UInt8, _ filler: UInt8) -> [UInt8] {
                var text = [UInt8](repeating: filler, count: length)
                text.insert(byte, at: place)
                return [0x5B, 0x22] + text + [0x22, 0x5D]
            }
            for filler in [0x20, 0x21, 0x23, 0x5B, 0x5D, 0x7E, 0x7F] as [UInt8] {
                for control in 0..<UInt8(0x20) {
                    let failure = #expect(throws: JSONScanner.Failure.self) {
                        try JSONScanner.validate(document(control, filler))
                    }
                    #expect(failure?.offset == place + 2)
                }
                #expect(isValid(document(0x20, filler)) && isValid(document(0x7F, filler)))
                // A quote ends the string, and a backslash takes the quote behind it.
                #expect(!isValid(document(0x22, filler)))
                #expect(!isValid(document(0x5C, filler)))
            }
            let accents = Array(String(repeating: "é", count: length + 1).utf8)
            #expect(isValid([0x22] + accents + [0x22]))
        }
    }

    @Test(arguments: ["[", "{\"a\":", "[{\"a\":"])
    func `nesting is bounded`(opening: String) {
        let depth = opening == "[{\"a\":" ? 64 : 128
        let closing = String(opening.filter { "[{".contains($0) }.reversed().map { $0 == "[" ? "]" : "}" })
        func document(_ times: Int) -> [UInt8] {
            Array((String(repeating: opening, count: times) + "1" + String(repeating: closing, count: times)).utf8)
        }
        #expect(isValid(document(depth)))
        #expect(!isValid(document(depth + 1)))
        #expect(!isValid(document(200_000)))
        #expect(!isValid(Array(String(repeating: opening, count: 200_000).utf8)))
    }

    @Test func `a failure says what and where`() {
        let failure = #expect(throws: JSONScanner.Failure.self) { try JSONScanner.validate(Array(#"{"a":01}"#.utf8)) }
        #expect(failure?.offset == 6)
        #expect(failure?.description == "expected \"}\" at byte 6")
    }

    @Test func `an object's fields are found with their ranges`() throws {
        let json = Array(#" { "a" : [1, "}"] , "b\"":"x" , "c":{"d":1}} tail"#.utf8)
        var fields: [String] = []
        try json.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            try scanner.object { key, range in
                fields.append(text(key) + "=" + text(UnsafeBufferPointer(rebasing: buffer[range])))
            }
            #expect(throws: JSONScanner.Failure.self) { try scanner.end() }
        }
        #expect(fields == [#"a=[1, "}"]"#, #"b\"="x""#, #"c={"d":1}"#])
    }
}
