import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct PauseTests {
    @Test func `a pause says who wanted it, why and since when, and lets nothing be claimed`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 5", "suspect s = 5", "jobs s = {}"])
        let (first, second, changes) = try await queue.twice { try await $0.pause(by: "ops", reason: "it burns") }
        #expect(first == false && second == true)
        #expect(
            changes == [
                "meta paused = 1", "meta paused_by = ops", "meta paused_reason = it burns", "meta paused_at = \(start)",
            ])
        let snapshot = try await queue.snapshot()
        #expect(snapshot.isPaused && snapshot.pausedBy == "ops" && snapshot.pausedReason == "it burns")
        #expect(snapshot.pausedAt == start)
        #expect(try await queue.claimed(1).ids == [])
        #expect(try await queue.claimed(2, alone: true).ids == [])
        #expect(try await Store(queue.client).dueSuspects([queue.name]) == 0)
        #expect(try await queue.enqueue([job("b")]).admissions == [.created])
    }

    @Test func `what runs when a queue is paused goes on`() async throws {
        let queue = try await runningStage(["a": 1])
        _ = try await queue.pause(by: "", reason: "")
        #expect(try await queue.settle("a", 1, .done(ttlMs: 0, result: [])) == .ok)
        let snapshot = try await queue.snapshot()
        #expect(snapshot.isPaused && snapshot.pausedBy == nil && snapshot.pausedReason == nil)
    }

    @Test func `a queue is paused since it was first, for the reason that was given last`() async throws {
        let queue = try await stage()
        _ = try await queue.pause(by: "a", reason: "b")
        let (answer, changes) = try await queue.at(start + 5).once { try await $0.pause(by: "c", reason: "d") }
        #expect(answer == true)
        #expect(changes == ["meta paused_by = c", "meta paused_reason = d"])
    }

    @Test(arguments: [(["queued a = 5"], true), (["suspect a = 5"], true), (["scheduled a = 5"], false)])
    func `a queue that goes on wakes whoever can claim something`(lines: [String], isAwake: Bool) async throws {
        let queue = try await stage(lines)
        _ = try await queue.pause(by: "a", reason: "b")
        let (first, second, changes) = try await queue.twice { try await $0.resume() }
        #expect(first == true && second == false)
        let gone: Changes = [
            "meta paused gone", "meta paused_by gone", "meta paused_reason gone", "meta paused_at gone",
        ]
        #expect(changes == gone + (isAwake ? ["wake w = 0"] : []))
        #expect(try await queue.snapshot().pausedAt == nil)
    }

    @Test func `a queue that there is not cannot be paused`() async throws {
        let queue = try await TestQueue.make().at(start)
        #expect(try await queue.unchanged { try await $0.pause(by: "a", reason: "b") } == nil)
        #expect(try await queue.unchanged { try await $0.resume() } == nil)
    }

    @Test func `a reason is one printable line, whoever wrote it`() async throws {
        let queue = try await stage()
        _ = try await queue.pause(by: "\u{1b}[2J", reason: String(repeating: "é", count: 300))
        let stored = try await queue.picture()
        #expect(stored["meta paused_by"] == "\\u{1b}[2J")
        #expect(stored["meta paused_reason"] == String(repeating: "é", count: 199) + "…")
        try await queue.draw(["meta paused_by = a\u{1b}b"])
        #expect(try await queue.snapshot().pausedBy == "a\\u{1b}b")
    }
}
