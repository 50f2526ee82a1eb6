import Foundation
import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// What `doctor` sees of real servers in trouble.
@Suite(.timeLimit(.minutes(1))) struct ExaminerTests {
    private let plan = WorkPlan(processes: 0, host: "here")

    /// What is not as it should be, by check.
    private func problems(
        _ client: RedisClient, _ queues: [QueueName] = [], plan: WorkPlan? = nil
    ) async -> [String: Finding] {
        let seen = await Examiner(client).examine(queues, plan: plan ?? self.plan)
        let findings = Examination.checks.map { $0.finding(seen) }.filter { $0.status != .ok }
        return Dictionary(findings.map { ($0.id, $0) }) { $1 }
    }

    private func client(_ redis: PrivateRedis, as user: String) async throws -> RedisClient {
        let client = RedisClient(try RedisConfiguration(url: "unix://\(user)@\(redis.socketPath)"))
        try await client.connect()
        return client
    }

    @Test func `a good server has no bad row, and looking leaves nothing behind`() async throws {
        let redis = try await PrivateRedis.launch(["--appendonly", "yes"])
        let client = try await TestQueue.client(redis)
        #expect(await problems(client, [.default]).keys.sorted() == ["format"], "there is no such queue yet")
        #expect(try await client.send(.init("DBSIZE")).integer() == 0)
        #expect(await problems(client).isEmpty)
    }

    @Test func `policy, memory, persistence, replicas and connections are seen`() async throws {
        let redis = try await PrivateRedis.launch([
            "--maxmemory-policy", "allkeys-lru", "--maxmemory", "200kb", "--min-replicas-to-write", "1",
            "--maxclients", "8",
        ])
        let found = await problems(
            try await TestQueue.client(redis), plan: WorkPlan(processes: 4, host: "here"))
        #expect(found.keys.sorted() == ["clients", "eviction", "memory", "persistence", "replicas"])
        #expect(found["eviction"]?.risk == .eviction && found["replicas"]?.status == .fail)
        #expect(found["persistence"]?.seen.contains("nothing is kept on disk") == true)
    }

    @Test func `a replica is seen, and that its primary is away`() async throws {
        let redis = try await PrivateRedis.launch(["--replicaof", "127.0.0.1 1", "--appendonly", "yes"])
        let found = await problems(try await TestQueue.client(redis))
        #expect(found.keys.sorted() == ["role"], "\(found)")
        #expect(found["role"]?.risk == .replica && found["role"]?.seen.contains("is down") == true)
    }

    @Test func `a node of a cluster is refused unless it is the only one`() async throws {
        // Nodes talk on a port even where clients do not.
        let port = "\(Int.random(in: 20_000..<32_000))"
        let redis = try await PrivateRedis.launch([
            "--cluster-enabled", "yes", "--cluster-port", port, "--bind", "127.0.0.1", "--appendonly", "yes",
        ])
        let client = try await TestQueue.client(redis)
        #expect(await problems(client)["cluster"]?.risk == .cluster)
        _ = try await client.send(.init("CLUSTER", "ADDSLOTSRANGE", "0", "16383"))
        try await eventually({ await problems(client).keys.sorted() }, is: \.isEmpty)
    }

    @Test func `a snapshot that failed is seen`() async throws {
        let redis = try await PrivateRedis.launch(["--save", "3600 1", "--enable-protected-configs", "yes"])
        let client = try await TestQueue.client(redis)
        let folder = redis.folder.appending(path: "data")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        _ = try await client.send(.init("CONFIG", "SET", "dir", folder.path))
        try FileManager.default.removeItem(at: folder)
        _ = try await client.send(.init("BGSAVE"))
        try await eventually({ await problems(client)["disk"]?.status }, is: { $0 == .fail })
        #expect(await problems(client)["persistence"]?.seen.contains("save 3600 1") == true)
    }

    @Test func `queues of another format, without a worker, or unheard of are seen`() async throws {
        let redis = try await PrivateRedis.launch(["--appendonly", "yes"])
        let store = Store(try await TestQueue.client(redis))
        for name in ["alien", "mail"] { try await store.register(QueueName(name)) }
        try await store.queue(QueueName("alien")).draw(["meta format = 9"])
        try await store.queue(QueueName("mail")).draw(["queued a = 1", "jobs a = {}"])
        let found = await problems(store.client)
        #expect(found["format"]?.status == .fail && found["format"]?.seen.contains("alien") == true)
        #expect(found["workers"]?.cure == "run: queue-worker run --queues mail")
        let named = await problems(store.client, [try QueueName("mail")])
        #expect(named.keys.sorted() == ["workers"])
    }

    @Test func `a server that does not answer is asked once`() async throws {
        let redis = try await PrivateRedis.launch()
        var configuration = try RedisConfiguration(url: redis.url)
        configuration.commandTimeout = .seconds(1)
        let client = RedisClient(configuration)
        try await client.connect()
        redis.freeze()
        defer { redis.thaw() }
        let begin = ContinuousClock.now
        let seen = await Examiner(client).examine([], plan: plan)
        #expect(ContinuousClock.now - begin < .seconds(4), "six time limits would be six seconds and more")
        #expect(throws: StoreError.self) { _ = try seen.queues.get() }
    }

    // MARK: Rights

    @Test func `missing rights are named, and the line that is printed grants them`() async throws {
        let redis = try await PrivateRedis.launch(["--appendonly", "yes"])
        let admin = try await TestQueue.client(redis)
        _ = try await admin.send(
            .init("ACL", "SETUSER", "jobs", "on", ">pw", "~jq:*", "+@all", "-zadd", "-hset", "-config", "-memory"))
        let client = try await client(redis, as: "jobs:pw")
        let found = await problems(client, [.default])
        #expect(found["rights"]?.seen == "not permitted: hset zadd")
        #expect(found["rights"]?.cure == "run: redis-cli ACL SETUSER jobs +hset +zadd")
        #expect(found["fsync"]?.status == .unknown && found["size"]?.status == .unknown)
        let cures = ["rights", "fsync", "size"].compactMap {
            found[$0]?.cure.components(separatedBy: "redis-cli ").last
        }
        for cure in cures {
            var words = Arguments()
            for word in cure.split(separator: " ").dropFirst() { words.append(String(word.replacing("'", with: ""))) }
            _ = try await admin.send(Command("ACL", words))
        }
        #expect(await problems(client, [.default]).keys.sorted() == ["format"])
    }

    @Test func `a command that the server was told to forget is one that is missing, and nothing else is wrong`()
        async throws
    {
        let redis = try await PrivateRedis.launch(["--appendonly", "yes", "--rename-command", "CONFIG", ""])
        let found = await problems(try await TestQueue.client(redis), [.default])
        #expect(found["scripts"] == nil && found["rights"] == nil)
        #expect(found["fsync"]?.status == .unknown)
    }

    @Test(arguments: [("+@all ~other:*", "the keys jq:* are missing"), ("~jq:* +info", "EVAL is not permitted")])
    func `a user without the keys, or without scripts, gets the whole line`(rules: String, says: String) async throws {
        let redis = try await PrivateRedis.launch()
        let admin = try await TestQueue.client(redis)
        var words = Arguments()
        for word in ["SETUSER", "jobs", "on", ">pw"] + rules.split(separator: " ").map(String.init) {
            words.append(word)
        }
        _ = try await admin.send(Command("ACL", words))
        let found = await problems(try await client(redis, as: "jobs:pw"))
        #expect(found["rights"]?.seen.hasPrefix(says) == true, "\(found)")
        #expect(found["rights"]?.cure.hasSuffix(Rights.quoted(Rights.grant(to: "jobs"))) == true)
    }

    /// A server may end when it is asked for the rights of a call with too few words.
    @Test func `every call whose rights are asked for is one that could be made`() async throws {
        let client = try await TestQueue.sharedClient()
        for right in Rights.all(in: .default, database: 1) {
            var name = right.call[0]
            if right.rule.contains("|") { name += "|\(right.call[1])" }
            var reader = try await client.send(.init("COMMAND", "INFO", name)).reader
            _ = (try reader.array(), try reader.array(), try reader.string())
            let arity = try reader.integer()
            #expect(arity > 0 ? right.call.count == arity : right.call.count >= -arity, "\(right.call)")
        }
    }
}
