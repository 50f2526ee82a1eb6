import JobModel
import JobStore
import TestSupport
import Testing

/// Who may settle: the token decides, the first one wins.
@Suite(.timeLimit(.minutes(1))) struct SettleOwnershipTests {
    static let dispositions: [Disposition] = [
        .done(ttlMs: 60_000, result: Array("1".utf8)), .done(ttlMs: 0, result: []),
        .retry(due: .now, .normal, record(), entry()), .front(.normal, record(), entry()),
        .suspect(due: .now, .normal, record(), entry()), .dead(ttlMs: 5, record(), entry(), commonGroup),
        .cancelled(record(), entry()),
    ]

    @Test(arguments: dispositions)
    func `a wrong token changes nothing`(disposition: Disposition) async throws {
        let queue = try await runningStage(["a": 2], ["asked a = \(token(2).number)", "runs a = {}"])
        for wrong in [token(1), token(3), other.token(claim: 2), Token(0)] {
            let settlement = Settlement(id: "a", token: wrong, disposition: disposition)
            let answer = try await queue.unchanged { try await $0.settle(worker, [settlement]) }
            #expect(answer.answers == [.stale])
        }
    }

    @Test(arguments: dispositions)
    func `a job that does not run is gone`(disposition: Disposition) async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "jobs b = {}", "dead b = 5", "runs b = {}"])
        for id in ["a", "b", "c"] {
            #expect(try await queue.unchanged { try await $0.settle(id, 1, disposition) } == .gone)
        }
    }

    @Test func `the first one to settle wins, whoever it is`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = -\(start + 10_000)"])
        #expect(try await queue.settle("a", 1, .front(.normal, nil, nil)) == .ok)
        #expect(try await queue.unchanged { try await $0.settle("a", 1, .done(ttlMs: 5, result: [])) } == .gone)
    }

    @Test func `a condemned worker may still bring a success`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = -\(start + 10_000)"])
        #expect(try await queue.settle("a", 1, .done(ttlMs: 60_000, result: [])) == .ok)
        #expect(try await queue.unchanged { try await $0.settle("a", 1, .front(.normal, nil, nil)) } == .gone)
    }

    /// Of a run that was asked to stop, with a token of the same run: what becomes of it.
    @Test(arguments: dispositions)
    func `a run that was asked to stop is cancelled unless it succeeded`(disposition: Disposition) async throws {
        let queue = try await runningStage(["a": 1], ["asked a = \(token(1).number)"])
        let (first, second, changes) = try await queue.twice { try await $0.settle("a", 1, disposition) }
        #expect(second == .gone)
        #expect(changes.lines.contains("asked a gone"))
        let picture = try await queue.picture()
        let isCancelled = picture["cancelled a"] == "\(start + Limits.cancelledTTL)"
        switch disposition {
        case .done:
            #expect(first == .ok)
            #expect(!isCancelled)
        case .cancelled:
            #expect(first == .ok)
            #expect(isCancelled)
        default:
            #expect(first == .asked)
            #expect(isCancelled)
            #expect(picture["runs a"] == text(record().encoded()))
            #expect(picture["errors a/0"] == text(entry().encoded()))
            for index in ["queued", "retrying", "suspect", "dead", "succeeded"] {
                #expect(picture["\(index) a"] == nil)
            }
            #expect(picture["meta cancelled"] == "1")
            #expect(picture["wake w"] == nil)
        }
    }

    @Test func `a request that was meant for an earlier run does not count, and goes`() async throws {
        let queue = try await runningStage(["a": 2], ["asked a = \(token(1).number)", "asked b = 5"])
        #expect(try await queue.settle("a", 2, .front(.normal, nil, nil)) == .ok)
        let picture = try await queue.picture()
        #expect(picture["queued a"] != nil)
        #expect(picture["asked a"] == nil)
        #expect(picture["asked b"] == "5")
    }

    @Test func `a condemned lease goes with its last job`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1], ["leases 7 = -\(start + 10_000)", "about 7 = {}"])
        _ = try await queue.settle("a", 1, .done(ttlMs: 0, result: []))
        #expect(try await queue.picture()["leases 7"] != nil)
        let changes = try await queue.once { try await $0.settle("b", 1, .done(ttlMs: 0, result: [])) }.changes
        #expect(
            changes == [
                "running b gone", "jobs b gone", "meta succeeded = 2", "leases 7 gone", "claims 7 gone", "about 7 gone",
            ])
    }

    @Test(arguments: ["leases 7 = \(start + 5)", "leases 7 = 5"])
    func `a lease that is not condemned stays`(line: String) async throws {
        let queue = try await runningStage(["a": 1], [line])
        _ = try await queue.settle("a", 1, .done(ttlMs: 0, result: []))
        #expect(try await queue.picture()["leases 7"] != nil)
        #expect(try await queue.picture()["claims 7"] == "1")
    }

    @Test func `jobs of neighbours do not keep a condemned lease`() async throws {
        let queue = try await runningStage(
            ["a": 1],
            [
                "leases 7 = -5", "running x = \(Incarnation(6).tokens.upperBound)",
                "running y = \(other.tokens.lowerBound)",
            ])
        _ = try await queue.settle("a", 1, .done(ttlMs: 0, result: []))
        #expect(try await queue.picture()["leases 7"] == nil)
    }
}
