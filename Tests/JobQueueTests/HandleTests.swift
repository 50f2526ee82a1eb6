import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TestSupport
import Testing

/// What a producer learns of a job later.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HandleTests {
    private struct Answer: Codable, Equatable { var sum: Int }

    @Test func `a result comes back as the value that the handler returned`() async throws {
        let rig = try await Rig.make()
        let handlers = Handlers { handlers in
            handlers.on(EnqueueTests.Sum.self) { job, _ in Answer(sum: job.numbers.reduce(0, +)) }
        }
        let handle = try await rig.jobs.enqueue(EnqueueTests.Sum(numbers: [40, 2]), options: rig.options())
        let result = try await rig.working(handlers) { _ in try #require(try await handle.outcome().result) }
        #expect(try result.decode(as: Answer.self) == Answer(sum: 42))
        #expect(result.json == #"{"sum":42}"#)
        #expect(result.attempt == 1)
        #expect(result.omitted == nil)
        #expect(throws: DecodingError.self) { try result.decode(as: String.self) }
        let status = try await handle.status()
        #expect(status.state == .succeeded && status.failures == 0 && status.lastReason == nil)
    }

    @Test func `a dead job answers its reason and last error`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x") { $0.maxAttempts = 1 }
        try await rig.drain(Handlers("x") { _, _ in throw Mishap(description: "no luck") })
        let death = try #require(try await handle.outcome().death)
        #expect(death.reason == .failed)
        #expect(death.message == "no luck")
        let status = try await handle.status()
        #expect(status.state == .dead && status.failures == 1 && status.lastReason == .failed)
    }

    @Test func `waiting ends in time, and the job goes on`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x")
        let start = ContinuousClock.now
        let error = await failure { () async throws(JobQueueError) in
            try await handle.outcome(timeout: .milliseconds(50))
        }
        #expect(error?.code == .waitTimedOut)
        #expect(ContinuousClock.now - start < .seconds(2))
        #expect(try await handle.status().state == .queued)
    }

    @Test func `a cancelled task stops waiting`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x")
        let code = await withTaskGroup(of: JobQueueError.Code?.self) { group in
            group.addTask { await failure { () async throws(JobQueueError) in try await handle.outcome() }?.code }
            group.cancelAll()
            return await group.next() ?? nil
        }
        #expect(code == .waitTimedOut)
    }

    @Test func `an unknown job is unknown to every question`() async throws {
        let rig = try await Rig.make()
        let handle = try rig.jobs.job("nobody", queue: rig.name.text)
        let codes = [
            await failure { () async throws(JobQueueError) in try await handle.status() }?.code,
            await failure { () async throws(JobQueueError) in try await handle.outcome() }?.code,
            await failure { () async throws(JobQueueError) in try await handle.cancel() }?.code,
        ]
        #expect(codes == [.unknownJob, .unknownJob, .unknownJob])
    }

    @Test(arguments: [("", "default"), ("a b", "default"), ("a", "b c")])
    func `a handle needs names that follow the rule`(id: String, queue: String) async throws {
        let rig = try await Rig.make()
        let error = await failure { () throws(JobQueueError) in try rig.jobs.job(id, queue: queue) }
        #expect(error?.code == .badName)
    }

    @Test func `a handle to somebody else's job knows as much`() async throws {
        let rig = try await Rig.make()
        try await rig.enqueue("x", id: "mine")
        let other = try await JobQueue(url: rig.url).job("mine", queue: rig.name.text)
        #expect(try await other.status().state == .queued)
    }

    @Test func `a waiting job that is cancelled never starts`() async throws {
        let rig = try await Rig.make()
        let log = Log<String>()
        let cancelled = try await rig.enqueue("x", "1")
        let kept = try await rig.enqueue("x", "2")
        #expect(try await cancelled.cancel() == .cancelled)
        #expect(try await cancelled.outcome().isCancelled)
        #expect(try await cancelled.cancel() == .cancelled, "twice is once")
        try await rig.drain(Handlers("x") { payload, _ in log.note(payload) })
        #expect(log.items == ["2"])
        #expect(try await kept.cancel() == .succeeded, "too late")
    }

    @Test func `a running job that is cancelled is asked, and decides`() async throws {
        let rig = try await Rig.make()
        let started = Latch()
        let handlers = Handlers("x") { _, _ in
            started.open()
            try await untilCancelled()
        }
        let handle = try await rig.enqueue("x")
        try await rig.working(handlers) { _ in
            try await started.pass()
            #expect(try await handle.cancel() == .running)
            #expect(try await handle.outcome().isCancelled)
        }
        let status = try await handle.status()
        #expect(status.state == .cancelled && status.lastReason == .cancelled && status.failures == 0)
    }

    @Test func `a scheduled job can be cancelled`() async throws {
        let rig = try await Rig.make()
        let handle = try await rig.enqueue("x", in: .seconds(60))
        #expect(try await handle.status().state == .scheduled)
        #expect(try await handle.cancel() == .cancelled)
        #expect(try await handle.status().state == .cancelled)
    }
}
