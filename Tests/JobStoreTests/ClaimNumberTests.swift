import JobModel
import JobStore
import Redis
import TestSupport
import Testing

/// Claim numbers and incarnations: who may claim, and what a repeated claim is answered.
@Suite(.timeLimit(.minutes(1))) struct ClaimNumberTests {
    @Test(arguments: [nil, "leases 8 = -\(start)", "leases 8 = -\(start + 5)"])
    func `whoever is no member, or condemned, is stale`(line: String?) async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1"] + (line.map { [$0] } ?? []))
        let answer = try await queue.unchanged { try await $0.claim(other, number: 1, want: 1) }
        #expect(answer.isStale)
    }

    @Test func `a lease that ran out but was not condemned still claims`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "leases 7 = 5"])
        #expect(try await queue.claimed(1).ids == ["a"])
    }

    @Test(arguments: [1, 4, 5])
    func `a number that is behind and holds nothing is skipped`(number: Int) async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "claims 7 = 5"])
        #expect(try await queue.unchanged { try await $0.claim(worker, number: number, want: 1) }.isSkipped)
    }

    @Test func `an earlier number is answered with what it still holds, and with nothing of another`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1, "c": 2], ["runs b = {r}", "jobs x = {}", "queued x = 1"])
        let claim = try await queue.unchanged { try await $0.claimed(1, want: 1) }
        #expect(claim.ids == ["a", "b"])
        #expect(claim.jobs.map(\.token) == [token(1), token(1)])
        #expect(claim.jobs.map { text($0.record) } == ["", "{r}"])
    }

    @Test func `a held job whose envelope is gone is answered without one`() async throws {
        let queue = try await stage(["claims 7 = 1", "running a = \(token(1).number)"])
        #expect(try await queue.unchanged { try await $0.claimed(1) }.jobs.map(\.envelope) == [[]])
    }

    @Test(arguments: ["0", "-1", "268435456", "1.5", "x", "", "nan", "inf"])
    func `a number outside its range is invalid`(number: String) async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1"])
        let words = try await queue.unchanged {
            try await $0.raw(.claim, ["7", number, "1", "0", "1048576", "5"])
        }
        #expect(words == ["invalid"])
    }

    @Test func `the last number is the last`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1"])
        let claim = try await queue.claimed(Token.lastClaim)
        #expect(claim.jobs.map(\.token) == [token(Token.lastClaim)])
        await #expect(throws: StoreError.badAnswer("claim: invalid")) {
            try await queue.claim(worker, number: Token.lastClaim + 1, want: 1)
        }
    }

    @Test func `numbers may leave gaps`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1"])
        #expect(try await queue.claimed(900).ids == ["a"])
        #expect(try await queue.claim(worker, number: 899, want: 1).isSkipped)
    }

    @Test func `incarnations have numbers of their own`() async throws {
        let queue = try await runningStage(["a": 3], ["leases 8 = 5", "jobs b = {}", "queued b = 1"])
        let (claim, changes) = try await queue.once { try await $0.claim(other, number: 1, want: 1).claim() }
        #expect(claim.jobs.map(\.token) == [other.token(claim: 1)])
        #expect(changes.lines.contains("claims 8 = 1"))
    }
}
