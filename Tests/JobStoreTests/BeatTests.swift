import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct BeatTests {
    private func pulse(_ queue: QueueStore, extend: Bool = true) async throws -> Beat {
        try await queue.beat([(worker, Array("{}".utf8))], extend: extend)
    }

    @Test func `a beat extends the lease, and says what the worker does`() async throws {
        let queue = try await stage()
        let (first, second, changes) = try await queue.at(start + 5000).twice(beat: true)
        #expect(first == second)
        #expect(
            first
                == Beat(
                    now: start + 5000, born: "77", leaseMs: 30_000, workers: 1, isPromoteDue: false,
                    isRecoverDue: false,
                    isPruneDue: false,
                    members: [Beat.Member(incarnation: worker, isLive: true, held: 0, asked: [])]))
        #expect(
            changes == [
                "leases 7 = \(start + 35_000)", "about 7 = {}", "meta tick = \(start + 5000)", "meta calm = 5000",
            ])
    }

    @Test func `a look writes nothing`() async throws {
        let queue = try await runningStage(["a": 1], ["asked a = \(token(1).number)", "scheduled b = 5"])
        let far = queue.at(start + 19_000)
        let beat = try await far.unchanged { try await $0.beat([(worker, Array("{}".utf8))], extend: false) }
        #expect(
            beat.members == [
                .init(incarnation: worker, isLive: true, held: 1, asked: [.init(id: "a", token: token(1))])
            ])
        #expect(beat.isPromoteDue)
    }

    @Test func `a lease that ran out but was not condemned lives on`() async throws {
        let queue = try await stage(["leases 7 = \(start - 1)"])
        let (beat, changes) = try await queue.once { try await pulse($0) }
        #expect(beat.members[0].isLive)
        #expect(changes == ["leases 7 = \(start + 30_000)", "about 7 = {}"])
    }

    @Test(arguments: [true, false])
    func `a lease that is condemned or gone stays so`(isCondemned: Bool) async throws {
        let queue = try await runningStage(["a": 1], ["leases 8 = 1", "asked a = \(token(1).number)"])
        if isCondemned {
            try await queue.draw(["leases 7 = \(-start)"])
        } else {
            _ = try await queue.client.send(.init("ZREM", Key.leases.name(in: queue.name), "7"))
        }
        let beat = try await queue.unchanged { try await pulse($0) }
        #expect(beat.members == [Beat.Member(incarnation: worker, isLive: false, held: 1, asked: [])])
    }

    @Test func `a beat for two incarnations answers for each`() async throws {
        let queue = try await runningStage(
            ["a": 1, "b": 2, "c": 3],
            [
                "asked b = \(token(2).number)", "leases 8 = 1", "running d = \(other.token(claim: 1).number)",
                "asked d = \(other.token(claim: 1).number)",
            ])
        let members: [QueueStore.BeatMember] = [(other, Array("8".utf8)), (worker, Array("7".utf8))]
        let (beat, changes) = try await queue.once { try await $0.beat(members) }
        #expect(
            beat.members == [
                .init(
                    incarnation: other, isLive: true, held: 1, asked: [.init(id: "d", token: other.token(claim: 1))]),
                .init(incarnation: worker, isLive: true, held: 3, asked: [.init(id: "b", token: token(2))]),
            ])
        #expect(
            changes == ["leases 7 = \(start + 30_000)", "leases 8 = \(start + 30_000)", "about 7 = 7", "about 8 = 8"])
    }

    @Test func `only leases that have not run out count as workers`() async throws {
        let queue = try await stage(
            ["leases 8 = \(start)", "leases 9 = \(start + 1)", "leases 10 = -\(start + 5)", "leases 11 = \(start - 1)"])
        #expect(try await pulse(queue, extend: false).workers == 2)
    }

    /// A line, and which of promote, recover and prune is due by it.
    @Test(arguments: [
        ("scheduled a = \(start * 10 + 9)", "promote"), ("retrying a = \(start * 10 + 9)", "promote"),
        ("scheduled a = \(start * 10 + 10)", ""), ("retrying a = \(start * 10 + 10)", ""),
        ("suspect a = 5", ""), ("blocked a = 5", ""),
        ("succeeded a = \(start)", "prune"), ("dead a = \(start)", "prune"), ("cancelled a = \(start)", "prune"),
        ("idem-until a = \(start)", "prune"), ("succeeded a = \(start + 1)", ""), ("dead a = inf", ""),
        ("leases 8 = \(start)", "recover"), ("leases 8 = -\(start)", "recover"), ("leases 8 = \(start + 1)", ""),
        ("leases 8 = -\(start + 1)", ""),
    ])
    func `a beat says what is due`(line: String, due: String) async throws {
        let queue = try await stage([line])
        for extend in [false, true] {
            let beat = try await pulse(queue, extend: extend)
            #expect(beat.isPromoteDue == (due == "promote"))
            #expect(beat.isRecoverDue == (due == "recover"))
            #expect(beat.isPruneDue == (due == "prune"))
        }
    }

    @Test func `in a grace window nothing is to be recovered`() async throws {
        let queue = try await stage(["leases 8 = 5", "meta grace = \(start + 1)"])
        #expect(try await pulse(queue, extend: false).isRecoverDue == false)
        #expect(try await pulse(queue.at(start + 1), extend: false).isRecoverDue)
    }

    @Test func `a lost history shows in the beat`() async throws {
        let queue = try await TestQueue.make().at(start)
        let beat = try await queue.unchanged { try await $0.beat([(worker, [])], extend: false) }
        #expect(beat.born == "")
        #expect(beat.members == [.init(incarnation: worker, isLive: false, held: 0, asked: [])])
    }
}

extension QueueStore {
    fileprivate func twice(beat: Bool) async throws -> (first: Beat, second: Beat, changes: Changes) {
        try await twice { try await $0.beat([(worker, Array("{}".utf8))], extend: beat) }
    }
}
