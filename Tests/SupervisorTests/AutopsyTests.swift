import Foundation
import JobModel
import Logging
import Synchronization
import Testing

@testable import JobQueueExec
@testable import JobQueueSupervisor
@testable import JobQueueWorker
@testable import JobStore

/// What a supervisor makes of the jobs that a dead process had.
@Suite struct AutopsyTests {
    private let error = RunError(type: "ProcessDied", "killed by SIGSEGV")
    private let token = Incarnation(7).token(claim: 3)

    private func disposition(
        _ runs: [Board.Reading.Run], ended: Bool = false, wasStopped: Bool = false,
        envelope: String = #"{"name":"x","payload":1}"#,
        record: RunRecord = RunRecord()
    ) -> Disposition {
        var reading = Board.Reading(worker: "w", leases: [], runs: runs)
        if ended { reading.ended[token] = [Board.digest("a")] }
        let job = ClaimedJob(id: "a", token: token, envelope: Array(envelope.utf8)[...], record: record.encoded()[...])
        return Autopsy.disposition(
            of: job, reading, Autopsy.Cause(error: error, wasStopped: wasStopped), now: 1000)
    }

    private func run(alone: Bool = false, condemned: Bool = false, token: Token? = nil) -> Board.Reading.Run {
        Board.Reading.Run(id: "a", token: token ?? self.token, isAlone: alone, isCondemned: condemned, ms: 42)
    }

    @Test func `a run that had begun counts as lost, with its cause in the history`() {
        guard case .front(_, let record?, let entry?) = disposition([run()]) else {
            Issue.record("not given back")
            return
        }
        #expect(record.lost == 1 && record.crashes == 0 && record.attempts == 0)
        #expect(entry.reason == .crash && entry.message == "killed by SIGSEGV" && entry.type == "ProcessDied")
        #expect(entry.ms == 42)
    }

    @Test func `what had not begun goes back as if nothing had been`() {
        #expect(disposition([]) == .front(Policy.standard.priority, nil, nil))
        let other = Incarnation(7).token(claim: 2)
        #expect(disposition([run(token: other)]) == .front(Policy.standard.priority, nil, nil))
    }

    @Test func `a run that had ended, and whose outcome was not stored, is lost without blame`() {
        guard case .front(_, let record?, let entry?) = disposition([], ended: true) else {
            Issue.record("not given back")
            return
        }
        #expect(record.lost == 1 && record.crashes == 0 && entry.reason == .lost)
    }

    @Test func `a run that was alone is to blame, and dead after the third time`() {
        var record = RunRecord()
        record.lost = 4
        record.crashes = 1
        guard case .suspect(_, _, let next, _) = disposition([run(alone: true)], record: record) else {
            Issue.record("not suspect")
            return
        }
        #expect(next.crashes == 2)
        guard case .dead(_, let last, let entry, _) = disposition([run(alone: true)], record: next) else {
            Issue.record("not dead")
            return
        }
        #expect(last.crashes == 3 && entry.reason == .crash)
    }

    @Test func `a run that ignored its time limit has spent an attempt`() {
        guard case .retry(_, _, let record, let entry?) = disposition([run(condemned: true)]) else {
            Issue.record("not to be tried again")
            return
        }
        #expect(record.attempts == 1 && record.lost == 0 && entry.reason == .timeout)
    }

    @Test func `what ran beside one that ignored its time limit is not to blame`() {
        let deaf = Board.Reading.Run(
            id: "b", token: token, isAlone: false, isCondemned: true)
        guard case .front(_, let record?, let entry?) = disposition([run(), deaf]) else {
            Issue.record("not given back")
            return
        }
        #expect(record.lost == 0 && record.attempts == 0 && entry.reason == .released)
        #expect(disposition([deaf]) == .front(Policy.standard.priority, nil, nil), "not begun")
    }

    @Test func `a process that was told to end has lost nothing`() {
        guard case .front(_, let record?, let entry?) = disposition([run()], wasStopped: true) else {
            Issue.record("not given back")
            return
        }
        #expect(record.lost == 0 && record.attempts == 0 && entry.reason == .released)
    }

