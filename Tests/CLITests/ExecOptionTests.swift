import JobQueueExec
import JobQueueWorker
import Testing

@testable import JobQueueCLI

@Suite struct ExecOptionTests {
    @Test func `a name and a command become a handler`() throws {
        let option = try ExecOption(parsing: "email.send=/bin/cat  -u --x=y")
        #expect(option.name == "email.send")
        #expect(option.handler.command == ["/bin/cat", "-u", "--x=y"])
    }

    @Test(arguments: ["", "x", "x=", "=cat", "a b=cat", "x= ", "x=echo 'a'", "x=cat | wc", "x=echo $HOME"])
    func `what no process can be started from is refused`(text: String) {
        #expect(throws: (any Error).self) { try ExecOption(parsing: text) }
    }

    @Test func `a command that is not there is found before any job comes`() throws {
        var handlers = Handlers()
        let missing = try ExecOption(parsing: "x=/nowhere/program")
        #expect { try missing.add(to: &handlers) } throws: {
            ($0 as? Failure)?.message.contains("/nowhere/program") == true
        }
        let cat = try ExecOption(parsing: "x=/bin/cat")
        try cat.add(to: &handlers)
        #expect(throws: Failure.self) { try cat.add(to: &handlers) }
    }
}
