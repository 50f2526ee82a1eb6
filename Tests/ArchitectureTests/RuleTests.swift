import Testing

/// The checkers, held against planted violations: a rule that finds nothing proves nothing.
@Suite(.timeLimit(.minutes(1))) struct RuleTests {
    private func file(_ text: String, at path: String = "Sources/JobModel/X.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        ("Sources/JobModel", "import Foundation"), ("Sources/JobModel", "public import JobStore"),
        ("Sources/JobModel", "@_exported public import Redis"), ("Sources/JobModel", "@preconcurrency import Logging"),
        ("Sources/Redis", "import struct JobModel.Priority"), ("Sources/JobStore", "package import JobQueueClient"),
        ("Sources/JobQueueClient", "import JobQueueWorker"), ("dashboard/terminal", "import Redis"),
        ("worker", "import JobQueueWorker"), ("Sources/JobQueueCLI", "import NIOCore"),
        ("Sources/JobQueueHTTP", "import JobQueueCLI"),
    ])
    func `an arrow that runs upwards is found`(folder: String, text: String) {
        let found = ModuleTable.violations(in: [file("// a file\n\(text)\n", at: folder + "/X.swift")])
        #expect(found.count == 1)
    }

    @Test(arguments: [
        ("Sources/JobStore", "package import JobModel"), ("Sources/Redis", "import NIOCore"),
        ("worker", "import JobQueueCLI"),
        ("Sources/JobModel", "// import Redis"), ("Sources/JobModel", "/* import Redis\nimport Redis */"),
        ("Sources/JobModel", "let text = \"\"\"\nimport Redis\n\"\"\""), ("Sources/JobModel", "let important = 1"),
    ])
    func `an arrow that runs downwards is fine, and so is one in a comment or text`(folder: String, text: String) {
        #expect(ModuleTable.violations(in: [file(text, at: folder + "/X.swift")]) == [])
    }

    @Test func `a file of 301 lines is found`() {
        #expect(Rules.tooLong(file(String(repeating: "x\n", count: 300))) == [])
        #expect(Rules.tooLong(file(String(repeating: "x\n", count: 301))).count == 1)
        #expect(Rules.tooLong(file(String(repeating: "x\n", count: 300) + "x")).count == 1)
    }

    @Test(arguments: [
        "func f() {", "    init(a: Int) throws {", "func f(\n    a: Int\n) async -> Int {",
        "subscript(a: Int) -> Int {",
    ])
    func `a function of 61 lines is found`(heading: String) {
        func body(_ lines: Int) -> String {
            "struct S {\n\(heading)\n" + String(repeating: "    if a { b() }\n", count: lines - 2) + "}\n}\n"
        }
        #expect(Rules.longFunctions(file(body(60))) == [])
        #expect(Rules.longFunctions(file(body(61))).map(\.what) == ["a function of 61 lines"])
    }

    @Test func `braces in texts and comments, and long types, are no functions`() {
        let text = """
            func f() {
                let a = "{ \\(b { c }) {" + #"{"#  // {
                /* { /* { */ { */
            }
            struct S {
            \(String(repeating: "    var a: Int\n", count: 100))
            }
            """
        #expect(Rules.longFunctions(file(text)) == [])
    }

    @Test(arguments: [
        "Task { await f() }", "let t = Task(priority: .high) { f() }", "Task.detached { f() }", "Task{f()}",
    ])
    func `a task that nobody waits for is found`(text: String) {
        #expect(Rules.looseTasks(file(text)).count == 1)
    }

    @Test(arguments: [
        "group.addTask { f() }", "try await Task.sleep(for: x)", "if Task.isCancelled { return }", "// Task { }",
        "withTaskGroup { }",
        "while !Task.isCancelled { }", "scheduledTask { }",
    ])
    func `a child task is fine`(text: String) { #expect(Rules.looseTasks(file(text)) == []) }

    @Test func `a promise without a reason is found`() {
        #expect(Rules.unexplained(file("final class A: @unchecked Sendable {}")).count == 1)
        #expect(Rules.unexplained(file("let a = try! f()\nlet b = a as! Int")).count == 2)
        #expect(Rules.unexplained(file("/// Guarded by a lock.\nfinal class A: @unchecked Sendable {}")) == [])
        #expect(Rules.unexplained(file("let a = try! f()  // fixed text")) == [])
    }

    @Test(arguments: [
        "try await Task.sleep(for: .seconds(1))", "usleep(1000)", "sleep(1)", "Thread.sleep(forTimeInterval: 1)",
        "nanosleep(&a, nil)",
        "Task\n.sleep(nanoseconds: 1)".replacing("\n", with: " "),
    ])
    func `a sleep is found`(text: String) { #expect(Rules.sleeps(file(text)).count == 1) }

    @Test(arguments: ["deafSleep(ms: 1)", "let sleep = 1", "// sleep(1)", "\"sleep(1)\"", "test.sleep"])
    func `what only sounds like a sleep is fine`(text: String) { #expect(Rules.sleeps(file(text)) == []) }

    @Test(arguments: ["home", "Users", "root", "work"])
    func `a path of one machine is found`(folder: String) {
        #expect(Rules.machinePaths(file("let a = \"/\(folder)/me\"")).count == 1)
        #expect(Rules.machinePaths(file("let a = \"/tmp/me /usr/bin/x\"")) == [])
    }
}
