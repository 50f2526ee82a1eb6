import JobQueueExec
import Testing

@testable import JobQueueCLI

/// The pieces that settings are read with.
@Suite struct SettingsTextTests {
    @Test(arguments: [
        ("A=1", ["A": "1"]), ("export A=1\n\n # no\nB=2", ["A": "1", "B": "2"]), ("B = 2", nil),
        ("A=1\nA=2", ["A": "2"]),
        ("A='a # b' # c", ["A": "a # b"]), ("A=\"x\\n\\\"y\\\\\"", ["A": "x\n\"y\\"]), ("A=a # b", ["A": "a"]),
        ("A=a#b", ["A": "a#b"]), ("A=", ["A": ""]), ("  export A=b=c  ", ["A": "b=c"]), ("A=\"$B\"", ["A": "$B"]),
        ("A='x", nil), ("A='x'y", nil), ("1A=x", nil), ("A", nil), ("=x", nil), ("A=1\r\nB=2", ["A": "1", "B": "2"]),
    ])
    func `lines of an env file`(text: String, variables: [String: String]?) {
        #expect((try? DotEnv.parse(text)) == variables)
    }

    @Test(arguments: [
        ("concurency", "concurrency"), ("exe", "exec"), ("EXEC", "exec"), ("cexe", nil), ("ulr", "url"),
        ("something else", nil), ("", nil), ("drain-timeout", "drain_timeout"),
    ])
    func `the nearest word is the one that was meant`(text: String, word: String?) {
        #expect(Nearest.word(to: text, among: ["concurrency", "exec", "url", "drain_timeout"]) == word)
    }

    @Test func `two letters that changed places are one mistake`() {
        #expect(Nearest.distance("ulr", "url") == 1)
        #expect(Nearest.distance("", "abc") == 3)
        #expect(Nearest.distance("kitten", "sitting") == 3)
    }

    @Test(arguments: [
        ("65536", 65536), ("256KiB", 262_144), ("1MiB", 1 << 20), ("2GiB", nil), ("-1", nil), ("+1", nil), ("KiB", nil),
        ("1.5MiB", nil), ("1 MiB", nil), ("99999999999999999999GiB", nil), ("9223372036854775807KiB", nil),
    ])
    func `sizes have a unit or none`(text: String, bytes: Int?) {
        #expect((try? SettingKind<Int>.bytes(0...(1 << 30)).parse(text)) == bytes)
    }

    @Test(arguments: [("yes", true), ("ON", true), ("0", false), ("False", false), ("", nil), ("maybe", nil)])
    func `flags are words`(text: String, flag: Bool?) {
        #expect((try? SettingKind<Bool>.flag.parse(text)) == flag)
    }

    @Test(arguments: [
        ("exe: /bin/cat", "unknown key \"exe\"; did you mean \"exec\"?"),
        ("grace: 5s", "what is to be run is missing: add \"exec: /path/to/program\""),
        ("exec: cat | wc", "the command is not for a shell: put quotes, variables and pipes into a script"),
        ("exec: []", "the command is empty"),
        ("exec: [/nowhere/program]", "/nowhere/program is missing"),
        ("exec: {a: b}", "exec: expected a list of texts"),
        ("exec: /bin/cat\n    input: some", "input: \"some\" is not one of payload, job"),
        ("exec: /bin/cat\n    environment: {A: [b]}", "environment: A needs a single value"),
        ("exec: /bin/cat\n    environment: {A=B: c}", "\"A=B\" cannot be the name of a variable"),
        ("exec: /bin/cat\n    directory: /nowhere", "the folder /nowhere is missing"),
        ("exec: /bin/cat\n    max_memory_bytes: lots", "not a size such as"),
    ])
    func `a handler that cannot work is refused with its name`(body: String, problem: String) {
        let file = SettingsFile(name: "f", text: "handlers:\n  a.b:\n    \(body)\n")
        var section = HandlerSection(file: "f", file.handlers[0])
        #expect(section.handler() == nil)
        #expect(section.problems.count == 1)
        #expect(section.problems.first?.contains("handlers.a.b: ") == true)
        #expect(section.problems.first?.contains(problem) == true, "\(section.problems)")
    }
}
