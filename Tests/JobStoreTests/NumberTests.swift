import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// Scores are doubles: every number of the store must come back exactly, up to 2^53.
@Suite(.timeLimit(.minutes(1))) struct NumberTests {
    private static let highest = Incarnation(1 << 25 - 1)
    private static let large = 1 << 47 + 12_345_678_901_233

    @Test func `the highest token is exact through claim, beat, cancel, recover and settle`() async throws {
        let high = Self.highest
        let token = high.token(claim: Token.lastClaim)
        #expect(token.number == 1 << 53 - 1)
        let queue = try await stage(["leases \(high.number) = \(start + 5000)", "jobs a = {}", "queued a = 1"])
        let claim = try await queue.claim(high, number: Token.lastClaim, want: 1).claim()
        #expect(claim.jobs.map(\.token) == [token])
        #expect(try await queue.picture()["running a"] == "9007199254740991")
        #expect(
            try await queue.unchanged { try await $0.claim(high, number: Token.lastClaim, want: 1) }.claim().ids == [
                "a"
            ])
        #expect(try await queue.cancel(["a"]) == [.asked])
        #expect(try await queue.picture()["asked a"] == "9007199254740991")
        let beat = try await queue.beat([(high, [])], extend: false)
        #expect(
            beat.members == [.init(incarnation: high, isLive: true, held: 1, asked: [.init(id: "a", token: token)])])
        #expect(try await queue.held(by: high) == [.init(id: "a", token: token)])
        #expect(try await queue.recover(high).recovery().jobs.map(\.token) == [token])
        let near = Settlement(id: "a", token: Token(token.number - 1), disposition: .front(.normal, nil, nil))
        #expect(try await queue.unchanged { try await $0.settle(high, [near]) }.answers == [.stale])
        let exact = Settlement(id: "a", token: token, disposition: .front(.normal, nil, nil))
        #expect(try await queue.settle(high, [exact]).answers == [.asked])
        #expect(try await queue.picture()["leases \(high.number)"] == nil)
    }

    @Test func `neighbouring tokens are never taken for each other`() async throws {
        let base = Self.highest.tokens.upperBound
        let lines = (0..<5).map { "running j\($0) = \(base - $0)" }
        let queue = try await stage(lines)
        let settlements = (0..<5).map {
            Settlement(id: "j\($0)", token: Token(base - $0 - 1), disposition: .done(ttlMs: 5, result: []))
        }
        let answers = try await queue.unchanged { try await $0.settle(Self.highest, settlements) }.answers
        #expect(answers.allSatisfy { $0 == .stale })
    }

    @Test func `places in the queue are exact at the last priority and a large sequence`() async throws {
        let queue = try await stage(["meta sequence = \(Self.large)"])
        _ = try await queue.enqueue([job("a", priority: 9), job("b", priority: 9), job("c", priority: 0)])
        let picture = try await queue.picture()
        #expect(picture["queued a"] == "\(place(Self.large + 1, priority: 9))")
        #expect(picture["queued b"] == "\(place(Self.large + 2, priority: 9))")
        #expect(picture["queued c"] == "\(place(Self.large + 3, priority: 0))")
        #expect(picture["meta sequence"] == "\(Self.large + 3)")
    }

    @Test func `places are exact when jobs are promoted and requeued`() async throws {
        let queue = try await stage([
            "meta sequence = \(Self.large)", "scheduled a = 19", "retrying b = 29", "dead c = 5",
        ])
        _ = try await queue.promote()
        _ = try await queue.requeue([.init(id: "c", priority: .last, old: [], new: record())])
        let picture = try await queue.picture()
        for (index, id) in ["a", "b", "c"].enumerated() {
            #expect(picture["queued \(id)"] == "\(place(Self.large + 1 + index, priority: 9))")
        }
    }

    @Test func `places at the front are exact`() async throws {
        let queue = try await runningStage(["a": 1, "b": 1], ["meta front = -\(Self.large)"])
        let settlements = ["a", "b"].map { Settlement(id: $0, token: token(1), disposition: .front(.last, nil, nil)) }
        _ = try await queue.settle(worker, settlements)
        let picture = try await queue.picture()
        #expect(picture["queued a"] == "\(place(-Self.large - 2, priority: 9))")
        #expect(picture["queued b"] == "\(place(-Self.large - 1, priority: 9))")
    }

    @Test(arguments: 0...9) func `the latest due time keeps its priority`(priority: Int) async throws {
        let queue = try await stage()
        _ = try await queue.enqueue([job("a", priority: priority, due: .at(ms: Due.latest))])
        #expect(try await queue.picture()["scheduled a"] == "\(Due.latest * 10 + priority)")
        let claim = try await queue.claimed(1)
        #expect(claim.nextDue == Due.latest)
        #expect(try await queue.snapshot().nextDue == Due.latest)
        let late = queue.at(Due.latest)
        _ = try await late.promote()
        #expect(try await late.promote().moved == 1)
        #expect(try await queue.picture()["queued a"] == "\(place(1, priority: priority))")
    }

    @Test func `today's times and epochs are exact`() async throws {
        let now = 1_763_700_000_001
        let queue = try await stage(["meta tick = \(now)", "leases 7 = \(now + 1)", "jobs a = {}", "queued a = 1"]).at(
            now)
        let claim = try await queue.claimed(1)
        #expect(claim.now == now)
        #expect(claim.epoch == now * 1000)
        #expect(try await queue.picture()["meta epoch"] == "1763700000001000")
        _ = try await queue.settle("a", 1, .done(ttlMs: 500_003, result: []))
        #expect(try await queue.picture()["succeeded a"] == "1763700500004")
    }

    @Test func `without a given time Redis' own clock counts`() async throws {
        let client = try await TestQueue.sharedClient()
        let before = try await Store(client).time()
        let queue = try await TestQueue.make()
        let now = try await queue.enqueue([job("a")]).now
        let after = try await Store(client).time()
        #expect((before...after).contains(now))
        let born = try #require(try await queue.picture()["meta born"].flatMap { Int($0) })
        #expect((before...after).contains(born / 1000))
    }
}
