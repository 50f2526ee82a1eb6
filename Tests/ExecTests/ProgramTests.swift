import Foundation
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// Executables that are not there, or cannot be started.
    @Suite(.timeLimit(.minutes(1))) struct ProgramTests {
        @Test func `what can be started passes the check`() async throws {
            let folder = try Folder()
            let script = try await folder.file("script", "#!/bin/sh -e\necho 1\n")
            let env = try await folder.file("env", "#! /usr/bin/env sh\necho 1\n")
            for handler in [ExecHandler("cat"), ExecHandler("/bin/cat"), ExecHandler(script), ExecHandler(env)] {
                #expect(throws: Never.self) { try handler.check() }
            }
        }

        @Test func `an executable that cannot be started is named with its path`() async throws {
            let folder = try Folder()
            let plain = try await folder.file("plain", "#!/bin/sh\n", mode: "644")
            let lost = try await folder.file("lost", "#!/nowhere/python3\n")
            let windows = try await folder.file("windows", "#!/bin/sh\r\necho 1\r\n")
            let text = try await folder.file("text", "echo 1\n")
            let table: [(ExecHandler, String)] = [
                (ExecHandler("/nowhere/tool"), "/nowhere/tool is missing"),
                (ExecHandler(plain), "\(plain) may not be executed (chmod +x)"),
                (ExecHandler(folder.path), "\(folder.path) is no file"),
                (ExecHandler(lost), "the interpreter of \(lost), \"/nowhere/python3\", is missing"),
                (ExecHandler(windows), "the interpreter of \(windows), \"/bin/sh\\r\", is missing"),
                (ExecHandler(text), "\(text) is neither a program nor a script that begins with #!"),
            ]
            for (handler, expected) in table {
                #expect(throws: ExecProblem(description: expected)) { try handler.check() }
                await #expect(throws: Launch.Failure.permanent(expected)) {
                    _ = try await ExecRunner(handler).child(of: Shell.facts, payload: []) { _ in }
                }
            }
        }

        @Test func `a command that is nowhere in PATH is named with the PATH`() async throws {
            let handler = ExecHandler(command: ["no-such-tool"])
            var narrow = handler
            narrow.environment["PATH"] = "/nowhere:/usr/bin"
            let expected = "no-such-tool is in no folder of PATH (/nowhere:/usr/bin)"
            #expect(throws: ExecProblem(description: expected)) { try narrow.check() }
            await #expect(throws: Launch.Failure.permanent(expected)) {
                _ = try await ExecRunner(narrow).child(of: Shell.facts, payload: []) { _ in }
            }
        }

        @Test func `a missing folder is named`() async throws {
            var handler = ExecHandler("/bin/cat")
            handler.directory = "/nowhere"
            #expect(throws: ExecProblem(description: "the folder /nowhere is missing")) { try handler.check() }
            await #expect(throws: Launch.Failure.permanent("the folder /nowhere: No such file or directory")) {
                _ = try await ExecRunner(handler).child(of: Shell.facts, payload: []) { _ in }
            }
        }

        @Test func `the interpreter that env is to find is looked for`() async throws {
            let folder = try Folder()
            let lost = try await folder.file("lost", "#!/usr/bin/env no-such-python\n")
            let expected = "the interpreter of \(lost), \"/usr/bin/env no-such-python\", is missing"
            #expect(throws: ExecProblem(description: expected)) { try ExecHandler(lost).check() }
        }

        @Test func `settings that cannot work are refused`() {
            let table: [(String, (inout ExecHandler) -> Void)] = [
                ("the command is empty", { $0.command = [] }), ("NUL in \"a\\0b\"", { $0.command = ["a\0b"] }),
                ("\"A=B\" cannot be the name of a variable", { $0.environment = ["A=B": "c"] }),
                ("\"\" cannot be the name of a variable", { $0.environment = ["": "c"] }),
                ("NUL in the variable A", { $0.environment = ["A": "\0"] }),
                ("grace and pause cannot be negative", { $0.grace = .seconds(-1) }),
                ("limits are positive numbers", { $0.maxMemoryBytes = 0 }),
                ("limits are positive numbers", { $0.maxCPUTime = .zero }),
            ]
            for (expected, change) in table {
                var handler = ExecHandler("/bin/cat")
                change(&handler)
                #expect(throws: ExecProblem(description: expected)) { try handler.check() }
            }
        }
    }
}
