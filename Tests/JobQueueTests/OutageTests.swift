import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Redis
import TestSupport
import Testing

/// Workers while Redis is away, comes back, or answers badly.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OutageTests {
    /// Keeps whatever it has answered, so that a second run has no excuse.
    private static let durable = ["--appendonly", "yes", "--appendfsync", "always"]

    @Test func `a worker that finds no Redis says so and ends`() async throws {
        let worker = try Worker(url: "unix:///nowhere/redis.sock", handlers: Handlers())
        let start = ContinuousClock.now
        let error = await failure { () async throws(JobQueueError) in try await worker.run() }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("/nowhere/redis.sock") == true, "\(error?.message ?? "")")
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `a worker refuses a server that deletes keys`() async throws {
        let server = try PrivateRedis(["--maxmemory-policy", "volatile-ttl"])
        let worker = try Worker(url: server.url, handlers: Handlers())
        let error = await failure { () async throws(JobQueueError) in try await worker.run() }
        #expect(error?.code == .unsafeServer)
    }

    @Test func `a bad URL is found before anything runs`() {
        let error = #expect(throws: JobQueueError.self) { try Worker(url: "http://x", handlers: Handlers()) }
        #expect(error?.code == .badURL)
    }

    @Test func `when Redis is killed and comes back, running jobs are settled and new ones run`() async throws {
        let server = try PrivateRedis(Self.durable)
        let rig = try await Rig.make(on: server)
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, _ in
            started.note(payload)
            if payload == "1" { try await release.pass() }
        }
        let running = try await rig.enqueue("x", "1")
        try await rig.working(handlers) { _ in
            try await started.items(count: 1)
            server.kill()
            release.open()
            try server.start()
            #expect(try await running.outcome().result?.attempt == 1)
            for number in 2..<20 { #expect(try await rig.enqueue("x", "\(number)").outcome().isSucceeded) }
        }
        let view = try await rig.view(of: running.id, when: .succeeded)
        #expect(started.items == (1..<20).map { "\($0)" }, "each ran once: \(view)")
    }

    /// What a failover to a replica that lags does to a claim: it never happened.
    @Test func `a job that history rolled back into the queue does not start while its run goes on here`() async throws
    {
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let client = rig.store.client
        let meta = Key.meta.name(in: rig.name)
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers { handlers in
            handlers.on(name: "x") { payload, _ in
                started.note(payload)
                if payload == "1" { try await release.pass() }
                return payload
            }
        }
        let handle = try await rig.enqueue("x", "1") { $0.timeout = nil }
        _ = try await client.send(Command("HSET", meta, "paused", "1"))
        try await rig.with { $0.lease = .seconds(30) }.working(handlers) { _ in
            try await eventually {
                try await rig.store.snapshot().workers.count
            } is: {
                $0 == 1
            }
            _ = try await client.send(Command("SAVE"))
            _ = try await client.send(Command("HSET", meta, "paused", "0"))
            try await started.items(count: 1)
            server.kill()
            try server.start()
            #expect(
                try await eventually {
                    try? await rig.store.snapshot()
                } is: {
                    $0 != nil
                }?.count(.queued) == 1)
            _ = try await client.send(Command("HSET", meta, "paused", "0"))
            try await rig.view(of: handle.id, when: .running)
            #expect(try await rig.enqueue("x", "2").outcome().isSucceeded)
            #expect(started.items == ["1", "2"])
            release.open()
            #expect(try await handle.outcome().result?.json == "1")
        }
        #expect(started.items == ["1", "2"])
    }

    @Test func `when Redis is away for longer than the lease, nothing is lost and nothing runs twice`() async throws {
        let server = try PrivateRedis(Self.durable)
        let rig = try await Rig.make(on: server)
        let started = Log<String>()
        let release = Latch()
        let handlers = Handlers("x") { payload, _ in
            started.note(payload)
            try await release.pass()
        }
        var handles: [JobHandle] = []
        for number in 0..<5 { handles.append(try await rig.enqueue("x", "\(number)")) }
        try await rig.with { $0.lease = .milliseconds(500) }.working(handlers) { _ in
            try await started.items(count: 5)
            server.kill()
            let start = ContinuousClock.now
            try await eventually {
                ContinuousClock.now - start
            } is: {
                $0 > .milliseconds(900)
            }
            try server.start()
            let now = try await eventually {
                try? await rig.store.snapshot()
            } is: {
                $0 != nil
            }
            #expect(now?.count(.running) == 5)
            release.open()
            for handle in handles { #expect(try await handle.outcome().isSucceeded) }
        }
        #expect(started.items.count == 5)
    }

    @Test func `when a queue's history is lost, its runs are told and the worker goes on`() async throws {
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let started = Log<String>()
        let told = Log<CancellationReason?>()
        let handlers = Handlers("x") { payload, context in
            started.note(payload)
            if payload == "2" { return }
            do { try await untilCancelled() } catch {
                told.note(context.cancellation)
                throw error
            }
        }
        try await rig.enqueue("x", "1")
        try await rig.with { $0.lease = .seconds(1) }.working(handlers) { _ in
            try await started.items(count: 1)
            _ = try await rig.store.client.send(Command("FLUSHALL"))
            #expect(try await told.items(count: 1) == [.leaseLost])
            #expect(try await rig.enqueue("x", "2").outcome().isSucceeded)
        }
    }

    @Test func `over connections that keep breaking every job runs, and twice only with a reason`() async throws {
        let seed = Seed()
        let server = try PrivateRedis()
        let rig = try await Rig.make(on: server)
        let proxy = try await Proxy(before: server, seed: seed.value)
        let runs = Log<String>()
        let handlers = Handlers("x") { _, context in runs.note(context.id) }
        let count = 2000
        let results = await rig.jobs.enqueue(
            contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: count), options: rig.options())
        #expect(results.count == count)
        let settings: @Sendable (inout WorkerConfiguration) -> Void = { settings in
            settings.lease = .seconds(2)
            // Calls have to fit between two cuts.
            settings.prefetch = 20
        }
        try await rig.with(settings).working(handlers, url: proxy.url) { _ in
            try await runs.items(count: 1)
            proxy.become(.cut(within: 300_000))
            try await eventually(within: .seconds(40)) {
                try await rig.store.snapshot()
            } is: {
                $0.count(.succeeded) == count
            }
            proxy.become(.pass)
        }
        #expect(proxy.cuts > 1)
        let times = Dictionary(runs.items.map { ($0, 1) }, uniquingKeysWith: +)
        #expect(times.count == count, "every job ran")
        for (id, times) in times where times > 1 {
            let view = try await rig.view(of: id, when: .succeeded)
            #expect(view.record.errors >= times - 1, "\(id) ran \(times) times: \(view.record)")
        }
    }
}
