import JobModel
import Testing

/// Envelopes come from strangers.
@Suite(.timeLimit(.minutes(1))) struct EnvelopeRefusalTests {
    private func refusal(_ bytes: [UInt8]) -> String? {
        do throws(Envelope.Refusal) {
            _ = try Envelope(parsing: bytes[...])
            return nil
        } catch { return error.description }
    }

    @Test(arguments: [
        "", " ", "null", "[]", "\"x\"", "1", "{", "{\"name\":\"n\"", "{\"name\":\"n\"}}", "{\"name\":\"n\"} x",
        "{name:\"n\"}",
        "{'name':'n'}", "{\"name\":\"n\",}", "\u{FEFF}{\"name\":\"n\"}", "{\"name\":\"n\",\"payload\":}",
        "{\"name\":\"n\",\"payload\":01}",
        "{\"name\":\"n\",\"payload\":\"\u{1}\"}", "{\"name\":\"n\",\"payload\":NaN}", "{\"name\":\"n\"}\0",
        "\0{\"name\":\"n\"}",
    ])
    func `what is no JSON object is refused with its place`(json: String) {
        #expect(refusal(Array(json.utf8))?.hasPrefix("not a JSON object: ") == true)
        #expect(refusal(Array(json.utf8))?.contains(" at byte ") == true)
    }

    @Test(arguments: [
        "{}", #"{"name":""}"#, #"{"name":"a b"}"#, #"{"name":"\u0000"}"#, #"{"name":"\ud800"}"#, #"{"name":"a:b"}"#,
        #"{"name":"\u001b[2J"}"#, #"{"Name":"n"}"#, #"{"name":"é"}"#,
    ])
    func `a bad name is refused on one printable line`(json: String) {
        let words = refusal(Array(json.utf8))
        #expect(words?.hasPrefix("bad job name ") == true)
        #expect(words?.unicodeScalars.allSatisfy { $0.value >= 0x20 } == true)
    }

    @Test(
        arguments: [
            ("name", ["1", "null", "[\"n\"]", "{}"]), ("id", ["1", "null", "{}"]),
            ("created_ms", ["-1", "1.5", "\"1\"", "1e3", "900000000000001", "99999999999999999999", "null", "true"]),
            ("priority", ["-1", "10", "5.0", "\"5\"", "null", "1e0"]),
            ("max_attempts", ["0", "-1", "1000001", "\"3\"", "3.5"]),
            ("timeout_ms", ["0", "-2", "1.5", "900000000000001", "null"]), ("result_ttl_ms", ["-2", "\"x\"", "1e99"]),
            ("expires_ms", ["-1", "null", "\"soon\""]), ("delay_ms", ["-1", "1.5", "null", "900000000000001"]),
            ("run_at_ms", ["-1", "null", "\"2040\"", "9223372036854775808"]),
            ("tags", ["\"a\"", "[1]", "[\"a b\"]", "[\"\"]", "{}", "null", "[[\"a\"]]"]),
            ("metadata", ["[]", "{\"a\":1}", "\"x\"", "null", "{\"a\":null}", "{\"a\":{}}"]),
            ("request_id", ["1", "null", "\"\"", "\"a\\n\"", "\"é\"", "\"\(String(repeating: "x", count: 129))\""]),
            (
                "backoff",
                [
                    "5", "null", "[]", "{}", "{\"base_ms\":1}", "{\"cap_ms\":1}", "{\"fixed_ms\":-1}",
                    "{\"fixed_ms\":1.5}",
                    "{\"list_ms\":[1,\"2\"]}", "{\"list_ms\":[-1]}", "{\"list_ms\":5}", "{\"base_ms\":-1,\"cap_ms\":5}",
                    "{\"base_ms\":1,\"cap_ms\":5,\"jitter_percent\":-1}", "{\"fixed_ms\":900000000000001}",
                ]
            ),
        ] as [(String, [String])])
    func `a field of a wrong type or range is named`(field: String, values: [String]) {
        for value in values {
            let json = field == "name" ? "{\"name\":\(value)}" : "{\"name\":\"n\",\"\(field)\":\(value)}"
            #expect(refusal(Array(json.utf8)) == "the field \"\(field)\" has a wrong type or range", "\(json)")
        }
    }

    @Test(arguments: [
        ("created_ms", "900000000000000"), ("priority", "0"), ("max_attempts", "1000000"), ("timeout_ms", "-1"),
        ("result_ttl_ms", "-1"), ("expires_ms", "0"),
        ("backoff", "{\"base_ms\":0,\"cap_ms\":0,\"jitter_percent\":400,\"x\":7}"),
        ("tags", "[]"), ("metadata", "{}"), ("payload", "null"), ("delay_ms", "900000000000000"), ("id", "\"\""),
    ])
    func `values at the edge of their range are taken`(field: String, value: String) {
        #expect(refusal(Array("{\"name\":\"n\",\"\(field)\":\(value)}".utf8)) == nil)
    }

    @Test func `a payload may not be nested without end`() {
        func json(_ depth: Int) -> [UInt8] {
            let payload = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            return Array("{\"name\":\"n\",\"payload\":\(payload)}".utf8)
        }
        #expect(refusal(json(JSONScanner.depthLimit)) == nil)
        #expect(refusal(json(JSONScanner.depthLimit + 1))?.contains("nested deeper") == true)
        #expect(refusal(json(1_000_000))?.contains("nested deeper") == true)
    }

    @Test func `the whole document counts, a good beginning does not`() {
        #expect(refusal(Array(#"{"name":"n"}{"name":"m"}"#.utf8)) != nil)
    }

    @Test func `bytes that are no UTF-8 are found by the check of the whole document`() {
        let json = Array(#"{"name":"n","payload":""#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(throws: JSONScanner.Failure.self) { try JSONScanner.validate(json) }
        let name = Array(#"{"name":"n"#.utf8) + [0xFF] + Array(#""}"#.utf8)
        #expect(refusal(name)?.hasPrefix("bad job name") == true)
    }
}