    @Test func `what cannot be read is dead`() {
        guard case .dead(_, _, let entry, _) = disposition([run()], envelope: "{") else {
            Issue.record("not dead")
            return
        }
        #expect(entry.reason == .malformed)
    }
}

@Suite struct ResidentMemoryTests {
    @Test func `what a process takes is known while it lives`() {
        #expect(ResidentMemory.bytes(of: Int(getpid())) > 1 << 20)
        #expect(ResidentMemory.bytes(of: -1) == 0)
    }
}

/// What a supervisor says and starts, with processes that are not there.
@Suite struct DeskDecisionTests {
    private final class World: Sendable {
        let check = Mutex(Supervisor.Check.fine(Supervisor.Configuration()))
        let notices = Mutex<[Supervisor.Notice]>([])
    }

    private func desk(_ world: World, _ configuration: Supervisor.Configuration) -> Desk {
        Desk(
            configuration, check: { world.check.withLock { $0 } },
            announce: { notice in world.notices.withLock { $0.append(notice) } },
            logger: Logger(label: "desk") { _ in SwiftLogNoOpLogHandler() })
    }

    private func starts(_ errands: [Supervisor.Errand]) -> [Board] {
        errands.compactMap { if case .start(_, let board, _) = $0 { board } else { nil } }
    }

    @Test func `a process is not started with a wrong configuration, and is when it is right again`() {
        let world = World()
        world.check.withLock { $0 = .wrong("no") }
        var desk = desk(world, Supervisor.Configuration())
        #expect(starts(desk.hear(.turn)).isEmpty)
        world.check.withLock { $0 = .fine(Supervisor.Configuration()) }
        // After the wait for one that could not be started.
        var boards: [Board] = []
        let end = ContinuousClock.now + .seconds(10)
        while boards.isEmpty, ContinuousClock.now < end { boards = starts(desk.hear(.turn)) }
        #expect(boards.count == 1)
    }

    @Test func `HUP takes over what is configured now, unless that is wrong`() {
        let world = World()
        var desk = desk(world, Supervisor.Configuration())
        #expect(starts(desk.hear(.turn)).first?.slots == 10)
        world.check.withLock { $0 = .wrong("no") }
        _ = desk.hear(.signal(SIGHUP))
        #expect(desk.herd.size == 1)
        var next = Supervisor.Configuration()
        (next.processes, next.slots) = (3, 7)
        world.check.withLock { $0 = .fine(next) }
        _ = desk.hear(.signal(SIGHUP))
        #expect(desk.herd.size == 3)
        let told = world.notices.withLock { notices in
            notices.map {
                if case .reloading = $0 { "reloading" } else if case .reloaded = $0 { "reloaded" } else { "" }
            }
        }
        #expect(told == ["reloading", "reloaded", "reloading", "reloaded"])
    }

    @Test func `no sign of life before a process is at work`() {
        let world = World()
        var desk = desk(world, Supervisor.Configuration())
        for _ in 0..<5 { _ = desk.hear(.turn) }
        #expect(world.notices.withLock { $0.isEmpty })
    }
}

@Suite struct DeskTests {
    private static let ends: [(code: Int?, signal: Int?, wasKilled: Bool, isOrderly: Bool)] = [
        (0, nil, false, true), (70, nil, false, true), (1, nil, false, false), (78, nil, false, false),
        (nil, 15, false, true), (nil, 2, false, true), (nil, 9, false, false), (nil, 11, false, false),
        (nil, 9, true, true),
    ]

    @Test(arguments: ends)
    func `being told to stop explains only an end that comes of it`(
        code: Int?, signal: Int?, wasKilled: Bool, isOrderly: Bool
    ) {
        let end = Companion.End(code: code, signal: signal, output: "", errors: "", wasKilled: wasKilled)
        #expect(Desk.isOrderly(end) == isOrderly)
    }
}
