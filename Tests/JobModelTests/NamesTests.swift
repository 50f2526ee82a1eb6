import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct NamesTests {
    static let good = ["a", "Z", "0", ".", "_", "-", "email.send", "A-z_0.9", String(repeating: "x", count: 64)]
    static let bad = [
        "", " ", "a b", "a\n", "\0", "a/b", "{a}", "a%", "é", "日", "a\u{301}", "\u{212A}", "a\u{200B}", "a*", "a,b",
        "а",
        String(repeating: "x", count: 65), "a\u{7F}", "a'", "a\"",
    ]

    @Test(arguments: good) func `a good name`(name: String) throws {
        #expect(Names.isName(name))
        #expect(Names.isID(name))
        #expect(try QueueName(name).text == name)
        try Names.checkName(name, "tag")
        try Names.checkID(name)
    }

    @Test(arguments: bad) func `a bad name is refused and said on one line`(name: String) {
        #expect(!Names.isName(name))
        #expect(!Names.isID(name))
        let error = #expect(throws: NameError.self) { try QueueName(name) }
        #expect(error.map { !"\($0)".contains("\n") } == true)
        #expect(throws: NameError.self) { try Names.checkName(name, "tag") }
        #expect(throws: NameError.self) { try Names.checkID(name) }
    }

    @Test func `only ids may hold a colon`() {
        #expect(Names.isID("inbox:1-0"))
        #expect(!Names.isName("inbox:1-0"))
    }

    @Test func `the error says what may be used`() {
        let error = #expect(throws: NameError.self) { try Names.checkID("a b") }
        #expect(error?.description == "bad job id \"a b\": use 1 to 64 of the characters A-Z a-z 0-9 ._-:")
        let queue = #expect(throws: NameError.self) { try QueueName("a:b") }
        #expect(queue?.description == "bad queue name \"a:b\": use 1 to 64 of the characters A-Z a-z 0-9 ._-")
    }

    @Test func `names are compared as bytes`() throws {
        let names = try ["b", "a", "B", "_", "a-", "a."].map { try QueueName($0) }
        #expect(names.sorted().map(\.text) == ["B", "_", "a", "a-", "a.", "b"])
        #expect(QueueName.default.text == "default")
    }
}
