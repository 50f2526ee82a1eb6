import Foundation
import JobModel
import Testing

@testable import JobQueueWorker
@testable import JobStore

/// What a worker shows to its supervisor.
@Suite struct BoardTests {
    private let lease = Lease(
        queue: .default, incarnation: Incarnation(33_554_431), born: "", length: .seconds(1))

    private func run(_ id: String, claim: Int, alone: Bool = false) -> Run {
        let job = ClaimedJob(id: id, token: lease.incarnation.token(claim: claim), envelope: [], record: [])
        return Run(job, Envelope(name: "x", payload: []), lease: lease, epoch: 1, isAlone: alone)
    }

    @Test func `what was written is read`() throws {
        let board = try #require(Board(slots: 3))
        #expect(board.read() == Board.Reading(worker: "", leases: [], runs: []))
        #expect(!board.read().hasEnded("ended", run("", claim: 5).token))
        board.introduce("host:1:abcdefgh")
        board.note(lease.incarnation, of: .default)
        let long = try QueueName(String(repeating: "q", count: Names.limit))
        board.note(Incarnation(2), of: long)
        let id = String(repeating: "i", count: Names.limit)
        board.place(0)?.begin(run(id, claim: 1), now: 5_000_000)
        board.place(1)?.begin(run("alone", claim: (1 << 28) - 1, alone: true), now: 90_000_000)
        board.place(2)?.begin(run("ended", claim: 5), now: 1)
        board.place(2)?.end(run("ended", claim: 5))
        board.place(1)?.condemn()
        board.turn(now: 47_000_000)
        let reading = board.read()
        #expect(reading.worker == "host:1:abcdefgh")
        #expect(reading.leases.map(\.queue) == [.default, long])
        #expect(reading.leases.map(\.incarnation) == [lease.incarnation, Incarnation(2)])
        #expect(
            reading.runs == [
                .init(id: id, token: run(id, claim: 1).token, isAlone: false, isCondemned: false, ms: 42),
                .init(id: "alone", token: run("", claim: (1 << 28) - 1).token, isAlone: false, isCondemned: true),
            ])
        #expect(board.ended == 1 && board.place(3) == nil)
        #expect(reading.hasEnded("ended", run("", claim: 5).token))
        #expect(!reading.hasEnded("ended", run("", claim: 4).token) && !reading.hasEnded("b", run("", claim: 5).token))
    }

    @Test func `what it is for, and how much goes on, is seen`() throws {
        let board = try #require(Board(slots: 2, onlySuspects: true))
        #expect(board.isForSuspects && board.busy == 0)
        board.place(1)?.begin(run("a", claim: 1), now: 1)
        #expect(board.busy == 1)
        board.place(1)?.end(run("a", claim: 1))
        #expect(board.busy == 0)
        #expect(try #require(Board(slots: 1)).isForSuspects == false)
    }

    @Test func `the heart is seen to turn`() throws {
        let board = try #require(Board(slots: 1))
        let before = board.pulse
        board.turn(now: 1)
        #expect(board.pulse != before)
    }

    @Test func `of many leases the last are kept`() throws {
        let board = try #require(Board(slots: 0))
        for number in 1...5000 { board.note(Incarnation(number), of: .default) }
        let numbers = board.read().leases.map(\.incarnation.number)
        #expect(Set(numbers) == Set(905...5000))
    }

    @Test func `a lease that was not given is taken back`() throws {
        let board = try #require(Board(slots: 0))
        board.note(Incarnation(1), of: .default)
        board.note(Incarnation(2), of: .default)
        board.takeBackLease()
        board.note(Incarnation(3), of: .default)
        #expect(board.read().leases.map(\.incarnation.number) == [1, 3])
    }

    @Test func `a process that nobody supervises has no board`() throws {
        #expect(try Board.inherited() == nil)
    }
}
