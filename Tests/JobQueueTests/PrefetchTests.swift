import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// Jobs claimed ahead of free slots.
@Suite(.serialized, .timeLimit(.minutes(1))) struct PrefetchTests {
    @Test func `without a free slot nothing is claimed ahead of slow jobs`() async throws {
        let rig = try await Rig.make()
        let started = Log<Void>()
        let release = Latch()
        let handlers = Handlers("x") { _, _ in
            started.note(())
            try await release.pass()
        }
        for _ in 0..<10 { try await rig.enqueue("x") }
        try await rig.with { $0.concurrency = 3 }.working(handlers) { _ in
            try await started.items(count: 3)
            let snapshot = try await rig.store.snapshot()
            #expect(snapshot.count(.running) == 3 && snapshot.count(.queued) == 7)
            release.open()
            try await started.items(count: 10)
        }
    }

    @Test func `quick jobs are claimed ahead, many in one call`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 3000), options: rig.options())
        let before = try await rig.store.client.calls(of: "evalsha")
        try await rig.drain(Handlers("x") { _, _ in }) { $0.concurrency = 4 }
        let calls = try await rig.store.client.calls(of: "evalsha") - before
        #expect(calls < 1000, "3,000 jobs on 4 slots took \(calls) calls")
    }

    @Test func `a slow job does not hold up jobs that another worker could run`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        let release = Latch()
        let handlers = Handlers { handlers in
            handlers.on(name: "quick") { payload, _ in
                log.note(payload)
                return nil
            }
            handlers.on(name: "slow") { _, _ in
                log.note("slow")
                try await release.pass()
                return nil
            }
        }
        try await rig.with { $0.concurrency = 1 }.working(handlers) { _ in
            // The worker learns that jobs are quick, and claims ahead.
            _ = await rig.jobs.enqueue(
                contentsOf: [JobQueue.BareJob](repeating: .init(name: "quick"), count: 500), options: rig.options())
            try await log.items(count: 500)
            let mixed = [JobQueue.BareJob(name: "slow")] + (0..<50).map { .init(name: "quick", payload: "\($0)") }
            _ = await rig.jobs.enqueue(contentsOf: mixed, options: rig.options())
            try await log.items { $0.contains("slow") }
            try await rig.with { $0.concurrency = 1 }.working(handlers) { _ in _ = try await log.items(count: 551) }
            release.open()
        }
        #expect(try await rig.store.snapshot().count(.succeeded) == 551)
    }
}
