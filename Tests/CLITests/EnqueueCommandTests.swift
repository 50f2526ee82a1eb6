import ArgumentParser
import JobModel
import Testing

@testable import JobQueueCLI

/// What `enqueue` makes of its arguments.
@Suite(.timeLimit(.minutes(1))) struct EnqueueCommandTests {
    private func command(_ arguments: String...) throws -> EnqueueCommand {
        try EnqueueCommand.parse(["x"] + arguments)
    }

    @Test(arguments: [
        (["to=a@example.org"], #"{"to":"a@example.org"}"#), (["a=1", "b:=1"], #"{"a":"1","b":1}"#),
        (["a="], #"{"a":""}"#),
        (["a=b=c"], #"{"a":"b=c"}"#), (["a:=[1,{}]"], #"{"a":[1,{}]}"#), ([#"q"=x"y"#], #"{"q\"":"x\"y"}"#),
        (["a=zwei Wörter\n"], #"{"a":"zwei Wörter\n"}"#), (["a:b=c"], #"{"a:b":"c"}"#),
    ])
    func `fields become an object`(fields: [String], expected: String) throws {
        #expect(try EnqueueCommand.parse(["x"] + fields).body() == expected)
    }

    @Test func `without fields the payload is null, or what was given`() throws {
        #expect(try command().body() == "null")
        #expect(try command("--payload", "[1]").body() == "[1]")
    }

    @Test(arguments: ["=x", "x", ""])
    func `a field without a key or value is refused`(field: String) {
        let failure = #expect(throws: Failure.self) { try EnqueueCommand.parse(["x", field]).body() }
        #expect(failure?.code == .usage)
    }

    @Test func `the payload is given once`() {
        #expect(throws: Failure.self) { try command("a=1", "--payload", "1").body() }
        #expect(throws: Failure.self) { try command("--payload-file", "x", "--payload", "1").body() }
    }

    @Test func `a payload file that is not there is bad input`() {
        let failure = #expect(throws: Failure.self) { try command("--payload-file", "/nowhere/x").body() }
        #expect(failure?.code == .badInput)
    }

    @Test func `options say what they do in other words`() throws {
        let options = try command(
            "--queue", "mail", "--priority", "0", "--max-attempts", "3", "--timeout", "90s", "--result-ttl", "2h",
            "--retry-delay",
            "5s", "--expiry", "1d", "--tag", "a", "--tag", "b"
        ).options()
        let expected = JobOptions(
            queue: "mail", priority: .first, maxAttempts: 3, backoff: .fixed(.seconds(5)), timeout: .seconds(90),
            resultTTL: .seconds(7200), expiry: .seconds(86_400), tags: ["a", "b"])
        #expect(options == expected)
        #expect(try command().options() == JobOptions(), "the defaults are those of the library")
    }

    @Test func `zero and for ever have their meaning`() throws {
        #expect(try command("--timeout", "0").options().timeout == nil)
        #expect(try command("--result-ttl", "0").options().resultTTL == .none)
        #expect(try command("--result-ttl", "forever").options().resultTTL == .forever)
    }

    @Test(arguments: [["--priority", "10"], ["--priority=-1"], ["--result-ttl", "soon"]])
    func `a bad option is wrong usage`(arguments: [String]) {
        let failure = #expect(throws: Failure.self) { try EnqueueCommand.parse(["x"] + arguments).options() }
        #expect(failure?.code == .usage)
    }

    @Test func `a moment is ISO 8601 or a number, and not beside a delay`() throws {
        #expect(try command().moment() == nil)
        #expect(try command("--at", "2026-11-21T04:12:09Z").moment() == now)
        #expect(try command("--at", "\(now)").moment() == now)
        for bad in ["tomorrow", "0", "2026-13-01T00:00:00Z"] {
            #expect(throws: Failure.self) { try command("--at", bad).moment() }
        }
        #expect(throws: Failure.self) { try command("--at", "\(now)", "--in", "5s").moment() }
        #expect(try command("--in", "500ms").delay?.duration == .milliseconds(500))
    }
}
