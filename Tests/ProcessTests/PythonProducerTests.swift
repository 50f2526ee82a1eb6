import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// A program of forty lines, written from Docs/wire-format.md alone, with redis-py and no code of ours.
@Suite(.timeLimit(.minutes(1))) struct PythonProducerTests {
    @Test func `a Python script enqueues a job through the inbox and reads its result`() async throws {
        try await Site.run { site in
            _ = try site.worker("worker", "--demo-handlers")
            let (output, status) = try await python(
                site, "default", "demo.echo", #"{"greeting": "hello", "n": [1, 2]}"#)
            #expect(status == 0)
            let lines = output.split(separator: "\n")
            try #require(lines.count == 2, "\(output)")
            #expect(lines[1] == #"{"greeting": "hello", "n": [1, 2]}"#)
            #expect(try await site.view(String(lines[0])).state == .succeeded)
        }
    }

    @Test func `what the script gets wrong becomes a dead letter that says why`() async throws {
        try await Site.run { site in
            _ = try site.worker("worker", "--demo-handlers")
            let (output, status) = try await python(site, "default", "not a name")
            #expect(status == 1)
            let view = try await site.view(output.trimmingCharacters(in: .whitespacesAndNewlines))
            #expect(view.state == .dead)
            #expect(view.record.last == .malformed)
            #expect(view.errors.last?.message.contains("bad job name") == true)
        }
    }

    @Test func `a call that is wrong is told so, and sends nothing`() async throws {
        try await Site.run { site in
            for words in [["default"], ["default", "a", "{x"], ["default", "a", "1", "2"]] {
                let (output, status) = try await python(site, words)
                #expect(status == 64 && output.isEmpty)
            }
            #expect(try await site.store.snapshot().inbox == 0)
        }
    }

    @Test func `the script has at most forty lines`() throws {
        let text = try String(contentsOf: Self.script, encoding: .utf8)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count - 1 <= 40)
    }

    private static let script = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Examples/python/enqueue.py")

    private func python(_ site: Site, _ arguments: String...) async throws -> (output: String, status: Int32) {
        try await python(site, arguments)
    }

    private func python(_ site: Site, _ arguments: [String]) async throws -> (output: String, status: Int32) {
        let words = ["/usr/bin/python3", Self.script.path] + arguments
        let (status, output) = try await Program.run(words, environment: ["REDIS_URL": site.redis.url])
        return (output, status)
    }
}
