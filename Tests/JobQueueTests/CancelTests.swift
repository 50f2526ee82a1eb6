import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// Cancellation of runs under way.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CancelTests {
    @Test func `a running handler hears within about a second that it was cancelled`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let told = Log<(reason: CancellationReason?, at: ContinuousClock.Instant)>()
        let handlers = Handlers("x") { _, context in
            started.open()
            do { try await untilCancelled() } catch {
                told.note((context.cancellation, .now))
                throw error
            }
        }
        let handle = try await rig.enqueue("x")
        try await rig.with { $0.lease = .seconds(30) }.working(handlers) { _ in
            try await started.pass()
            let asked = ContinuousClock.now
            #expect(try await handle.cancel() == .running)
            #expect(try await handle.status().isCancelRequested)
            let answer = try #require(try await told.items(count: 1).first)
            #expect(answer.reason == .cancelled)
            #expect(answer.at - asked < .milliseconds(2500))
            #expect(try await handle.outcome().isCancelled)
        }
    }

    @Test func `only the run that was meant is cancelled`() async throws {
        let rig = try await Rig.make()
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, context in
            started.note(payload)
            try await release.pass()
        }
        var handles: [JobHandle] = []
        for number in 0..<5 { handles.append(try await rig.enqueue("x", "\(number)")) }
        try await rig.working(handlers) { _ in
            try await started.items(count: 5)
            try await handles[2].cancel()
            #expect(try await handles[2].outcome().isCancelled)
            release.open()
            for (number, handle) in handles.enumerated() where number != 2 {
                #expect(try await handle.outcome().isSucceeded)
            }
        }
    }

    @Test func `success wins over cancellation`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let handlers = Handlers { handlers in
            handlers.on(name: "x") { _, _ in
                started.open()
                try? await untilCancelled()
                return "\"done all the same\""
            }
        }
        let handle = try await rig.enqueue("x")
        try await rig.working(handlers) { _ in
            try await started.pass()
            try await handle.cancel()
            #expect(try await handle.outcome().result?.json == "\"done all the same\"")
        }
    }

    @Test func `a run that fails after it was asked to stop is cancelled and not tried again`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let asked = Latch()
        let handlers = Handlers("x") { _, _ in
            started.open()
            try await asked.pass()
            throw Mishap(description: "something else")
        }
        let handle = try await rig.enqueue("x")
        try await rig.working(handlers) { _ in
            try await started.pass()
            try await handle.cancel()
            asked.open()
            #expect(try await handle.outcome().isCancelled)
        }
    }

    @Test func `a cancellation arrives while handlers block every thread`() async throws {
        let rig = try await Rig.make()
        let told = Log<CancellationReason?>()
        let asked = Latch()
        let threads = ProcessInfo.processInfo.activeProcessorCount
        let handlers = Handlers { handlers in
            handlers.on(name: "asks") { _, context in
                // Cancels itself, then holds its thread until it hears of that.
                try await rig.jobs.job(context.id, queue: context.queue.text).cancel()
                asked.open()
                Self.block(for: .seconds(3)) { context.cancellation != nil }
                told.note(context.cancellation)
                try Task.checkCancellation()
                return nil
            }
            handlers.on(name: "blocks") { _, _ in
                try await asked.pass()
                Self.block(for: .seconds(3)) { !told.items.isEmpty }
                return nil
            }
        }
        let handle = try await rig.enqueue("asks")
        for _ in 0..<threads * 2 { try await rig.enqueue("blocks") }
        try await rig.with { $0.lease = .seconds(30) }.working(handlers) { _ in
            #expect(try await told.items(count: 1) == [.cancelled])
            _ = try await handle.outcome()
        }
    }

    /// Holds the thread until the condition holds, at most so long.
    private static func block(for limit: Duration, until isOver: () -> Bool) {
        let end = ContinuousClock.now + limit
        let never = DispatchSemaphore(value: 0)
        while !isOver(), ContinuousClock.now < end { _ = never.wait(timeout: .now() + .milliseconds(10)) }
    }
}
