import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// Looking changes nothing.
@Suite(.timeLimit(.minutes(1))) struct InspectTests {
    @Test(arguments: JobState.allCases) func `a job is seen in its state`(state: JobState) async throws {
        let queue = try await stage(["jobs a = {}", "\(state.key.rawValue) a = 9007199254740991"])
        let (now, jobs) = try await queue.unchanged { try await $0.inspect(["a"], full: true) }
        #expect(now == start)
        #expect(jobs[0].state == state)
        #expect(jobs[0].score == 9_007_199_254_740_991)
    }

    @Test func `the full view shows envelope, record, result and history by number`() async throws {
        let result = ResultRecord(result: Array("[1]".utf8)[...], at: 5, ms: 6, attempt: 7, worker: "w")
        let queue = try await runningStage(
            ["a": 1],
            [
                "jobs a = {x}", "runs a = \(text(record(errors: 12).encoded()))",
                "results a = \(text(result.encoded()))",
                "errors a/0 = \(text(entry(1).encoded()))", "errors a/2 = \(text(entry(12).encoded()))",
                "errors a/9 = \(text(entry(10).encoded()))", "asked a = 5",
            ])
        let full = try await queue.inspect(["a"], full: true).jobs[0]
        #expect(text(full.envelope) == "{x}")
        #expect(full.record == record(errors: 12))
        #expect(text(full.recordBytes) == text(record(errors: 12).encoded()))
        #expect(full.result == result)
        #expect(full.errors.map(\.number) == [1, 10, 12])
        #expect(full.isAsked)
        let short = try await queue.inspect(["a"], full: false).jobs[0]
        #expect(short.record == record(errors: 12))
        #expect(short.result == result)
        #expect(short.envelope == [])
        #expect(short.errors == [])
    }

    @Test func `unknown and remembered ids are told apart`() async throws {
        let queue = try await stage(["idem b = d", "jobs c = {}", "queued c = 1", "dead d = inf"])
        let jobs = try await queue.inspect(["a", "b", "c", "d"], full: true).jobs
        #expect(jobs.map(\.id) == ["a", "b", "c", "d"])
        #expect(jobs.map(\.state) == [nil, nil, .queued, .dead])
        #expect(jobs.map(\.isRemembered) == [false, true, false, false])
        #expect(jobs[0].score == nil)
        #expect(jobs[3].score == .infinity)
    }

    @Test func `a snapshot counts every state`() async throws {
        var lines: [String] = []
        for (index, state) in JobState.allCases.enumerated() {
            lines += (0...index).map { "\(state.key.rawValue) \(state)\($0) = 5" }
        }
        let queue = try await stage(
            lines + [
                "idem a = d", "inbox 1-0 = job {}", "inbox 2-0 = job {}", "meta paused = 1", "meta enqueued = 12",
                "running mine = \(token(9).number)", "running theirs = \(other.token(claim: 1).number)",
                "running next = \(Incarnation(9).tokens.lowerBound)",
                "about 7 = {me}", "leases 8 = -5", "jobs queued0 = {\"name\":\"n\",\"created_ms\":99}",
            ])
        let snapshot = try await queue.unchanged { try await $0.snapshot() }
        for (index, state) in JobState.allCases.enumerated() {
            #expect(snapshot.count(state) == index + 1 + (state == .running ? 3 : 0))
        }
        #expect(snapshot.now == start)
        #expect(snapshot.remembered == 1)
        #expect(snapshot.inbox == 2)
        #expect(snapshot.isPaused)
        #expect(snapshot.total("enqueued") == 12)
        #expect(snapshot.total("nothing") == 0)
        #expect(snapshot.nextDue == 0)
        #expect(snapshot.oldestDueMs == 0, "the oldest of those that nobody moved")
        #expect(snapshot.workers.map(\.incarnation) == [other, worker])
        #expect(snapshot.workers.map(\.deadline) == [-5, Double(start + 20_000)])
        #expect(snapshot.workers.map(\.held) == [1, 1])
        #expect(snapshot.workers.map { text($0.about) } == ["", "{me}"])
    }

    @Test func `an empty queue has a snapshot`() async throws {
        let snapshot = try await TestQueue.make().at(start).unchanged { try await $0.snapshot() }
        #expect(snapshot.counts.values.allSatisfy { $0 == 0 })
        #expect(snapshot.nextDue == nil)
        #expect(snapshot.oldestDueMs == nil && snapshot.samples.isEmpty)
        #expect(snapshot.meta.isEmpty)
        #expect(snapshot.workers.isEmpty)
    }

    @Test func `ids are listed in line, ended ones with the newest first`() async throws {
        let queue = try await stage(["queued a = 1", "queued b = 2", "queued c = 3", "dead d = 1", "dead e = 2"])
        #expect(try await queue.ids(.queued, offset: 0, limit: 2) == ["a", "b"])
        #expect(try await queue.ids(.queued, offset: 2, limit: 2) == ["c"])
        #expect(try await queue.ids(.dead, offset: 0, limit: 9) == ["e", "d"])
    }

    @Test func `suspects that are due and can be claimed are counted, whatever else is wrong`() async throws {
        let future = 9_000_000_000_000_000
        let two = try await stage(["suspect a = 5", "suspect b = 15", "suspect c = \(future)"])
        let paused = try await stage(["suspect a = 5", "meta paused = 1"])
        let foreign = try await stage(["suspect a = 5", "meta format = 2"])
        let unknown = try await TestQueue.make()
        let one = try await stage(["suspect a = 5"])
        let count = try await Store(two.client).dueSuspects([two, paused, foreign, unknown, one].map(\.name))
        #expect(count == 3)
        #expect(try await Store(two.client).dueSuspects([]) == 0)
    }
}
