import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueCLI
@testable import TerminalDashboard

/// What people do when something went wrong, against a Redis where it did.
@Suite(.timeLimit(.minutes(1))) struct OperatorTests {
    /// `count` dead jobs that died `after` the samples' time, ms.
    private func dead(_ name: String, _ count: Int, after: Int) -> [String] {
        (0..<count).map { "dead \(name)\($0) = \(now + after + Limits.deadTTL)" }
    }

    // MARK: dead requeue --all

    private func requeueAll(_ queue: QueueStore) async throws -> BulkReport {
        let bulk = DeadBulk(store: queue, verb: "requeue")
        return try await bulk.run(DeadFilter(), deadAt: now, expected: nil, stop: StopSign()) {
            try await Requeuing(store: queue).requeue(seen: $0)
        }
    }

    @Test func `all that were dead are requeued, and those that die meanwhile are left alone`() async throws {
        let queue = try await TestQueue.make().at(now)
        try await queue.draw(dead("old", 450, after: 0) + dead("older", 5, after: -5) + dead("new", 300, after: 1))
        let report = try await requeueAll(queue)
        #expect(report == BulkReport(matched: 455, done: 455))
        let snapshot = try await queue.snapshot()
        #expect(snapshot.count(.queued) == 455 && snapshot.count(.dead) == 300)
        #expect(try await queue.ids(.queued, offset: 0, limit: 1) == ["older0"], "the oldest first")
    }

    @Test func `a full queue says how many were requeued`() async throws {
        let queue = try await TestQueue.make().at(now)
        try await queue.draw(dead("a", 3, after: 0) + ["meta limit_waiting = 1"])
        let failure = await #expect(throws: Failure.self) {
            _ = try await requeueAll(queue)
        }
        #expect(failure?.message == "the queue is full: 1 job requeued, try the others later")
    }

    // MARK: info

    @Test func `a queue that cannot be read is named, and hides no other`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        for name in ["alien", "good"] { try await store.register(QueueName(name)) }
        try await store.queue(QueueName("alien")).draw(["meta format = 9\u{1B}[2J"])
        try await store.queue(QueueName("good")).draw(["queued a = 1"])
        let report = try await InfoReader(store: store).report([])
        #expect(report.queues.map(\.name) == ["good"] && report.queues[0].queued == 1)
        #expect(report.attention.first?.queue == "alien" && report.attention.first?.code == "unreadable")
        #expect(InfoPage(report, PageStyle()).lines.contains { $0.hasPrefix("! alien") && isHarmless($0) })
    }

    @Test func `a queue that only other programs wrote to is there`() async throws {
        let redis = try PrivateRedis()
        let store = Store(try await TestQueue.client(redis))
        try await store.queue(QueueName("mail")).draw(["inbox 1-0 = job {}"])
        let report = try await InfoReader(store: store).report([QueueName("mail")])
        #expect(report.queues.map(\.inbox) == [1])
        let failure = await #expect(throws: Failure.self) {
            _ = try await InfoReader(store: store).report(onKnown: [QueueName("nowhere")])
        }
        #expect(failure?.code == .notFound)
    }

    @Test func `jobs that found no handler are told, with the name of one`() async throws {
        let redis = try PrivateRedis()
        let queue = Store(try await TestQueue.client(redis)).queue(.default)
        var record = RunRecord()
        record.last = .unhandled
        let envelope = String(
            decoding: Envelope(name: "email.send", payload: [UInt8(ascii: "1")]).encoded(), as: UTF8.self)
        try await queue.draw(
            ["a", "b"].flatMap { id in
                [
                    "retrying \(id) = 5", "jobs \(id) = \(envelope)",
                    "runs \(id) = \(String(decoding: record.encoded(), as: UTF8.self))",
                ]
            } + ["retrying c = 1", "jobs c = \(envelope)"])
        let report = try await InfoReader(store: Store(queue.client)).report([.default])
        #expect(report.attention.first?.code == "no-handler")
        #expect(report.attention.first?.message == "no worker had a handler for 2 jobs, such as email.send")
    }
}
