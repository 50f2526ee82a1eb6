import ArgumentParser
import JobModel
import JobStore
import Redis
import TestSupport
import Testing

@testable import JobQueueCLI

/// `jobs watch`, and what shells are offered.
@Suite(.timeLimit(.minutes(1))) struct WatchTests {
    private func change(_ lines: [String]) async throws -> JobWatch.Change? {
        let queue = try await TestQueue.make().at(now)
        try await queue.draw(lines + ["meta format = 1"])
        var watch = JobWatch(store: queue, id: "a")
        return try await watch.look()
    }

    @Test func `a change is told once, and an end says how it ended`() async throws {
        let queue = try await TestQueue.make().at(now)
        try await queue.draw(["meta format = 1", "jobs a = {\"name\":\"x\"}", "queued a = 281474976710657"])
        var watch = JobWatch(store: queue, id: "a")
        let first = try #require(try await watch.look())
        #expect(first.line(maxAttempts: 25) == "\(Timestamp.text(now))  queued" && first.end == nil)
        #expect(try await watch.look() == nil)
        _ = try await queue.cancel(["a"])
        let last = try #require(try await watch.look())
        #expect(last.line(maxAttempts: nil).hasSuffix("  cancelled"))
        #expect(throws: Failure.self) { try last.end?.get() }
    }

    @Test func `success ends well, death does not, and hostile errors stay on their line`() async throws {
        let good = try await change(["jobs a = {\"name\":\"x\"}", "succeeded a = \(now + 9)"])
        #expect(throws: Never.self) { try good?.end?.get() }
        var entry = ErrorEntry()
        (entry.number, entry.message) = (1, "no\u{1B}[2J\nway")
        var record = RunRecord()
        (record.attempts, record.errors) = (3, 1)
        let text = { (bytes: [UInt8]) in String(decoding: bytes, as: UTF8.self) }
        let bad = try #require(
            try await change([
                "jobs a = {\"name\":\"x\"}", "dead a = \(now + 9)", "runs a = \(text(record.encoded()))",
                "errors a/0 = \(text(entry.encoded()))",
            ]))
        let line = bad.line(maxAttempts: 3)
        #expect(line.contains("dead  attempt 3 of 3  failed: no") && isHarmless(line) && !line.contains("\n"))
        #expect(throws: Failure.self) { try bad.end?.get() }
    }

    @Test func `a job that never was is not waited for`() async throws {
        let failure = await #expect(throws: Failure.self) { _ = try await change([]) }
        #expect(failure?.code == .notFound)
    }

    @Test func `a shell is offered names where the command being typed would look`() throws {
        let words = ["queue-worker", "jobs", "ls", "--redis-url", "redis://elsewhere:7777", "--queue"]
        #expect(NameCompletion.redis(words)?.endpoint == .tcp(host: "elsewhere", port: 7777))
        #expect(NameCompletion.redis(["--redis-url", "no url"]) == nil)
        for shell in ["bash", "zsh", "fish"] {
            #expect(throws: Never.self) { try CompletionsCommand.parse([shell]) }
        }
    }
}
