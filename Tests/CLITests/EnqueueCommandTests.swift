import ArgumentParser
import Foundation
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
        #expect(try EnqueueCommand.parse(["x"] + fields).payload.text() == expected)
    }

    @Test func `without fields the payload is null, or what was given`() throws {
        #expect(try command().payload.text() == "null")
        #expect(try command("--payload", "[1]").payload.text() == "[1]")
    }

    @Test func `a field that is no JSON is named`() {
        let failure = #expect(throws: Failure.self) { try command("a:=1", "n:=oops").payload.text() }
        #expect(failure?.code == .badInput)
        #expect(
            failure?.message == "the field n:=oops is not JSON (not a JSON value at byte 0); for text write key=text")
    }

    @Test(arguments: ["=x", "x", "", ":=3"])
    func `a field without a key or value is refused`(field: String) {
        let failure = #expect(throws: Failure.self) { try EnqueueCommand.parse(["x", field]).payload.text() }
        #expect(failure?.code == .usage)
    }

    @Test func `the payload is given once`() {
        #expect(throws: Failure.self) { try command("a=1", "--payload", "1").payload.text() }
        #expect(throws: Failure.self) { try command("--payload-file", "x", "--payload", "1").payload.text() }
    }

    @Test func `a payload file that is not there is bad input`() {
        let failure = #expect(throws: Failure.self) { try command("--payload-file", "/nowhere/x").payload.text() }
        #expect(failure?.code == .badInput)
    }

    @Test func `a payload file may be a pipe`() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("[1]".utf8))
        try pipe.fileHandleForWriting.close()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try command("--payload-file", path).payload.text() == "[1]")
    }

    @Test func `options say what they do in other words`() throws {
        let options = try command(
            "--queue", "mail", "--priority", "0", "--max-attempts", "3", "--timeout", "90s", "--result-ttl", "2h",
            "--retry-delay",
            "5s", "--expiry", "1d", "--tag", "a", "--tag", "b", "--metadata", "k=v=w", "--metadata", "l="
        ).options()
        let expected = JobOptions(
            queue: "mail", priority: .first, maxAttempts: 3, backoff: .fixed(.seconds(5)), timeout: .seconds(90),
            resultTTL: .seconds(7200), expiry: .seconds(86_400), tags: ["a", "b"], metadata: ["k": "v=w", "l": ""])
        #expect(options == expected)
        #expect(try command().options() == JobOptions(), "the defaults are those of the library")
    }

    @Test func `zero and for ever have their meaning`() throws {
        #expect(try command("--timeout", "0").options().timeout == nil)
        #expect(try command("--result-ttl", "0").options().resultTTL == .none)
        #expect(try command("--result-ttl", "forever").options().resultTTL == .forever)
    }

    @Test(arguments: [
        ["--priority", "10"], ["--priority", "-1"], ["--result-ttl", "soon"], ["--result-ttl", "-5s"],
        ["--metadata", "k"],
    ])
    func `a bad option is wrong usage`(arguments: [String]) {
        let failure = #expect(throws: Failure.self) { try EnqueueCommand.parse(["x"] + arguments).options() }
        #expect(failure?.code == .usage)
    }

    @Test func `a moment is ISO 8601 or a number, and not beside a delay`() throws {
        #expect(try command().moment() == nil)
        #expect(try command("--at", "2026-11-21T04:12:09Z").moment() == now)
        #expect(try command("--at", "\(now)").moment() == now)
        for bad in ["tomorrow", "0", "-1", "1700000000", "99999999999", "2026-13-01T00:00:00Z"] {
            let failure = #expect(throws: Failure.self) { try command("--at", bad).moment() }
            #expect(failure?.message.contains("give milliseconds since 1970, or an ISO date") == true)
        }
        #expect(throws: Failure.self) { try command("--at", "\(now)", "--in", "5s").moment() }
        #expect(try command("--in", "500ms").delay?.duration == .milliseconds(500))
    }

    @Test(arguments: [
        (["--priority", "x"], "priority"), (["--in", "-5s"], "use a time such as 500ms"),
        (["--timeout", "0.0001s"], "at least 1ms"), (["--wait", "soon"], "use a time such as 500ms"),
        (["--max-attempts", "many"], "many"), (["--no-such-flag"], "no-such-flag"),
    ])
    func `what the parser refuses is one line that says why`(arguments: [String], says: String) throws {
        let error = try #require(throws: (any Error).self) {
            try QueueWorkerCommand.parseAsRoot(["enqueue", "x"] + arguments)
        }
        let line = QueueWorkerApp.refusal(of: error)
        #expect(line.contains(says) && line.hasSuffix(" (see --help)") && !line.contains("\n"), "\(line)")
        #expect(!line.contains("Missing value") && line.count < 160, "\(line)")
    }
}
