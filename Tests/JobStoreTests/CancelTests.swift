import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct CancelTests {
    private let week = start + Limits.cancelledTTL

    @Test(arguments: [JobState.queued, .scheduled, .blocked, .retrying, .suspect])
    func `a job that waits is cancelled`(state: JobState) async throws {
        let index = state.key.rawValue
        let queue = try await stage(["jobs a = {}", "runs a = {}", "\(index) a = 5", "\(index) b = 5"])
        let (first, second, changes) = try await queue.twice { try await $0.cancel(["a"]) }
        #expect(first == [.cancelled])
        #expect(second == [.cancelled])
        #expect(changes == ["\(index) a gone", "cancelled a = \(week)", "meta cancelled = 1"])
    }

    @Test func `a running job is asked to stop`() async throws {
        let queue = try await runningStage(["a": 3])
        let (first, second, changes) = try await queue.twice { try await $0.cancel(["a"]) }
        #expect(first == [.asked])
        #expect(second == [.asked])
        #expect(changes == ["asked a = \(token(3).number)"])
    }

    @Test func `a request follows the job to its next run`() async throws {
        let queue = try await runningStage(["a": 3], ["asked a = \(token(1).number)"])
        #expect(try await queue.once { try await $0.cancel(["a"]) }.changes == ["asked a = \(token(3).number)"])
    }

    @Test(arguments: [
        (JobState.succeeded, QueueStore.CancelAnswer.succeeded), (.dead, .dead), (.cancelled, .cancelled),
    ])
    func `a job that ended stays as it is`(state: JobState, expected: QueueStore.CancelAnswer) async throws {
        let queue = try await stage(["jobs a = {}", "\(state.key.rawValue) a = 5"])
        #expect(try await queue.unchanged { try await $0.cancel(["a"]) } == [expected])
    }

    @Test func `an unknown or only remembered id is gone`() async throws {
        let queue = try await stage(["idem b = d"])
        #expect(try await queue.unchanged { try await $0.cancel(["a", "b", ""]) } == [.gone, .gone, .gone])
    }

    @Test func `each of many is answered in order`() async throws {
        let queue = try await runningStage(["r": 1], ["queued q = 1", "dead d = 5", "retrying t = 5"])
        let (first, second, _) = try await queue.twice { try await $0.cancel(["d", "q", "x", "r", "t", "q"]) }
        #expect(first == [.dead, .cancelled, .gone, .asked, .cancelled, .cancelled])
        #expect(second == first)
        #expect(try await queue.picture()["meta cancelled"] == "2")
    }

    @Test func `cancelled jobs can be kept for ever`() async throws {
        let queue = try await stage(["queued a = 5"])
        #expect(try await queue.raw(.cancel, ["-1", "a"]) == ["ok", "\(start)", "cancelled"])
        #expect(try await queue.picture()["cancelled a"] == "inf")
    }
}
