import JobModel
import JobStore
import TestSupport
import Testing

/// Where each way to end a run takes its job.
@Suite(.timeLimit(.minutes(1))) struct SettleTests {
    private let normal = Priority.normal

    @Test func `success leaves envelope, record and result until its time`() async throws {
        let queue = try await runningStage(["a": 1], ["runs a = {r}", "errors a/0 = {e}"])
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .done(ttlMs: 60_000, result: Array("[1]".utf8)))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "running a gone", "succeeded a = \(start + 60_000)", "results a = [1]", "meta succeeded = 1",
            ])
    }

    @Test func `a record stays at least 15 seconds, or for ever`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1])
        #expect(try await queue.settle("a", 1, .done(ttlMs: 1, result: [])) == .ok)
        #expect(try await queue.settle("b", 1, .done(ttlMs: -1, result: [])) == .ok)
        let picture = try await queue.picture()
        #expect(picture["succeeded a"] == "\(start + 15_000)")
        #expect(picture["succeeded b"] == "inf")
    }

    @Test func `success that keeps nothing forgets the job with its history`() async throws {
        let errors = (0...9).map { "errors a/\($0) = {}" }
        let queue = try await runningStage(
            ["a": 1, "b": 1], ["runs a = {}", "runs b = {}", "errors b/0 = {}"] + errors)
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .done(ttlMs: 0, result: []))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        let gone = (0...9).map { "errors a/\($0) gone" }
        #expect(
            changes == ["running a gone", "jobs a gone", "runs a gone", "meta succeeded = 1"] + Changes(lines: gone))
    }

    @Test func `a failed run waits for its next attempt`() async throws {
        let queue = try await runningStage(["a": 1])
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .retry(due: .after(ms: 5000), Priority(3)!, record(), entry(12)))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "running a gone", "retrying a = \((start + 5000) * 10 + 3)", "runs a = \(text(record().encoded()))",
                "errors a/2 = \(text(entry(12).encoded()))", "meta retried = 1", "wake w = 0",
            ])
    }

    @Test func `a retry due now or at a moment is due then`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1])
        _ = try await queue.settle("a", 1, .retry(due: .now, normal, record(), nil))
        _ = try await queue.settle("b", 1, .retry(due: .at(ms: 77), normal, record(), nil))
        let picture = try await queue.picture()
        #expect(picture["retrying a"] == "\(start * 10 + 5)")
        #expect(picture["retrying b"] == "775")
        #expect(!picture.lines.contains { $0.hasPrefix("errors") })
    }

    @Test func `a retry later than another one does not wake`() async throws {
        let queue = try await runningStage(["a": 1], ["retrying x = \((start + 10) * 10 + 5)"])
        let changes = try await queue.once {
            try await $0.settle("a", 1, .retry(due: .after(ms: 10), normal, record(), nil))
        }.changes
        #expect(!changes.lines.contains("wake w = 0"))
    }

    @Test func `a job given back goes to the front and leaves no trace`() async throws {
        let queue = try await runningStage(["a": 1], ["queued x = \(place(1))"])
        let (first, second, changes) = try await queue.twice { try await $0.settle("a", 1, .front(normal, nil, nil)) }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "running a gone", "queued a = \(place(-1))", "meta front = -1", "meta released = 1", "wake w = 0",
            ])
    }

    @Test func `a job given back after its start says so`() async throws {
        let queue = try await runningStage(["a": 1])
        let changes = try await queue.once {
            try await $0.settle("a", 1, .front(Priority(9)!, record(attempts: 0), entry()))
        }.changes
        #expect(
            changes == [
                "running a gone", "queued a = \(place(-1, priority: 9))", "meta front = -1", "meta released = 1",
                "wake w = 0", "runs a = \(text(record(attempts: 0).encoded()))",
                "errors a/0 = \(text(entry().encoded()))",
            ])
    }

    @Test func `a job lost twice becomes a suspect`() async throws {
        let queue = try await runningStage(["a": 1])
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .suspect(due: .after(ms: 5), normal, record(), entry(2)))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "running a gone", "suspect a = \((start + 5) * 10 + 5)", "runs a = \(text(record().encoded()))",
                "errors a/1 = \(text(entry(2).encoded()))", "meta suspected = 1", "wake w = 0",
            ])
    }

    @Test(arguments: [(500, "\(start + 500)"), (-1, "inf")])
    func `a dead job keeps everything`(ttl: Int, forget: String) async throws {
        let queue = try await runningStage(["a": 1], ["errors a/0 = {}"])
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .dead(ttlMs: ttl, record(attempts: 2, errors: 2), entry(2), commonGroup))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "causes a = \(commonGroup)/000001000000000", "groups \(commonGroup)/000001000000000/a = 0",
                "running a gone", "dead a = \(forget)", "runs a = \(text(record(attempts: 2, errors: 2).encoded()))",
                "errors a/1 = \(text(entry(2).encoded()))", "meta dead = 1",
            ])
    }

    @Test func `a cancelled run is kept for a week`() async throws {
        let queue = try await runningStage(["a": 1], ["asked a = \(token(1).number)"])
        let (first, second, changes) = try await queue.twice {
            try await $0.settle("a", 1, .cancelled(record(), entry()))
        }
        #expect(first == .ok)
        #expect(second == .gone)
        #expect(
            changes == [
                "running a gone", "asked a gone", "cancelled a = \(start + 7 * 86_400_000)",
                "runs a = \(text(record().encoded()))", "errors a/0 = \(text(entry().encoded()))", "meta cancelled = 1",
            ])
    }

    @Test func `the longest delay keeps its priority`() async throws {
        let queue = try await runningStage(["a": 1])
        _ = try await queue.settle("a", 1, .retry(due: .after(ms: Due.latest), Priority(9)!, record(), nil))
        #expect(try await queue.picture()["retrying a"] == "9000000000000009")
    }
}
