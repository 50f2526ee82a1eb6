import JobModel
import JobStore
import TestSupport
import Testing

/// Jobs that run alone.
@Suite(.timeLimit(.minutes(1))) struct SuspectTests {
    @Test func `a suspect is claimed alone, one at a time, the earliest due first`() async throws {
        let queue = try await stage([
            "jobs a = {}", "suspect a = \(start * 10 + 9)", "jobs b = {b}", "runs b = {r}", "suspect b = 15",
            "jobs c = {}", "queued c = 1",
        ])
        let (first, second, changes) = try await queue.twice { try await $0.claimed(1, want: 5, alone: true) }
        #expect(first.ids == ["b"])
        #expect(second.ids == ["b"])
        #expect(text(first.jobs[0].envelope) == "{b}")
        #expect(text(first.jobs[0].record) == "{r}")
        #expect(first.isSuspectDue)
        #expect(
            changes == [
                "suspect b gone", "running b = \(token(1).number)", "claims 7 = 1", "meta epoch = \(start * 1000)",
            ])
    }

    @Test func `a suspect is not claimed before its time`() async throws {
        let queue = try await stage(["jobs a = {}", "suspect a = \((start + 1) * 10)"])
        #expect(try await queue.claimed(1, alone: true).ids == [])
        #expect(try await queue.at(start + 1).claimed(2, alone: true).ids == ["a"])
    }

    @Test func `a suspect is not claimed beside another job`() async throws {
        let queue = try await runningStage(["x": 1], ["jobs a = {}", "suspect a = 5"])
        let (claim, changes) = try await queue.once { try await $0.claimed(2, alone: true) }
        #expect(claim.ids == [])
        #expect(changes == ["claims 7 = 2"])
    }

    @Test func `what others run does not matter`() async throws {
        let queue = try await stage([
            "jobs a = {}", "suspect a = 5", "running x = \(Incarnation(6).tokens.upperBound)",
            "running y = \(other.tokens.lowerBound)",
        ])
        #expect(try await queue.claimed(1, alone: true).ids == ["a"])
    }

    @Test func `an ordinary claim never takes a suspect`() async throws {
        let queue = try await stage(["jobs a = {}", "suspect a = 5"])
        #expect(try await queue.claimed(1).ids == [])
    }

    @Test func `a claim alone never takes an ordinary job`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 5"])
        #expect(try await queue.claimed(1, alone: true).ids == [])
    }

    @Test func `a suspect without envelope becomes a dead letter`() async throws {
        let queue = try await stage(["suspect a = 5"])
        #expect(try await queue.claimed(1, alone: true).ids == [])
        let picture = try await queue.picture()
        #expect(picture["suspect a"] == nil)
        #expect(picture["dead a"] == "\(start + Limits.deadTTL)")
    }
}
