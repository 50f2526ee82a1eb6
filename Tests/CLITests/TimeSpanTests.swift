import Testing

@testable import JobQueueCLI

/// Spans of time as people write them on a command line.
@Suite(.timeLimit(.minutes(1))) struct TimeSpanTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("0", .zero), ("5", .seconds(5)), ("25s", .seconds(25)),
        ("1.5s", .milliseconds(1500)),
        ("5m", .seconds(300)), ("2h", .seconds(7200)), ("7d", .seconds(604_800)), ("0.5d", .seconds(43_200)),
    ])
    func `a span has a unit, or is in seconds`(text: String, expected: Duration) throws {
        let span = try #require(try? TimeSpan(parsing: text))
        #expect(span.duration == expected)
        #expect(span.description == text)
    }

    @Test(arguments: [
        "", "s", "ms", "-1s", "5 s", "five", "5x", "5sm", "1h30m", "inf", "nan", "infs", "900000000000s", "1e400",
        "0x10s", "+5s", "0.0001s", "0.5ms", "0.00000001d",
    ])
    func `anything else is refused`(text: String) {
        #expect(throws: TimeSpan.Refusal.self) { try TimeSpan(parsing: text) }
    }
}
