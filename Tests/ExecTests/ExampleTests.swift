import Foundation
import JobModel
import Logging
import TestSupport
import Testing

@testable import JobQueueExec

extension ExecTests {
    /// The handlers of Docs/exec.md and Examples/exec, at work.
    @Suite(.timeLimit(.minutes(1))) struct ExampleTests {
        private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()

        private func example(_ name: String) throws -> Shell {
            let handler = ExecHandler(Self.root.appendingPathComponent("Examples/exec/\(name)").path)
            try handler.check()
            return Shell(handler)
        }

        @Test(arguments: ["checksum.sh", "statistics.py"])
        func `the page shows the examples as they are`(name: String) throws {
            let page = try String(contentsOf: Self.root.appendingPathComponent("Docs/exec.md"), encoding: .utf8)
            let text = try String(
                contentsOf: Self.root.appendingPathComponent("Examples/exec/\(name)"), encoding: .utf8)
            #expect(page.contains("\n\(text)```\n"))
        }

        @Test func `the example in sh answers size and checksum`() async throws {
            let folder = try Folder()
            let path = try await folder.file("text", "hello\n")
            let shell = try example("checksum.sh")
            let sum = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
            #expect(try await shell.run("\"\(path)\"".utf8).json == #"{"bytes": 6, "sha256": "\#(sum)"}"#)
            #expect(shell.lines.items.map(\.text) == ["attempt 2 of 5: \(path)"])
            #expect(try await shell.run("\"/nowhere/file\"".utf8).verdict == .later(ms: 60_000))
            let relative = try await shell.run("\"file\"".utf8).verdict
            #expect(relative == .permanent("exit code 65; stderr ends with:\nnot an absolute path: file"))
        }

        @Test func `the example in Python answers count, mean and the largest`() async throws {
            let shell = try example("statistics.py")
            #expect(
                try await shell.run(#"{"numbers": [1, 2, 6]}"#.utf8).json
                    == #"{"count": 3, "mean": 3.0, "largest": 6.0}"#)
            #expect(shell.lines.items.last?.text == "3 numbers for job 01JOB")
            let empty = try await shell.run(#"{"numbers": []}"#.utf8).json
            #expect(empty == #"{"count": 0, "mean": null, "largest": null}"#)
            guard case .permanent(let message) = try await shell.run(#"{"number": 1}"#.utf8).verdict else {
                Issue.record("not permanent")
                return
            }
            #expect(message.contains("KeyError('numbers')"))
            #expect(shell.lines.items.last?.level == .error)
        }
    }
}
