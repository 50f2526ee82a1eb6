import JobModel
import JobQueueClient
import JobStore
import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobQueueWorker

/// How many jobs run at once, and in which order.
@Suite(.serialized, .timeLimit(.minutes(1))) struct WorkerTests {
    /// How many runs are under way, and the most there were.
    private final class Crowd: Sendable {
        private let count = Mutex((now: 0, most: 0))
        var most: Int { count.withLock { $0.most } }

        func enter() {
            count.withLock { count in
                count.now += 1
                count.most = max(count.most, count.now)
            }
        }

        func leave() { count.withLock { $0.now -= 1 } }
    }

    @Test func `as many handlers run at once as there are slots, and never more`() async throws {
        let rig = try await Rig.make()
        let crowd = Crowd()
        let entered = Log<Void>()
        let handlers = Handlers("x") { _, _ in
            crowd.enter()
            defer { crowd.leave() }
            // The first ones wait for each other, the others give each other the chance to overlap.
            if entered.note(()) <= 7 { try await entered.items(count: 7) }
            for _ in 0..<20 { await Task.yield() }
        }
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 200), options: rig.options())
        try await rig.drain(handlers) { $0.concurrency = 7 }
        #expect(entered.items.count == 200)
        #expect(crowd.most == 7)
    }

    @Test func `a thousand slots are a thousand runs at once`() async throws {
        let rig = try await Rig.make()
        let entered = Log<Void>()
        let handlers = Handlers("x") { _, _ in
            if entered.note(()) < 1000 { try await entered.items(count: 1000) }
        }
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 1000), options: rig.options())
        try await rig.drain(handlers) { $0.concurrency = 1000 }
        #expect(try await rig.store.snapshot().count(.succeeded) == 1000)
    }

    private func orderOfRuns(_ rig: Rig, _ order: QueueOrder) async throws -> [String] {
        let log = Log<String>()
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload) }) { configuration in
            configuration.queues = order
            configuration.concurrency = 1
            configuration.prefetch = 0
        }
        return log.items
    }

    @Test func `jobs start in the order they came, the first priority first`() async throws {
        let rig = try await Rig.make()
        let priorities = [5, 9, 0, 5, 1, 0, 5, 9]
        for (number, priority) in priorities.enumerated() {
            try await rig.enqueue("x", "1\(priority)\(number)") { $0.priority = Priority(priority) ?? .normal }
        }
        let runs = try await orderOfRuns(rig, .strict([rig.name]))
        #expect(runs == priorities.enumerated().map { "1\($1)\($0)" }.sorted())
    }

    @Test func `in strict order the second queue waits until the first is empty`() async throws {
        let (high, low) = (try await Rig.make(), try await Rig.make())
        for number in 0..<20 {
            try await low.enqueue("x", "\(100 + number)")
            try await high.enqueue("x", "\(number)")
        }
        let runs = try await orderOfRuns(high, .strict([high.name, low.name]))
        #expect(runs == (0..<20).map { "\($0)" } + (100..<120).map { "\($0)" })
    }

    @Test func `the second queue is looked into as soon as a slot is free, hint or not`() async throws {
        let (high, low) = (try await Rig.make(), try await Rig.make())
        let log = Log<(queue: QueueName, at: ContinuousClock.Instant)>()
        for rig in [high, low] {
            try await rig.enqueue("x")
            _ = try await rig.store.client.send(Command("DEL", Key.wake.name(in: rig.name)))
        }
        let rig = high.with { configuration in
            configuration.queues = .strict([high.name, low.name])
            configuration.concurrency = 1
        }
        let handlers = Handlers("x") { _, context in log.note((context.queue, .now)) }
        try await rig.working(handlers) { _ in try await log.items(count: 2) }
        try #require(log.items.map(\.queue) == [high.name, low.name])
        // An idle worker would wait for a hint at least so long.
        #expect(log.items[1].at - log.items[0].at < .milliseconds(1500))
    }

    @Test func `in weighted order both queues get their share`() async throws {
        let (high, low) = (try await Rig.make(), try await Rig.make())
        for (rig, name) in [(high, "\"high\""), (low, "\"low\"")] {
            _ = await rig.jobs.enqueue(
                contentsOf: [JobQueue.BareJob](repeating: .init(name: "x", payload: name), count: 300),
                options: rig.options())
        }
        let order = QueueOrder.weighted([.init(high.name, weight: 6), .init(low.name, weight: 1)])
        let first = try await orderOfRuns(high, order).prefix(280)
        // 240 of 280 on average; five standard deviations are 30.
        let share = first.count { $0 == "\"high\"" }
        #expect((210...270).contains(share), "\(share) of 280")
    }

    @Test func `a full batch of large envelopes loses nothing`() async throws {
        let rig = try await Rig.make()
        let log = Log<Int>()
        let payload = "\"" + String(repeating: "x", count: 100_000) + "\""
        _ = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x", payload: payload), count: 60),
            options: rig.options())
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload.utf8.count) }) { $0.concurrency = 50 }
        #expect(log.items == [Int](repeating: payload.utf8.count, count: 60))
    }

    @Test func `burst mode also runs what the jobs enqueue, and returns`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        let handlers = Handlers("x") { payload, _ in
            log.note(payload)
            if let number = Int(payload), number > 0 { try await rig.enqueue("x", "\(number - 1)") }
        }
        try await rig.enqueue("x", "5")
        try await rig.drain(handlers)
        #expect(log.items == ["5", "4", "3", "2", "1", "0"])
        let snapshot = try await rig.store.snapshot()
        #expect(snapshot.count(.succeeded) == 6)
        #expect(snapshot.workers.isEmpty)
    }

    @Test func `burst mode on an empty queue returns at once`() async throws {
        let rig = try await Rig.make()
        let start = ContinuousClock.now
        try await rig.drain(Handlers())
        #expect(ContinuousClock.now - start < .seconds(2))
    }

    @Test func `burst mode takes in what is due and what lies in the inbox`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        let due = try await rig.jobs.store.time() + 1
        try await rig.jobs.enqueue(name: "x", payload: "\"due\"", atMilliseconds: due, options: rig.options())
        try await rig.drop(into: rig.name, #"{"name":"x","payload":"inbox"}"#)
        try await eventually {
            try await rig.jobs.store.time()
        } is: {
            $0 > due
        }
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload) })
        #expect(log.items.sorted() == ["\"due\"", "\"inbox\""])
    }

    @Test func `a paused queue is left alone, and costs next to nothing`() async throws {
        let rig = try await Rig.make(on: PrivateRedis())
        try await rig.enqueue("x")
        _ = try await rig.store.client.send(Command("HSET", Key.meta.name(in: rig.name), "paused", "1"))
        let log = Log<Void>()
        try await rig.working(Handlers("x") { _, _ in log.note(()) }) { _ in
            try await eventually {
                try await rig.store.snapshot().workers.count
            } is: {
                $0 == 1
            }
            let before = try await rig.store.client.calls(of: "evalsha")
            let start = ContinuousClock.now
            try await eventually {
                ContinuousClock.now
            } is: {
                $0 > start + .milliseconds(300)
            }
            #expect(try await rig.store.client.calls(of: "evalsha") - before < 30)
        }
        #expect(log.items.isEmpty)
        try await rig.drain(Handlers())
        #expect(try await rig.store.snapshot().count(.queued) == 1)
    }

    @Test(
        arguments: [
            ("no slot", { @Sendable in $0.concurrency = 0 }), ("no lease", { $0.lease = .milliseconds(99) }),
            ("no queue", { $0.queues = .strict([]) }),
            ("a queue twice", { $0.queues = .strict([.default, .default]) }),
            ("no weight", { $0.queues = .weighted([.init(.default, weight: 0)]) }),
            ("less than nothing ahead", { $0.prefetch = -1 }),
            ("too much ahead", { $0.prefetch = .max }),
        ] as [(String, @Sendable (inout WorkerConfiguration) -> Void)])
    func `settings that cannot work are refused`(
        what: String, change: @Sendable (inout WorkerConfiguration) -> Void
    ) async throws {
        let rig = try await Rig.make()
        let error = #expect(throws: JobQueueError.self) { try rig.worker(Handlers(), change) }
        #expect(error?.code == .badOption)
    }

    @Test func `info knows the worker and what it runs`() async throws {
        let rig = try await Rig.make()
        let release = Latch()
        let handle = try await rig.enqueue("x")
        let handlers = Handlers("x") { _, _ in try await release.pass() }
        try await rig.with { $0.lease = .seconds(1) }.working(handlers) { _ in
            let worker = try await eventually {
                try await rig.store.snapshot().workers.first
            } is: { worker in
                worker.flatMap { WorkerCard(parsing: $0.about) }?.busy == 1
            }
            let card = try #require(worker.flatMap { WorkerCard(parsing: $0.about) })
            #expect(card.slots == 10)
            #expect(card.runs.map(\.id) == [handle.id])
            #expect(card.runs.map(\.name) == ["x"])
            release.open()
            _ = try await handle.outcome()
        }
        #expect(try await rig.store.snapshot().workers.isEmpty)
    }
}
