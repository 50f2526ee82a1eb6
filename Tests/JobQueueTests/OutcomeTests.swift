import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Logging
import Redis
import TestSupport
import Testing

/// Payloads in, results out, and what a handler is told.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OutcomeTests {
    private struct Order: Job {
        static let name = "order"
        struct Line: Codable, Sendable { var count: Int }
        var lines: [Line]
    }

    @Test(arguments: [
        (#"{"lines":[{"count":1},{"count":"two"}]}"#, "payload.lines.[1].count: is not a whole number"),
        (#"{"lines":[{}]}"#, #"payload.lines.[0]: the field "count" is missing"#),
        (#"{"lines":null}"#, "payload.lines: is null, not a list"),
        (#"{"lines":{}}"#, "payload.lines: is not a list"),
        (#"[]"#, "payload: is not an object"),
        ("null", "payload: is null, not an object"),
    ])
    func `a payload that does not decode is dead at once, with the field's path`(
        payload: String, message: String
    ) async throws {
        let rig = try await Rig.make()
        let log = Log<Void>()
        let handlers = Handlers { $0.on(Order.self) { _, _ in log.note(()) } }
        let handle = try await rig.enqueue("order", payload)
        try await rig.drain(handlers)
        let view = try await rig.view(of: handle.id, when: .dead)
        #expect(view.record.last == .payload && view.record.attempts == 0)
        try #require(view.errors.count == 1)
        #expect(view.errors[0].message.hasPrefix(message), "\(view.errors[0].message)")
        #expect(log.items.isEmpty)
    }

    @Test func `a decoding error inside a handler is an ordinary failure`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 1 }
        try await rig.drain(
            Handlers("x") { _, _ in
                throw DecodingError.valueNotFound(Int.self, .init(codingPath: [], debugDescription: ""))
            })
        #expect(try await handle.outcome().death?.reason == .failed)
    }

    @Test func `a result may have exactly as many bytes as the limit`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in handlers.on(name: "x") { payload, _ in payload } }
        let fits = try await rig.enqueue("x", #""12345678""#)
        let large = try await rig.enqueue("x", #""123456789""#)
        try await rig.drain(handlers) { $0.maxResultBytes = 10 }
        #expect(try await fits.outcome().result?.json == #""12345678""#)
        let result = try #require(try await large.outcome().result)
        #expect(result.json == "null")
        #expect(result.omitted == "too large: 11 bytes, the limit is 10")
    }

    @Test func `a result that is no JSON or cannot be encoded does not fail the job`() async throws {
        struct Odd: Job { static let name = "odd" }
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in
            handlers.on(name: "x") { _, _ in "{" }
            handlers.on(Odd.self) { _, _ in Double.infinity }
        }
        for handle in [try await rig.enqueue("x"), try await rig.enqueue("odd", "{}")] {
            try await rig.drain(handlers)
            let result = try #require(try await handle.outcome().result)
            #expect(result.json == "null")
            #expect(result.omitted?.hasPrefix("the result ") == true)
        }
    }

    @Test func `a result without time to live leaves nothing behind`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x") { $0.resultTTL = .none }
        try await rig.drain(
            Handlers("x") { _, context in if context.attempt == 1 { throw JobError.retry(after: .zero, "once") } })
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            try await eventually {
                try await rig.store.snapshot().total("succeeded")
            } is: {
                $0 == 1
            }
        }
        let error = await failure { () async throws(JobQueueError) in try await handle.status() }
        #expect(error?.code == .unknownJob)
        let left = try await rig.store.picture().lines.filter { $0.contains(handle.id) }
        #expect(left.isEmpty)
    }

    @Test func `a result kept for ever has no end, others end after their time`() async throws {
        let rig = try await Rig.make()
        let forever = try await rig.enqueue("x") { $0.resultTTL = .forever }
        let hour = try await rig.enqueue("x") { $0.resultTTL = .seconds(3600) }
        try await rig.drain(Handlers("x") { _, _ in })
        #expect(try await rig.view(of: forever.id, when: .succeeded).score == .infinity)
        let end = Int(try #require(try await rig.view(of: hour.id, when: .succeeded).score))
        let now = try await rig.jobs.store.time()
        #expect((now + 3_500_000...now + 3_600_000).contains(end))
    }

    @Test func `a job that did not start in time is dead and never starts`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        let late = try await rig.enqueue("x", "1") { $0.expiry = .milliseconds(1) }
        let fine = try await rig.enqueue("x", "2") { $0.expiry = .seconds(3600) }
        let now = try await rig.jobs.store.time()
        try await eventually {
            try await rig.jobs.store.time()
        } is: {
            $0 > now + 20
        }
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload) })
        #expect(log.items == ["2"])
        #expect(try await late.outcome().death?.reason == .expired)
        #expect(try await fine.outcome().isSucceeded)
        #expect(try await rig.view(of: late.id, when: .dead).record.attempts == 0)
    }

    @Test func `a stored job that cannot be read is dead as malformed, and others run`() async throws {
        let rig = try await Rig.make()
        let broken = try await rig.enqueue("x")
        let fine = try await rig.enqueue("x")
        _ = try await rig.store.client.send(Command("HSET", Key.jobs.name(in: rig.name), broken.id, "{broken"))
        try await rig.drain(Handlers("x") { _, _ in })
        #expect(try await fine.outcome().isSucceeded)
        #expect(try await broken.outcome().death?.reason == .malformed)
    }

    @Test func `a handler knows its run`() async throws {
        let rig = try await Rig.make()
        let log = Log<JobContext>()
        let handle = try await rig.enqueue("x") { options in
            options.maxAttempts = 4
            options.tags = ["a", "b"]
            options.metadata = ["tenant": "t1"]
            options.timeout = .seconds(60)
        }
        let unlimited = try await rig.enqueue("x") { $0.timeout = nil }
        let start = ContinuousClock.now
        try await rig.drain(
            Handlers("x") { _, context in
                #expect(context.cancellation == nil)
                log.note(context)
            }
        ) { $0.concurrency = 1 }
        let context = try #require(log.items.first)
        #expect(context.id == handle.id && context.name == "x" && context.queue == rig.name)
        #expect(context.attempt == 1 && context.maxAttempts == 4)
        #expect(context.tags == ["a", "b"] && context.metadata == ["tenant": "t1"])
        #expect(context.epoch > 1_000_000_000_000_000, "microseconds")
        let deadline = try #require(context.deadline)
        #expect(deadline > start + .seconds(60) && deadline < .now + .seconds(61))
        #expect(context.logger[metadataKey: "job_id"] == "\(handle.id)")
        #expect(context.logger[metadataKey: "attempt"].map { "\($0)" } == "1")
        try #require(log.items.map(\.id) == [handle.id, unlimited.id])
        #expect(log.items[1].deadline == nil)
        #expect(context.cancellation == nil, "after the end as well")
    }
}
