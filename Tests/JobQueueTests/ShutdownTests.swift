import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// How a worker ends.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ShutdownTests {
    @Test func `running jobs end, nothing new starts, and the others stay where they are`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, context in
            started.note(payload)
            try await release.pass()
            #expect(context.cancellation == nil)
        }
        for number in 0..<5 { try await rig.enqueue("x", "\(number)") }
        let worker = try rig.worker(handlers) { $0.concurrency = 2 }
        async let run: Void = worker.run()
        try await started.items(count: 2)
        worker.stop(within: .seconds(30))
        release.open()
        try await run
        #expect(started.items.sorted() == ["0", "1"])
        let snapshot = try await rig.store.snapshot()
        #expect(snapshot.count(.succeeded) == 2 && snapshot.count(.queued) == 3)
        #expect(snapshot.workers.isEmpty && snapshot.total("released") == 0)
    }

    @Test func `what runs on after the drain timeout is cancelled and given back without an attempt`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let told = Log<CancellationReason?>()
        let handlers = Handlers("x") { _, context in
            started.open()
            do { try await untilCancelled() } catch {
                told.note(context.cancellation)
                throw Mishap(description: "wrapped: \(error)")
            }
        }
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 1 }
        let behind = try await rig.enqueue("x")
        let worker = try rig.worker(handlers) { $0.concurrency = 1 }
        async let run: Void = worker.run()
        try await started.pass()
        worker.stop(within: .milliseconds(100))
        try await run
        #expect(told.items == [.shutdown])
        let view = try await rig.view(of: handle.id, when: .queued)
        #expect(view.record.attempts == 0 && view.record.last == .released)
        #expect(view.errors.map(\.reason) == [.released])
        #expect(try await rig.store.ids(.queued, offset: 0, limit: 10) == [handle.id, behind.id], "back to the front")
        #expect(try await rig.store.snapshot().workers.isEmpty)
        try await rig.drain(Handlers("x") { _, _ in })
        #expect(try await handle.outcome().result?.attempt == 1)
    }

    @Test func `jobs claimed ahead go back in their order, without a trace`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let handlers = Handlers("x") { payload, _ in
            started.note(payload)
            try await untilCancelled()
        }
        var ids: [String] = []
        for number in 0..<20 { ids.append(try await rig.enqueue("x", "\(number)").id) }
        let worker = try rig.worker(handlers) { configuration in
            configuration.concurrency = 1
            configuration.prefetch = 15
        }
        async let run: Void = worker.run()
        try await started.items(count: 1)
        try await eventually {
            try await rig.store.snapshot().count(.running)
        } is: {
            $0 == 16
        }
        worker.stop(within: .zero)
        try await run
        #expect(started.items == ["0"])
        let order = try await rig.store.ids(.queued, offset: 0, limit: 100).map { ids.firstIndex(of: $0) ?? -1 }
        #expect(order == Array(ids.indices))
        #expect(try await rig.view(of: ids[1], when: .queued).recordBytes.isEmpty)
    }

    @Test func `a second stop shortens the first`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let handlers = Handlers("x") { _, _ in
            started.open()
            try await untilCancelled()
        }
        try await rig.enqueue("x")
        let worker = try rig.worker(handlers)
        async let run: Void = worker.run()
        try await started.pass()
        let start = ContinuousClock.now
        worker.stop(within: .seconds(3600))
        worker.stop(within: .zero)
        try await run
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test func `an idle worker stops at once`() async throws {
        let rig = try await Rig.make()
        let worker = try rig.worker(Handlers())
        async let run: Void = worker.run()
        try await eventually {
            try await rig.store.snapshot().workers.count
        } is: {
            $0 == 1
        }
        let start = ContinuousClock.now
        worker.stop(within: .seconds(30))
        try await run
        #expect(ContinuousClock.now - start < .seconds(1))
    }

    @Test func `a worker that was stopped before it ran does nothing`() async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x")
        let log = Log<Void>()
        let worker = try rig.worker(Handlers("x") { _, _ in log.note(()) })
        worker.stop()
        try await worker.run()
        #expect(log.items.isEmpty)
        #expect(try await rig.store.snapshot().count(.queued) == 1)
    }

    @Test func `cancelling the task that runs a worker is a stop without patience`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let handlers = Handlers("x") { _, _ in
            started.open()
            try await untilCancelled()
        }
        let handle = try await rig.enqueue("x")
        let worker = try rig.worker(handlers) { $0.drainTimeout = .seconds(3600) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            try await started.pass()
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(try await handle.status().state == .queued)
    }
}
