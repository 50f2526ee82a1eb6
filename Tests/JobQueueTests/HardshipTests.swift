import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Logging
import Redis
import TestSupport
import Testing

/// Notes what a worker logs.
private struct NotingHandler: LogHandler {
    let log: Log<String>
    var logLevel = Logger.Level.debug
    var metadata: Logger.Metadata = [:]
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) { log.note("\(event.message)") }
}

extension Rig {
    fileprivate func noting(_ log: Log<String>) -> Rig {
        with { $0.logger = Logger(label: "worker") { _ in NotingHandler(log: log) } }
    }
}

/// What hostile producers, full servers, wrong passwords and lost leases do to workers.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HardshipTests {
    @Test func `an entry with the largest number there is does not end the worker`() async throws {
        let rig = try await Rig.make()
        let inbox = Key.inbox.name(in: rig.name)
        let envelope = #"{"name":"x","id":"far","delay_ms":1000}"#
        _ = try await rig.store.client.send(Command("XADD", inbox, "9223372036854775807-1", "job", envelope))
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            try await rig.view(of: "far", when: .scheduled)
            #expect(try await rig.enqueue("x").outcome().isSucceeded)
        }
    }

    @Test func `bad entries whose ids are taken leave the inbox to others`() async throws {
        let rig = try await Rig.make()
        for number in 1...120 { try await rig.enqueue("y", id: "inbox:5-\(number)", in: .seconds(1000)) }
        let inbox = Key.inbox.name(in: rig.name)
        for number in 1...120 {
            _ = try await rig.store.client.send(Command("XADD", inbox, "5-\(number)", "job", "not a job"))
        }
        try await rig.drop(into: rig.name, #"{"name":"x","id":"innocent"}"#)
        try await rig.working(Handlers("x") { _, _ in }) { _ in
            try await rig.view(of: "innocent", when: .succeeded)
        }
        let snapshot = try await rig.store.snapshot()
        #expect(snapshot.inbox == 0)
        #expect(snapshot.count(.dead) == 120)
        #expect(snapshot.count(.scheduled) == 120)
    }

    @Test func `a full Redis is drained by a worker that comes later`() async throws {
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        for _ in 0..<5 { try await rig.enqueue("x") }
        _ = try await rig.store.client.send(Command("CONFIG", "SET", "maxmemory", "1mb"))
        let refusal = await failure { () async throws(JobQueueError) in try await rig.jobs.enqueue(name: "x") }
        #expect(refusal?.code == .refused)
        try await rig.drain(Handlers("x") { _, _ in })
        #expect(try await rig.store.snapshot().count(.succeeded) == 5)
    }

    @Test func `an outcome waits until a changed password is right again`() async throws {
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let admin = RedisClient(try RedisConfiguration(url: server.url))
        try await admin.connect()
        let log = Log<String>()
        let starts = Log<Void>()
        let release = Latch()
        let handlers = Handlers("x") { _, _ in
            starts.note(())
            try await release.pass()
        }
        let handle = try await rig.enqueue("x")
        try await rig.with { $0.lease = .seconds(20) }.noting(log).working(handlers) { _ in
            try await starts.items(count: 1)
            _ = try await admin.send(Command("CONFIG", "SET", "requirepass", "secret"))
            _ = try await admin.send(Command("CLIENT", "KILL", "TYPE", "normal"))
            release.open()
            try await log.items { $0.contains { $0.hasPrefix("settling is repeated") } }
            _ = try await admin.send(Command("CONFIG", "SET", "requirepass", ""))
            try await rig.view(of: handle.id, when: .succeeded)
        }
        #expect(starts.items.count == 1)
        await admin.close()
    }

    /// The shutdown waits 10 s for Redis to take the outcome.
    @Test func `an outcome that a shutdown gave up is stored when Redis comes back just in time`() async throws {
        let server = try PrivateRedis(["--appendonly", "yes", "--appendfsync", "always"])
        let rig = try await Rig.make(on: server)
        let log = Log<String>()
        let started = Latch()
        let release = Latch()
        let handlers = Handlers("x") { _, _ in
            started.open()
            try await release.pass()
        }
        let handle = try await rig.enqueue("x")
        let worker = try rig.with { $0.lease = .seconds(30) }.noting(log).worker(handlers)
        async let run: Void = worker.run()
        try await started.pass()
        server.kill()
        release.open()
        worker.stop()
        try await log.items { $0.contains { $0.contains("could not be stored") } }
        try server.start()
        try await run
        let view = try await rig.store.inspect([handle.id], full: true).jobs[0]
        #expect(view.state == .succeeded)
        #expect(view.result?.attempt == 1)
    }

    @Test func `what was claimed ahead under a lease that is over does not start`() async throws {
        let rig = try await Rig.make()
        let starts = Log<String>()
        let first = Latch()
        let handlers = Handlers("x") { payload, _ in
            if starts.note(payload) == 1 {
                first.open()
                try await untilCancelled()
            }
        }
        for number in 1...20 { try await rig.enqueue("x", "\(number)") }
        let settings: @Sendable (inout WorkerConfiguration) -> Void = {
            $0.concurrency = 1
            $0.prefetch = 30
            $0.lease = .milliseconds(600)
        }
        try await rig.with(settings).working(handlers) { _ in
            try await first.pass()
            let held = try await eventually {
                try await rig.store.snapshot()
            } is: {
                $0.count(.running) == 20
            }
            // As another worker would after the lease ran out: condemned, its jobs to be given to others.
            let incarnation = try #require(held.workers.first?.incarnation)
            guard case .recovered(let slice) = try await rig.store.recover(incarnation) else {
                Issue.record("nothing to recover")
                return
            }
            let given = slice.jobs.map {
                Settlement(id: $0.id, token: $0.token, disposition: .front(.normal, nil, nil))
            }
            _ = try await rig.store.settle(incarnation, given)
            try await eventually {
                try await rig.store.snapshot().count(.succeeded)
            } is: {
                $0 == 20
            }
        }
        let counts = Dictionary(grouping: starts.items) { $0 }.mapValues(\.count)
        #expect(counts["1"] == 2, "cancelled, then run again")
        for number in 2...20 { #expect(counts["\(number)"] == 1) }
    }

    @Test func `a job that was claimed ahead and is cancelled never starts`() async throws {
        let rig = try await Rig.make()
        let starts = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, _ in
            starts.note(payload)
            try await release.pass()
        }
        try await rig.enqueue("x", "1")
        let second = try await rig.enqueue("x", "2")
        let settings: @Sendable (inout WorkerConfiguration) -> Void = {
            $0.concurrency = 1
            $0.prefetch = 5
        }
        try await rig.with(settings).working(handlers) { _ in
            try await starts.items(count: 1)
            try await rig.view(of: second.id, when: .running)
            _ = try await second.cancel()
            try await rig.view(of: second.id, when: .cancelled)
            #expect(starts.items == ["1"])
            release.open()
        }
        #expect(starts.items == ["1"])
    }

    // MARK: Queues that cannot be served

    @Test func `a worker none of whose queues can be served says why and ends`() async throws {
        let rig = try await Rig.make()
        _ = try await rig.store.client.send(Command("SET", Key.leases.name(in: rig.name), "x"))
        let error = await failure { () async throws(JobQueueError) in try await rig.runOnce() }
        #expect(error?.message.contains("WRONGTYPE") == true, "\(error as Any)")
        let other = try await Rig.make()
        _ = try await other.store.client.send(Command("HSET", Key.meta.name(in: other.name), "format", "99"))
        let refusal = await failure { () async throws(JobQueueError) in try await other.runOnce() }
        #expect(refusal?.code == .foreignFormat)
    }

    @Test func `a burst empties the queues that can be served, and tells of the other`() async throws {
        let (good, bad) = (try await Rig.make(), try await Rig.make())
        let handle = try await good.enqueue("x")
        _ = try await bad.store.client.send(Command("HSET", Key.meta.name(in: bad.name), "format", "99"))
        let rig = good.with { $0.queues = .strict([bad.name, good.name]) }
        let error = await failure { () async throws(JobQueueError) in try await rig.runOnce() }
        #expect(error?.code == .foreignFormat)
        #expect(try await handle.outcome().isSucceeded)
    }

    @Test(arguments: [
        Duration.milliseconds(99), .seconds(3601), .seconds(9_999_999_999),
    ])
    func `a lease outside its bounds is refused before it is stored`(lease: Duration) async throws {
        let rig = try await Rig.make()
        let error = #expect(throws: JobQueueError.self) { try rig.worker(Handlers()) { $0.lease = lease } }
        #expect(error?.code == .badOption)
        for time in [Duration.seconds(-1), .seconds(86_401), .seconds(9_999_999_999)] {
            #expect(throws: JobQueueError.self) { try rig.worker(Handlers()) { $0.killAfter = time } }
            #expect(throws: JobQueueError.self) { try rig.worker(Handlers()) { $0.drainTimeout = time } }
        }
    }

    @Test func `an envelope full of metadata is refused`() async throws {
        let rig = try await Rig.make()
        let metadata = ["k": String(repeating: "x", count: 65_000)]
        try await rig.enqueue("x") { $0.metadata = metadata }
        let options = rig.options {
            $0.metadata = metadata.merging(["l": "xxxxxxxxx"]) { $1 }.merging(["m": String(repeating: "y", count: 900)])
            { $1 }
        }
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(name: "x", options: options)
        }
        #expect(error?.code == .badOption)
    }
}

extension Rig {
    /// A burst whose error is not hidden.
    fileprivate func runOnce() async throws(JobQueueError) {
        let worker: Worker
        do { worker = try self.worker(Handlers("x") { _, _ in }) { $0.isBurst = true } } catch {
            throw error as? JobQueueError ?? JobQueueError(.internalError, "\(error)")
        }
        try await worker.run()
    }
}
