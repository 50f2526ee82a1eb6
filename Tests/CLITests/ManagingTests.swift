import ArgumentParser
import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueCLI

/// `jobs ls`, `cancel`, `run-now`, `edit` and `delete` on a queue with a job in each state.
@Suite(.timeLimit(.minutes(1))) struct ManagingTests {
    private static let envelope = String(
        decoding: Envelope(name: "email.send", payload: [UInt8(ascii: "1")]).encoded(), as: UTF8.self)

    private func queue() async throws -> QueueStore {
        let queue = try await TestQueue.make().at(now)
        let later = (now + 60_000) * 10 + 5
        let states = [
            "queued q = 2814749767106561", "scheduled s = \(later)", "retrying r = \(later)", "suspect u = \(later)",
            "running n = 268435457", "succeeded y = \(now + 1000)", "dead d = \(now + 1000)",
            "cancelled c = \(now + 1000)",
        ]
        try await queue.draw(states + ["q", "s", "r", "u", "n", "y", "d", "c"].map { "jobs \($0) = \(Self.envelope)" })
        return queue
    }

    private func words(_ verdicts: Verdicts) -> [String: String] {
        Dictionary(uniqueKeysWithValues: verdicts.all.map { ($0.name, String($0.verdict.word.prefix { $0 != ":" })) })
    }

    @Test func `what waits for its time is made due, and nothing else changes`() async throws {
        let queue = try await queue()
        let before = try await queue.picture()
        let verdicts = try await Managing(store: queue).runNow(["q", "n", "y", "d", "c", "nobody"])
        #expect(
            words(verdicts) == [
                "q": "queued already", "n": "running already", "y": "succeeded", "d": "dead", "c": "cancelled",
                "nobody": "there is no job nobody in the queue \(queue.name)",
            ])
        #expect(verdicts.failure?.code == .notFound)
        #expect(try await queue.picture() == before)
        let due = try await Managing(store: queue).runNow(["s", "r", "u"])
        #expect(words(due) == ["s": "due now", "r": "due now", "u": "due now"] && due.failure == nil)
        let views = try await queue.inspect(["s", "r", "u"], full: true).jobs
        #expect(views.map(\.state) == [.queued, .queued, .suspect])
        #expect(views.allSatisfy { String(decoding: $0.envelope, as: UTF8.self) == Self.envelope })
        #expect(views[2].score == Double(now * 10 + 5))
    }

    @Test func `jobs that wait are cancelled, and what ended is told`() async throws {
        let queue = try await queue()
        let verdicts = try await Managing(store: queue).cancel(["q", "s", "n", "y", "d", "c"])
        #expect(
            words(verdicts) == [
                "q": "cancelled", "s": "cancelled", "n": "asked to stop", "y": "succeeded", "d": "dead",
                "c": "cancelled",
            ])
        #expect(verdicts.failure?.code == .failed && verdicts.failure?.message == "2 of 6 jobs not cancelled")
        #expect(try await queue.inspect(["q", "s"], full: false).jobs.map(\.state) == [.cancelled, .cancelled])
    }

    @Test func `jobs that do not run are deleted`() async throws {
        let queue = try await queue()
        let verdicts = try await Managing(store: queue).delete(["q", "n", "y", "d"])
        #expect(words(verdicts) == ["q": "deleted", "n": "running", "y": "deleted", "d": "deleted"])
        #expect(verdicts.failure?.code == .failed)
        #expect(try await queue.inspect(["q", "n", "d"], full: false).jobs.map(\.state) == [nil, .running, nil])
    }

    private func edit(_ queue: QueueStore, _ id: String, _ words: [String]) async throws -> Verdicts.Verdict {
        let change = try EditOptions.parse(words).change()
        return try await Managing(store: queue).change(id, done: "edited") { view throws(Failure) in
            try change.plan(for: view, in: queue.name, payloadLimit: 20)
        }
    }

    @Test func `a job that waits gets another payload, priority, limit and tags, and keeps the rest`() async throws {
        let queue = try await queue()
        let words = ["--payload", #"{"a":2}"#, "--priority", "0", "--max-attempts", "3", "--tag", "x", "--in", "0"]
        #expect(try await edit(queue, "s", words) == .done("edited"))
        let view = try await queue.inspect(["s"], full: true).jobs[0]
        let envelope = try Envelope(parsing: view.envelope)
        #expect(view.state == .queued && envelope.name == "email.send" && envelope.tags == ["x"])
        #expect(String(decoding: envelope.payload, as: UTF8.self) == #"{"a":2}"#)
        #expect(envelope.policy.priority == .first && envelope.policy.maxAttempts == 3)
        #expect(try await edit(queue, "s", ["--no-tags"]) == .done("edited"))
        #expect(try Envelope(parsing: await queue.inspect(["s"], full: true).jobs[0].envelope).tags.isEmpty)

        #expect(try await edit(queue, "n", ["--priority", "1"]) == .refused("running: it is too late to change it"))
        #expect(try await edit(queue, "y", ["--priority", "1"]) == .refused("succeeded: there is nothing to change"))
        #expect(try await edit(queue, "x", ["--priority", "1"]) == .noJob("x", in: queue.name))
        for id in ["d", "c"] {
            let word = "\(id == "d" ? "dead" : "cancelled"): it waits for no time, give it another life with requeue"
            #expect(try await edit(queue, id, ["--at", "1900000000000"]) == .refused(word))
        }
        #expect(try await edit(queue, "d", ["--payload", "2"]) == .done("edited"))
        let large = await #expect(throws: Failure.self) {
            try await edit(queue, "q", ["--payload", #""01234567890123456789""#])
        }
        #expect(large?.code == .badInput && large?.message == "the payload has 22 bytes, the limit is 20")
    }

    @Test(arguments: [
        [], ["--priority", "10"], ["--max-attempts", "0"], ["--in", "1s", "--at", "1900000000000"], ["--at", "noon"],
        ["--tag", "a b"], ["--tag", "a", "--no-tags"],
    ])
    func `what cannot be meant is wrong usage`(words: [String]) throws {
        let failure = #expect(throws: Failure.self) { try EditOptions.parse(words).change() }
        #expect(failure?.code == .usage)
    }

    @Test func `a payload that is no JSON, or a file that is not there, is bad input`() throws {
        for text in ["{", "@", "@/nowhere/at/all"] {
            let failure = #expect(throws: Failure.self) { try EditOptions.parse(["--payload", text]).change() }
            #expect(failure?.code == .badInput)
        }
    }
}
