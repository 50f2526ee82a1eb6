import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// What follows when a handler fails.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RetryTests {
    /// Runs a job that fails each time and answers the waits between its runs, ms by Redis' clock.
    private func waits(_ backoff: Backoff, attempts: Int) async throws -> [Int] {
        let rig = try await Rig.make()
        let log = Log<Int>()
        let handlers = Handlers("x") { _, _ in
            log.note(try await rig.jobs.store.time())
            throw Mishap(description: "again")
        }
        let handle = try await rig.enqueue("x") { options in
            options.backoff = backoff
            options.maxAttempts = attempts
        }
        try await rig.working(handlers) { _ in _ = try await handle.outcome() }
        return zip(log.items.dropFirst(), log.items).map { $0 - $1 }
    }

    @Test(arguments: [
        (Backoff.fixed(.milliseconds(60)), [60, 60]),
        (.list([.milliseconds(30), .milliseconds(120)]), [30, 120, 120]),
        (.exponential(base: .milliseconds(25), cap: .milliseconds(100), jitter: 0.5), [25, 50, 100, 100]),
    ])
    func `a failed job comes back as its policy says, and never early`(backoff: Backoff, expected: [Int]) async throws {
        let waits = try await waits(backoff, attempts: expected.count + 1)
        #expect(waits.count == expected.count)
        for (wait, least) in zip(waits, expected) {
            #expect(wait >= least && wait < least + 1500, "\(waits)")
        }
    }

    @Test func `attempts run out, and every error is kept`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 3 }
        let handlers = Handlers("x") { _, context in
            throw Mishap(description: "attempt \(context.attempt) of \(context.maxAttempts)")
        }
        let outcome = try await rig.working(handlers) { _ in try await handle.outcome() }
        #expect(outcome.death?.message == "attempt 3 of 3")
        let view = try await rig.view(of: handle.id, when: .dead)
        #expect(view.record.attempts == 3)
        #expect(view.errors.map(\.message) == (1...3).map { "attempt \($0) of 3" })
        #expect(view.errors.map(\.attempt) == [1, 2, 3])
        #expect(view.errors.map(\.type) == ["Mishap", "Mishap", "Mishap"])
        #expect(view.errors.allSatisfy { $0.reason == .failed && !$0.worker.isEmpty && $0.at > 0 })
    }

    @Test func `of many errors the first and the last nine are kept`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 12 }
        let handlers = Handlers("x") { _, context in throw Mishap(description: "\(context.attempt)") }
        try await rig.working(handlers) { _ in _ = try await handle.outcome() }
        let view = try await rig.view(of: handle.id, when: .dead)
        #expect(view.errors.map(\.message) == ["1"] + (4...12).map(String.init))
        #expect(view.record.errors == 12)
    }

    @Test func `a permanent failure needs no second attempt`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x")
        try await rig.drain(Handlers("x") { _, _ in throw JobError.permanent("never") })
        let view = try await rig.view(of: handle.id, when: .dead)
        #expect(view.record.last == .permanent && view.record.attempts == 1)
        #expect(view.errors.map(\.message) == ["never"])
    }

    @Test func `a handler may choose the wait itself, and the attempt counts`() async throws {
        let rig = try await Rig.make()
        let log = Log<(attempt: Int, at: Int)>()
        let handle = try await rig.enqueue("x") { $0.backoff = .fixed(.seconds(3600)) }
        let handlers = Handlers("x") { _, context in
            log.note((context.attempt, try await rig.jobs.store.time()))
            if context.attempt == 1 { throw JobError.retry(after: .milliseconds(100), "busy") }
        }
        let outcome = try await rig.working(handlers) { _ in try await handle.outcome() }
        #expect(outcome.result?.attempt == 2)
        try #require(log.items.map(\.attempt) == [1, 2])
        #expect(log.items[1].at - log.items[0].at >= 100)
        let view = try await rig.view(of: handle.id, when: .succeeded)
        #expect(view.errors.map(\.message) == ["busy"])
    }

    @Test func `a snoozed job comes back without having spent an attempt`() async throws {
        let rig = try await Rig.make()
        let log = Log<(attempt: Int, at: Int)>()
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 1 }
        let handlers = Handlers("x") { _, context in
            if log.note((context.attempt, try await rig.jobs.store.time())) < 3 {
                throw JobError.snooze(.milliseconds(80))
            }
        }
        let outcome = try await rig.working(handlers) { _ in try await handle.outcome() }
        #expect(outcome.isSucceeded)
        try #require(log.items.map(\.attempt) == [1, 1, 1])
        #expect(log.items[1].at - log.items[0].at >= 80)
        let view = try await rig.view(of: handle.id, when: .succeeded)
        #expect(view.record.attempts == 0 && view.errors.map(\.reason) == [.snoozed, .snoozed])
    }

    @Test func `a job that nobody knows waits without losing an attempt`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("unknown") { $0.maxAttempts = 1 }
        try await rig.drain(Handlers("x") { _, _ in })
        let view = try await rig.view(of: handle.id, when: .retrying)
        #expect(view.record.last == .unhandled && view.record.attempts == 0 && view.record.unhandled == 1)
        #expect(view.errors.isEmpty)
        let now = try await rig.jobs.store.time()
        let wait = Int(try #require(view.score)) / 10 - now
        #expect((20_000...30_000).contains(wait), "\(wait) ms")
    }

    @Test func `the fencing number grows from run to run and from job to job`() async throws {
        let rig = try await Rig.make()
        let log = Log<Int>()
        let handlers = Handlers("x") { _, context in
            log.note(context.epoch)
            if context.attempt < 3 { throw Mishap(description: "again") }
        }
        try await rig.working(handlers) { _ in
            for _ in 0..<3 { _ = try await rig.enqueue("x").outcome() }
        }
        #expect(log.items.count == 9)
        #expect(zip(log.items, log.items.dropFirst()).allSatisfy(<), "\(log.items)")
    }
}
