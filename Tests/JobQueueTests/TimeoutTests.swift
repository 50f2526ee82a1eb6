import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Synchronization
import TestSupport
import Testing

/// Runs that take longer than they may.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TimeoutTests {
    @Test func `a run is cancelled at its time limit, is told why, and its neighbours are not`() async throws {
        let rig = try await Rig.make()
        let entered = Log<String>()
        let told = Log<CancellationReason?>()
        let release = Latch()
        let handlers = Handlers { handlers in
            handlers.on(name: "slow") { _, context in
                entered.note("slow")
                do { try await untilCancelled() } catch {
                    told.note(context.cancellation)
                    throw error
                }
                return nil
            }
            handlers.on(name: "neighbour") { _, context in
                entered.note("neighbour")
                try await release.pass()
                #expect(context.cancellation == nil && !Task.isCancelled)
                return nil
            }
        }
        var neighbours: [JobHandle] = []
        for _ in 0..<3 { neighbours.append(try await rig.enqueue("neighbour")) }
        let slow = try await rig.enqueue("slow") { options in
            options.timeout = .milliseconds(150)
            options.maxAttempts = 1
        }
        try await rig.working(handlers) { _ in
            try await entered.items(count: 4)
            let death = try #require(try await slow.outcome().death)
            #expect(death.reason == .timeout)
            #expect(death.message.contains("0.15 s"))
            release.open()
            for neighbour in neighbours { #expect(try await neighbour.outcome().isSucceeded) }
        }
        #expect(told.items == [.timeout])
        let view = try await rig.view(of: slow.id, when: .dead)
        #expect(view.record.attempts == 1)
        try #require(view.errors.count == 1)
        #expect((150...3000).contains(view.errors[0].ms), "\(view.errors[0].ms) ms")
    }

    @Test func `a run that succeeds although it was cancelled has succeeded`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in
            handlers.on(name: "x") { _, _ in
                try? await untilCancelled()
                return "1"
            }
        }
        let handle = try await rig.enqueue("x") { $0.timeout = .milliseconds(50) }
        let outcome = try await rig.working(handlers) { _ in try await handle.outcome() }
        #expect(outcome.result?.json == "1")
    }

    @Test func `a timed-out job is tried again`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers("x") { _, context in if context.attempt == 1 { try await untilCancelled() } }
        let handle = try await rig.enqueue("x") { $0.timeout = .milliseconds(50) }
        let outcome = try await rig.working(handlers) { _ in try await handle.outcome() }
        #expect(outcome.result?.attempt == 2)
        let view = try await rig.view(of: handle.id, when: .succeeded)
        #expect(view.errors.map(\.reason) == [.timeout])
    }

    @Test func `of 20,000 quick and 1,000 slow runs exactly the slow ones are cancelled`() async throws {
        let rig = try await Rig.make()
        let timeouts = Atomic(0)
        let quick = Atomic(0)
        let wrong = Atomic(0)
        let handlers = Handlers("x") { payload, context in
            if payload == "1" {
                do { try await untilCancelled() } catch {
                    if context.cancellation == .timeout { timeouts.add(1, ordering: .relaxed) }
                    throw error
                }
            }
            quick.add(1, ordering: .relaxed)
            // The run before in the same slot may just have been cancelled.
            await Task.yield()
            if Task.isCancelled || context.cancellation != nil { wrong.add(1, ordering: .relaxed) }
        }
        let slow = rig.options { options in
            options.timeout = .milliseconds(30)
            options.maxAttempts = 1
        }
        for _ in 0..<10 {
            _ = await rig.jobs.enqueue(
                contentsOf: [JobQueue.BareJob](repeating: .init(name: "x", payload: "1"), count: 100), options: slow)
            _ = await rig.jobs.enqueue(
                contentsOf: [JobQueue.BareJob](repeating: .init(name: "x", payload: "0"), count: 2000),
                options: rig.options())
        }
        try await rig.drain(handlers) { $0.concurrency = 50 }
        #expect(timeouts.load(ordering: .relaxed) == 1000)
        #expect(quick.load(ordering: .relaxed) == 20_000)
        #expect(wrong.load(ordering: .relaxed) == 0)
        let snapshot = try await rig.store.snapshot()
        #expect(snapshot.count(.succeeded) == 20_000 && snapshot.count(.dead) == 1000)
    }
}
