import JobModel
import JobQueueClient
import JobStore
import Redis
import TestSupport
import Testing

/// What a producer sees while Redis is away, unsafe, or loses answers.
@Suite(.serialized, .timeLimit(.minutes(1))) struct UnreachableTests {
    private func impatient(_ url: String, _ timeout: Duration = .seconds(1)) async throws -> JobQueue {
        var configuration = JobQueue.Configuration()
        configuration.enqueueTimeout = timeout
        return try await JobQueue(url: url, configuration: configuration)
    }

    /// How long a call takes, and its code.
    private func attempt(_ queue: JobQueue) async -> (took: Duration, code: JobQueueError.Code?) {
        let start = ContinuousClock.now
        let error = await failure { () async throws(JobQueueError) in try await queue.enqueue(name: "x") }
        return (ContinuousClock.now - start, error?.code)
    }

    @Test func `the first contact fails at once where nobody listens`() async {
        let start = ContinuousClock.now
        let error = await failure { () async throws(JobQueueError) in
            try await JobQueue(url: "unix:///nowhere/redis.sock")
        }
        #expect(error?.code == .unreachable)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `enqueueing fails within its deadline once Redis is gone`() async throws {
        let server = try PrivateRedis()
        let queue = try await impatient(server.url)
        try await queue.enqueue(name: "x")
        server.kill()
        let (took, code) = await attempt(queue)
        #expect(code == .unreachable)
        #expect(took < .milliseconds(4500))
    }

    @Test func `enqueueing fails within its deadline while Redis is frozen, the first time as well`() async throws {
        let server = try PrivateRedis()
        let fresh = try await impatient(server.url)
        let used = try await impatient(server.url)
        try await used.enqueue(name: "x")
        server.freeze()
        for queue in [fresh, used] {
            let (took, code) = await attempt(queue)
            #expect(code == .unreachable)
            #expect(took < .milliseconds(4500), "it took \(took)")
        }
        server.thaw()
    }

    @Test func `an enqueue waits for a Redis that comes back in time`() async throws {
        let server = try PrivateRedis(aof: true)
        let queue = try await JobQueue(url: server.url)
        try await queue.enqueue(name: "x")
        server.kill()
        async let handle = queue.enqueue(name: "x")
        try server.start()
        #expect(try await handle.status().state == .queued)
    }

    @Test func `a job whose answer was lost is sent again under its id and stored once`() async throws {
        let server = try PrivateRedis()
        let proxy = try await Proxy(before: server)
        let queue = try await JobQueue(url: proxy.url)
        let store = queue.store.queue(.default)
        try await queue.enqueue(name: "x")
        proxy.become(.loseReplies)
        async let handle = queue.enqueue(name: "x")
        try await eventually {
            proxy.cuts
        } is: {
            $0 > 0
        }
        proxy.become(.pass)
        #expect(try await handle.status().state == .queued)
        #expect(try await store.snapshot().count(.queued) == 2)
    }

    @Test func `many jobs whose answers were lost are created, each once`() async throws {
        let server = try PrivateRedis()
        let proxy = try await Proxy(before: server)
        let queue = try await JobQueue(url: proxy.url)
        try await queue.enqueue(name: "x")
        proxy.become(.loseReplies)
        async let results = queue.enqueue(contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 100))
        try await eventually {
            proxy.cuts
        } is: {
            $0 > 0
        }
        proxy.become(.pass)
        for result in await results {
            if case .created = result { continue }
            Issue.record("\(result)")
        }
        #expect(try await queue.store.queue(.default).snapshot().count(.queued) == 101)
    }

    @Test func `after a failure the rest of many jobs is refused without asking again`() async throws {
        let server = try PrivateRedis()
        let queue = try await impatient(server.url)
        try await queue.enqueue(name: "x")
        server.kill()
        let start = ContinuousClock.now
        let results = await queue.enqueue(contentsOf: [JobQueue.BareJob](repeating: .init(name: "x"), count: 5000))
        #expect(ContinuousClock.now - start < .milliseconds(4500))
        for result in results {
            if case .refused(let error) = result, error.code == .unreachable { continue }
            Issue.record("\(result)")
        }
    }

    @Test func `a server that deletes keys is refused unless the caller insists`() async throws {
        let server = try PrivateRedis(["--maxmemory-policy", "allkeys-lru"])
        let error = await failure { () async throws(JobQueueError) in try await JobQueue(url: server.url) }
        #expect(error?.code == .unsafeServer)
        #expect(error?.message.contains("noeviction") == true)
        var configuration = JobQueue.Configuration()
        configuration.allowsUnsafeServer = true
        let queue = try await JobQueue(url: server.url, configuration: configuration)
        try await queue.enqueue(name: "x")
    }

    @Test func `a server that wants a password is told from one that is away`() async throws {
        let server = try PrivateRedis(["--requirepass", "secret"])
        let error = await failure { () async throws(JobQueueError) in try await JobQueue(url: server.url) }
        #expect(error?.code == .denied)
    }

    @Test func `a full server refuses jobs and says so`() async throws {
        let server = try PrivateRedis()
        let queue = try await JobQueue(url: server.url)
        _ = try await queue.store.client.send(Command("CONFIG", "SET", "maxmemory", "1mb"))
        let error = await failure { () async throws(JobQueueError) in try await queue.enqueue(name: "x") }
        #expect(error?.code == .refused)
    }

    @Test func `a queue of a newer format is left alone`() async throws {
        let rig = try await Rig.make()
        _ = try await rig.store.client.send(Command("HSET", Key.meta.name(in: rig.name), "format", "2"))
        let picture = try await rig.store.picture()
        let error = await failure { () async throws(JobQueueError) in
            try await rig.jobs.enqueue(name: "x", options: rig.options())
        }
        #expect(error?.code == .foreignFormat)
        #expect(try await rig.store.picture().changes(since: picture) == [])
    }
}
