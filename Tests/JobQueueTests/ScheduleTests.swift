import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// Jobs whose time has not come.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ScheduleTests {
    @Test func `an idle worker starts a scheduled job on time, not early`() async throws {
        let rig = try await Rig.make()
        let log = Log<Int>()
        let handlers = Handlers("x") { _, _ in log.note(try await rig.jobs.store.time()) }
        try await rig.working(handlers) { _ in
            for delay in [50, 200, 400] {
                let handle = try await rig.enqueue("x", in: .milliseconds(delay))
                let due = Int(try #require(try await rig.store.inspect([handle.id], full: false).jobs[0].score)) / 10
                #expect(try await handle.outcome().isSucceeded)
                let began = try #require(log.items.last)
                #expect(began >= due, "\(due - began) ms early")
                #expect(began < due + 1500, "\(began - due) ms late")
            }
        }
    }

    @Test func `everything that is due is promoted, however much it is`() async throws {
        let rig = try await Rig.make()
        let log = Log<Void>()
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 2500), in: .milliseconds(500),
            options: rig.options())
        #expect(try await rig.store.snapshot().count(.scheduled) == 2500)
        try await rig.working(Handlers("x") { _, _ in log.note(()) }) { _ in try await log.items(count: 2500) }
        #expect(log.items.count == 2500)
    }

    @Test func `a job that becomes due does not wait for a busy worker to become idle`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, _ in
            started.note(payload)
            if payload == "0" { try await release.pass() }
        }
        try await rig.enqueue("x", "0")
        try await rig.with { $0.concurrency = 2 }.working(handlers) { _ in
            try await started.items(count: 1)
            let handle = try await rig.enqueue("x", "1", in: .milliseconds(100))
            #expect(try await handle.outcome().isSucceeded)
            release.open()
        }
    }

    @Test func `an idle worker starts a new job at once`() async throws {
        let rig = try await Rig.make()
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            try await eventually {
                try await rig.store.snapshot().workers.count
            } is: {
                $0 == 1
            }
            _ = try await rig.enqueue("x").outcome()
            let start = ContinuousClock.now
            for _ in 0..<20 { _ = try await rig.enqueue("x").outcome() }
            #expect(ContinuousClock.now - start < .seconds(10), "far below 20 looks without a hint")
        }
    }
}
