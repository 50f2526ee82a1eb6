import JobModel
import JobQueueClient
import JobStore
import TestSupport
import Testing

@testable import JobQueueWorker

/// Working without taking more, ending by itself, and whether the fetch loop goes on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct QuietTests {
    @Test func `a quiet worker finishes what it has, takes nothing more, and still ends in order`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, _ in
            started.note(payload)
            try await release.pass()
        }
        let handle = try await rig.enqueue("x", "1")
        let worker = try rig.worker(handlers) { $0.concurrency = 5 }
        async let run: Void = worker.run()
        try await started.items(count: 1)
        worker.quiet()
        // A claim that was under way when it became quiet is over by then.
        let later = try await rig.enqueue("x", "2", in: .milliseconds(500))
        release.open()
        _ = try await handle.outcome()
        // Another worker hears of what is left, although the quiet one was waiting for it.
        try await rig.working(Handlers("x") { payload, _ in started.note("other " + payload) }) { _ in
            _ = try await later.outcome()
        }
        #expect(started.items == ["1", "other 2"])
        #expect(worker.isLive)
        worker.stop()
        try await run
        #expect(try await rig.store.snapshot().workers.isEmpty)
        #expect(!worker.isLive)
    }

    @Test func `a worker is told from afar to be quiet, to go on and to stop`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let worker = try rig.worker(Handlers("x") { payload, _ in started.note(payload) }) {
            $0.lease = .milliseconds(600)
        }
        async let run: Void = worker.run()
        try await rig.enqueue("x", "1")
        try await started.items(count: 1)
        func tell(_ order: WorkerOrder) async throws {
            #expect(try await rig.store.order(order, rig.store.snapshot().workers.map(\.incarnation)) == [true])
        }
        func saysItIsQuiet() async throws -> Bool? {
            let about = try #require(try await rig.store.snapshot().workers.first?.about)
            return WorkerCard(parsing: about)?.quiet
        }
        try await tell(.quiet)
        try await eventually {
            try await saysItIsQuiet()
        } is: {
            $0 == true
        }
        // It may have been waiting for a hint when it became quiet, and has to leave it to others.
        let second = try await rig.enqueue("x", "2")
        try await rig.working(Handlers("x") { payload, _ in started.note("other " + payload) }) { _ in
            _ = try await second.outcome()
        }
        try await rig.enqueue("x", "3")
        #expect(worker.isLive)
        try await tell(.work)
        try await started.items(count: 3)
        #expect(started.items == ["1", "other 2", "3"])
        try await tell(.stop)
        try await run
        #expect(try await rig.store.snapshot().workers.isEmpty)
    }

    @Test func `a worker that is quiet before it begins claims nothing`() async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x")
        let worker = try rig.worker(Handlers("x") { _, _ in Issue.record("it ran") })
        worker.quiet()
        async let run: Void = worker.run()
        try await eventually {
            try await rig.store.snapshot().workers.count
        } is: {
            $0 == 1
        }
        worker.stop()
        try await run
        #expect(try await rig.store.snapshot().count(.queued) == 1)
    }

    @Test func `a worker ends when it has had nothing to do for long enough, and not while something runs`()
        async throws
    {
        let rig = try await Rig.make()
        let release = Latch()
        let handlers = Handlers { handlers in
            handlers.on(name: "long") { _, _ in
                try await release.pass()
                return nil
            }
            handlers.on(name: "release") { _, _ in
                release.open()
                return nil
            }
        }
        try await rig.enqueue("long")
        // Comes when there has been nothing to claim for longer than it may be idle.
        try await rig.enqueue("release", in: .milliseconds(400))
        let worker = try rig.worker(handlers) { $0.maxIdle = .milliseconds(100) }
        try await worker.run()
        let snapshot = try await rig.store.snapshot()
        #expect(snapshot.count(.succeeded) == 2 && snapshot.workers.isEmpty)
    }

    @Test func `a time without work that makes no sense is refused`() async throws {
        let rig = try await Rig.make()
        #expect(throws: JobQueueError.self) { try rig.worker(Handlers("x") { _, _ in }) { $0.maxIdle = .seconds(-1) } }
    }
}

@Suite(.serialized, .timeLimit(.minutes(1))) struct SuspectTests {
    /// A job that has lost two runs, and an ordinary one.
    private func stage() async throws -> (Rig, suspect: JobHandle, other: JobHandle) {
        let rig = try await Rig.make()
        let suspect = try await rig.enqueue("x", #""suspect""#)
        let lease = Incarnation.random()
        guard case .joined(let now, _, _) = try await rig.store.join(lease, leaseMs: 3000),
            case .claimed(let claim) = try await rig.store.claim(lease, number: 1, want: 1, alone: false),
            let job = claim.jobs.first
        else { throw Mishap(description: "it cannot be claimed") }
        var record = RunRecord()
        record.lost = 1
        let disposition = decide(
            .lost(RunError("gone")), policy: .standard, record: record,
            facts: RunFacts(worker: "w", now: now, ms: 0, name: "n"), random: 0)
        _ = try await rig.store.settle(lease, [Settlement(id: job.id, token: job.token, disposition: disposition)])
        while case .recovered(let slice) = try await rig.store.recover(lease), slice.left > 0 {}
        let other = try await rig.enqueue("x", #""other""#)
        return (rig, suspect, other)
    }

    @Test func `a worker for suspects runs nothing else, and ends when there are none`() async throws {
        let (rig, suspect, other) = try await stage()
        let worker = try rig.worker(Handlers("x") { _, _ in }) {
            $0.suspects = .only
            $0.concurrency = 1
        }
        async let run: Void = worker.run()
        #expect(try await suspect.outcome().isSucceeded)
        #expect(try await rig.store.ids(.queued, offset: 0, limit: 9) == [other.id])
        worker.stop()
        try await run
        #expect(try await rig.store.snapshot().workers.isEmpty)
    }

    @Test func `a worker that leaves suspects to others runs what is not one`() async throws {
        let (rig, suspect, other) = try await stage()
        try await rig.with { $0.suspects = .leave }.working(Handlers("x") { _, _ in }) { _ in
            #expect(try await other.outcome().isSucceeded)
            let later = try await rig.enqueue("x")
            #expect(try await later.outcome().isSucceeded)
        }
        #expect(try await rig.store.ids(.suspect, offset: 0, limit: 9) == [suspect.id])
    }
}

@Suite struct FetchWatchTests {
    private let patience = 60

    private func look(
        _ watch: inout FetchWatch, _ now: Int, turns: Int, isWaiting: Bool = false, isStarved: Bool = false
    ) -> Bool {
        watch.look(now: now, turns: turns, isWaiting: isWaiting, isStarved: isStarved, patience: patience)
    }

    @Test func `a loop that turns or waits is live, one that stands still is not`() {
        var watch = FetchWatch()
        #expect(look(&watch, 1000, turns: 0) && look(&watch, 1059, turns: 0))
        #expect(!look(&watch, 1060, turns: 0) && !watch.isLive)
        #expect(look(&watch, 1061, turns: 1) && watch.isLive)
        #expect(look(&watch, 5000, turns: 1, isWaiting: true))
        // From here on it could go on.
        #expect(look(&watch, 5059, turns: 1) && !look(&watch, 5060, turns: 1))
    }

    @Test func `one whose claims nobody looks at is not live`() {
        var watch = FetchWatch()
        #expect(!look(&watch, 0, turns: 1, isStarved: true))
        #expect(look(&watch, 1, turns: 2))
    }
}
