import JobModel
import JobStore
import TestSupport
import Testing

/// Many runs in one call.
@Suite(.timeLimit(.minutes(1))) struct SettleBatchTests {
    private func settlement(_ id: String, _ claim: Int, _ disposition: Disposition) -> Settlement {
        Settlement(id: id, token: token(claim), disposition: disposition)
    }

    @Test func `each job of a mixed batch goes its way, and answers come in the order of the call`() async throws {
        let queue = try await runningStage(
            ["a": 1, "b": 1, "c": 2, "d": 2, "e": 2, "f": 3, "stolen": 4], ["asked e = \(token(2).number)"])
        let batch = [
            settlement("absent", 1, .done(ttlMs: 60_000, result: [])),
            settlement("e", 2, .dead(ttlMs: 5, record(), entry(), commonGroup)),
            settlement("f", 3, .cancelled(record(), nil)),
            settlement("stolen", 3, .front(.normal, nil, nil)),
            settlement("d", 2, .suspect(due: .now, .normal, record(), nil)),
            settlement("c", 2, .front(.normal, nil, nil)),
            settlement("b", 1, .retry(due: .now, .normal, record(), nil)),
            settlement("a", 1, .done(ttlMs: 60_000, result: [])),
        ]
        let (first, second, changes) = try await queue.twice { try await $0.settle(worker, batch) }
        #expect(first.now == start)
        #expect(first.answers == [.gone, .asked, .ok, .stale, .ok, .ok, .ok, .ok])
        #expect(second.answers == [.gone, .gone, .gone, .stale, .gone, .gone, .gone, .gone])
        let picture = try await queue.picture()
        let states = [
            "a": "succeeded", "b": "retrying", "c": "queued", "d": "suspect", "e": "cancelled", "f": "cancelled",
        ]
        for (id, index) in states { #expect(picture["\(index) \(id)"] != nil) }
        #expect(picture["running stolen"] == "\(token(4).number)")
        #expect(changes.lines.contains("meta cancelled = 2"))
        #expect(changes.lines.contains("asked e gone"))
    }

    @Test func `a batch given back is claimed again in its own order, before everything else`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1, "c": 1], ["jobs x = {}", "queued x = \(place(1))"])
        let batch = ["a", "b", "c"].map { settlement($0, 1, .front(.normal, nil, nil)) }
        _ = try await queue.settle(worker, batch)
        let picture = try await queue.picture()
        #expect(picture["queued a"] == "\(place(-3))")
        #expect(picture["queued c"] == "\(place(-1))")
        #expect(try await queue.claimed(2).ids == ["a", "b", "c", "x"])
    }

    @Test func `a later batch stands before an earlier one`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1, "c": 1, "d": 1])
        for ids in [["a", "b"], ["c", "d"]] {
            _ = try await queue.settle(worker, ids.map { settlement($0, 1, .front(.normal, nil, nil)) })
        }
        #expect(try await queue.claimed(2).ids == ["c", "d", "a", "b"])
    }

    @Test func `the front of a priority is behind every better priority`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1], ["jobs x = {}", "queued x = \(place(1))"])
        _ = try await queue.settle("a", 1, .front(Priority(6)!, nil, nil))
        _ = try await queue.settle("b", 1, .front(Priority(4)!, nil, nil))
        #expect(try await queue.claimed(2).ids == ["b", "x", "a"])
    }

    @Test(arguments: 0..<6) func `a thousand runs end in one call`(group: Int) async throws {
        let dispositions: [Disposition] = [
            .done(ttlMs: 60_000, result: Array("1".utf8)), .retry(due: .now, .normal, record(), entry()),
            .front(.normal, record(), entry()), .suspect(due: .now, .normal, record(), entry()),
            .dead(ttlMs: 5, record(), entry(), commonGroup), .cancelled(record(), entry()),
        ]
        let ids = (1...1000).map { "j\($0)" }
        let queue = try await stage(ids.flatMap { ["jobs \($0) = {}", "running \($0) = \(token(1).number)"] })
        let batch = ids.map { settlement($0, 1, dispositions[group]) }
        let (first, second, _) = try await queue.twice { try await $0.settle(worker, batch) }
        #expect(first.answers.allSatisfy { $0 == .ok })
        #expect(second.answers.allSatisfy { $0 == .gone })
        let states: [JobState] = [.succeeded, .retrying, .queued, .suspect, .dead, .cancelled]
        #expect(try await queue.snapshot().count(states[group]) == 1000)
    }

    @Test func `a thousand successes that keep nothing are forgotten in one call`() async throws {
        let ids = (1...1000).map { "j\($0)" }
        let lines = ids.flatMap { ["jobs \($0) = {}", "runs \($0) = {}", "running \($0) = \(token(1).number)"] }
        let queue = try await stage(lines)
        _ = try await queue.settle(worker, ids.map { settlement($0, 1, .done(ttlMs: 0, result: [])) })
        #expect(!(try await queue.picture().lines.contains { $0.hasPrefix("jobs") || $0.hasPrefix("runs") }))
    }

    @Test func `an empty batch changes nothing`() async throws {
        let queue = try await runningStage(["a": 1])
        #expect(try await queue.unchanged { try await $0.settle(worker, []) }.answers == [])
    }
}
