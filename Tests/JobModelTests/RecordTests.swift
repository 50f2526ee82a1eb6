import JobModel
import Testing

/// Run records, error entries and results: what is written is read again, what is broken harms nobody.
@Suite(.timeLimit(.minutes(1))) struct RecordTests {
    @Test func `a run record is read as it was written`() {
        var record = RunRecord()
        #expect(text(record.encoded()) == #"{"attempts":0,"errors":0,"by":"","at":0}"#)
        record.generation = 1
        record.attempts = 2
        record.lost = 3
        record.crashes = 4
        record.unhandled = 5
        record.errors = 6
        record.by = "host \"1\""
        record.at = 1_763_700_000_000
        record.due = 1_763_700_005_000
        for reason in Reason.allCases {
            record.last = reason
            #expect(RunRecord(parsing: record.encoded()[...]) == record)
        }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"attempts":"x"}"#, #"{"attempts":1e3}"#, "\0", #"{"last":"unknown"}"#,
    ])
    func `what cannot be read of a record is zero`(json: String) {
        #expect(RunRecord(parsing: bytes(json)) == RunRecord())
    }

    @Test func `what can be read of a broken record counts`() {
        #expect(RunRecord(parsing: bytes(#"{"attempts":3,"new":[1],"errors":4,"#)).attempts == 3)
        #expect(RunRecord(parsing: bytes(#"{"attempts":3,"new":[1],"errors":4}"#)).errors == 4)
        // Whoever imports a job writes what he likes: no count is below nothing.
        #expect(RunRecord(parsing: bytes(#"{"attempts":-3,"errors":999999999999999999}"#)).attempts == 0)
        #expect(RunRecord(parsing: bytes(#"{"attempts":-3,"errors":999999999999999999}"#)).errors == 1 << 53)
    }

    @Test(arguments: awkwardTexts) func `an error entry is read as it was written`(awkward: String) throws {
        var entry = ErrorEntry()
        entry.number = 12
        entry.at = 5
        entry.attempt = 3
        entry.reason = .unhandled
        entry.type = String(awkward.prefix(20))
        entry.message = String(awkward.prefix(100))
        entry.worker = String(awkward.prefix(20))
        entry.ms = 7
        try JSONScanner.validate(entry.encoded())
        #expect(ErrorEntry(parsing: entry.encoded()[...]) == entry)
    }

    @Test(arguments: ["x", "é", "日", "👍", "\0", "\"", "\u{FFFD}", "e\u{301}"])
    func `an error entry is at most four kibibytes, whatever its texts`(unit: String) throws {
        var entry = ErrorEntry()
        let long = String(repeating: unit, count: 20_000)
        entry.message = "a" + long
        entry.type = long
        entry.worker = String(repeating: "w", count: 100)
        let json = entry.encoded()
        #expect(json.count <= 4096)
        try JSONScanner.validate(json)
        let read = try #require(ErrorEntry(parsing: json[...]))
        #expect(read.message.hasSuffix("…"))
        #expect(("a" + long).utf8.starts(with: read.message.dropLast().utf8))
        #expect(read.message.utf8.count > 400)
    }

    @Test func `a message that fits is kept whole`() {
        var entry = ErrorEntry()
        entry.message = String(repeating: "x", count: ErrorEntry.messageLimit)
        #expect(ErrorEntry(parsing: entry.encoded()[...])?.message == entry.message)
    }

    @Test func `the first entry is kept, the others share a ring of nine`() {
        #expect((0...22).map(ErrorEntry.slot) == [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3])
        for last in 10...100 {
            let kept = (last - 8...last).map(ErrorEntry.slot)
            #expect(Set(kept) == Set(1...9))
        }
        #expect((-5...1000).allSatisfy { ErrorEntry.slots.contains(ErrorEntry.slot(number: $0)) })
    }

    @Test(arguments: ["", "{", "[]", "1"]) func `what is no object is no entry and no result`(json: String) {
        #expect(ErrorEntry(parsing: bytes(json)) == nil)
        #expect(ResultRecord(parsing: bytes(json)) == nil)
    }

    @Test(arguments: ["null", "[1, {\"a\": \"b\"}]", "\"x\"", "{}", "-1.5e3"])
    func `a result is read as it was written, byte for byte`(json: String) {
        for omitted in [nil, "too large"] {
            let result = ResultRecord(
                result: bytes(json), at: 5, ms: 6, attempt: 7, worker: "w\n\"", omitted: omitted)
            #expect(ResultRecord(parsing: result.encoded()[...]) == result)
        }
    }

    @Test func `a result in the middle of other bytes is found`() {
        let encoded = ResultRecord(result: bytes("[42]"), at: 1, ms: 2, attempt: 3, worker: "w").encoded()
        let slice = (Array("garbage".utf8) + encoded + Array("more".utf8))[7..<7 + encoded.count]
        #expect(ResultRecord(parsing: slice).map { text($0.result) } == "[42]")
    }

    @Test func `reasons have the names that are stored`() {
        #expect(
            Reason.allCases.map(\.rawValue) == [
                "failed", "permanent", "timeout", "snoozed", "released", "lost", "crash", "payload", "malformed",
                "no handler",
                "expired", "cancelled",
            ])
    }
}
