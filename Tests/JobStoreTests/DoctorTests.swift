import JobModel
import Redis
import Testing

@testable import JobStore

/// What is said of facts, as tables.
@Suite(.timeLimit(.minutes(1))) struct DoctorTests {
    private let healthy = """
        redis_version:7.4.9
        role:master
        maxmemory_policy:noeviction
        maxmemory:0
        used_memory:1048576
        total_system_memory:8589934592
        aof_enabled:1
        connected_clients:3
        maxclients:10000

        """

    /// A seen server, with some lines of `INFO` and some settings changed.
    private func examination(
        _ lines: String = "", _ settings: [String: String] = [:], processes: Int = 0, url: String = "redis://localhost"
    ) throws -> Examination {
        let standard = ["appendfsync": "everysec", "save": "", "stop-writes-on-bgsave-error": "yes"]
        return Examination(
            redis: try RedisConfiguration(url: url), server: .success(ServerFacts(info: healthy + lines)),
            settings: .success(standard.merging(settings) { $1 }),
            clock: .success(ClockReading(before: 0, server: 0, after: 0)), missingRights: .success([]),
            loadedScripts: .success(14), queues: .success([]), plan: WorkPlan(processes: processes, host: "here"))
    }

    private func finding(_ id: String, _ seen: Examination) throws -> Finding {
        try #require(Examination.checks.first { $0.id == id }).finding(seen)
    }

    @Test func `a server as it should be has nothing but good rows, and each its own name`() throws {
        let seen = try examination()
        for check in Examination.checks {
            let finding = check.finding(seen)
            #expect(finding.status == .ok && finding.cure.isEmpty && !finding.seen.isEmpty, "\(finding)")
        }
        #expect(Set(Examination.checks.map(\.id)).count == Examination.checks.count)
    }

    @Test(arguments: [
        ("version", "redis_version:6.2.20", Finding.Status.fail, ServerRisk?.some(.version)),
        ("version", "valkey_version:7.1.9", .fail, .version), ("version", "valkey_version:8.0.1", .ok, nil),
        ("role", "role:slave\nmaster_link_status:down", .fail, .replica), ("role", "role:sentinel", .unknown, nil),
        ("cluster", "cluster_enabled:1", .fail, .cluster),
        ("eviction", "maxmemory_policy:volatile-ttl", .fail, .eviction),
        ("memory", "maxmemory:1310720", .warn, nil), ("memory", "maxmemory:1048576", .warn, nil),
        ("memory", "maxmemory:1400000", .ok, nil), ("memory", "used_memory:8000000000", .warn, nil),
        ("persistence", "aof_enabled:0", .warn, nil), ("fsync", "aof_enabled:0", .ok, nil),
        ("disk", "aof_last_write_status:err", .fail, nil), ("disk", "aof_last_bgrewrite_status:err", .warn, nil),
        ("disk", "rdb_last_bgsave_status:err", .warn, nil), ("replicas", "min_slaves_good_slaves:0", .fail, nil),
        ("clients", "connected_clients:9999", .warn, nil), ("clients", "connected_clients:9998", .ok, nil),
        ("clients", "maxclients:0", .unknown, nil),
    ])
    func `a line of INFO decides a row`(id: String, line: String, status: Finding.Status, risk: ServerRisk?) throws {
        let finding = try finding(id, examination(line))
        #expect(finding.status == status && finding.risk == risk, "\(finding)")
        #expect((finding.status == .ok) == finding.cure.isEmpty, "\(finding)")
        #expect(!finding.message.contains("\n"))
    }

    @Test(arguments: [
        ("fsync", "", ["appendfsync": "no"], Finding.Status.warn), ("fsync", "", ["appendfsync": "always"], .ok),
        ("disk", "rdb_last_bgsave_status:err", ["save": "60 1"], .fail),
        ("disk", "rdb_last_bgsave_status:err", ["save": "60 1", "stop-writes-on-bgsave-error": "no"], .warn),
        ("replicas", "min_slaves_good_slaves:1", ["min-replicas-to-write": "2"], .fail),
        ("replicas", "min_slaves_good_slaves:2", ["min-replicas-to-write": "2"], .ok),
    ])
    func `a setting decides a row`(
        id: String, line: String, settings: [String: String], status: Finding.Status
    ) throws {
        #expect(try finding(id, examination(line, settings)).status == status)
    }

    @Test func `what is refused at the start is what fails by name, and nothing else`() throws {
        let facts = ServerFacts(info: healthy + "maxmemory_policy:allkeys-lru\nrole:slave\nmin_slaves_good_slaves:0\n")
        #expect(facts.refusal(allowing: [])?.risk == .replica)
        #expect(facts.refusal(allowing: [.replica])?.risk == .eviction)
        #expect(facts.refusal(allowing: [.replica, .eviction]) == nil)
        #expect(
            facts.refusal(allowing: [.replica])?.refusal.hasSuffix(
                "or allow it with --allow eviction (queue-worker doctor explains)") == true)
    }

    @Test(arguments: [
        ("redis_version:7.0.15", true), ("redis_version:7.2.10", true), ("redis_version:7.2.11", false),
        ("redis_version:8.2.2", false), ("redis_version:9.0.0", false), ("valkey_version:8.1.3", true),
        ("valkey_version:8.1.4", false), ("redis_version:7.4", false),
    ])
    func `known holes are remarked, and no warning`(line: String, isRemarked: Bool) throws {
        let finding = try finding("version", examination(line))
        #expect(finding.status == .ok && finding.seen.contains("CVE-") == isRemarked, "\(finding.seen)")
    }

    // MARK: Clock and connections

    @Test(arguments: [
        (0, 0, 0, Finding.Status.ok), (0, 1000, 0, .ok), (0, 1001, 0, .warn), (0, -1001, 0, .warn),
        // Of two seconds on the way, one may explain what looks like an offset.
        (0, 2900, 2000, .ok), (0, 3100, 2000, .warn), (5000, 5010, 5020, .ok),
    ])
    func `clocks apart are told from a slow network`(
        before: Int, server: Int, after: Int, status: Finding.Status
    ) throws {
        var seen = try examination()
        seen.clock = .success(ClockReading(before: before, server: server, after: after))
        #expect(try finding("clock", seen).status == status)
    }

    @Test func `the direction of the clock is told`() throws {
        var seen = try examination()
        seen.clock = .success(ClockReading(before: 0, server: 60_000, after: 2))
        #expect(try finding("clock", seen).seen.hasPrefix("the clock of Redis is 59 s ahead of the clock here"))
        seen.clock = .success(ClockReading(before: 60_000, server: 0, after: 60_002))
        #expect(try finding("clock", seen).seen.hasPrefix("the clock of Redis is 60 s behind the clock here"))
    }

    @Test func `processes that are planned count twice, and those at work here not again`() throws {
        var seen = try examination("connected_clients:86\nmaxclients:100", processes: 5)
        #expect(try finding("clients", seen).status == .warn)
        #expect(try finding("clients", seen).seen.contains("15 more"))
        let card = WorkerCard(id: "a", host: "here", pid: 1, version: "", started: 0, slots: 1, busy: 0, runs: [])
        let alive = QueueSnapshot.Worker(
            incarnation: Incarnation(1), deadline: 5, about: card.encoded()[...], held: 0)
        seen.queues = .success([try queue("a", [:], workers: [alive])])
        #expect(try finding("clients", seen).seen.contains("13 more"))
        #expect(try finding("clients", seen).status == .ok)
    }

    @Test(arguments: [
        ("redis://localhost", Finding.Status.ok), ("redis://127.0.0.9:1", .ok), ("redis://[::1]", .ok),
        ("unix:///a", .ok), ("redis://10.0.0.5", .warn), ("redis://:x@10.0.0.5", .warn), ("rediss://10.0.0.5", .warn),
        ("rediss://:s3cret@10.0.0.5", .ok), ("redis://localhost.example.org", .warn),
    ])
    func `an open connection to another machine is told`(url: String, status: Finding.Status) throws {
        let finding = try finding("connection", examination(url: url))
        #expect(finding.status == status && !finding.message.contains("s3cret"), "\(finding)")
    }

    // MARK: Queues

    private func queue(
        _ name: String, _ counts: [JobState: Int], workers: [QueueSnapshot.Worker] = [], bytes: Int = 0,
        isKnown: Bool = true
    ) throws -> Examination.Queue {
        let name = try QueueName(name)
        let snapshot = QueueSnapshot(
            name: name, now: 3, counts: counts, remembered: 0, inbox: 0, nextDue: nil, meta: [:],
            workers: workers)
        return .init(name: name, isKnown: isKnown, snapshot: .success(snapshot), jobBytes: .success(bytes))
    }

    @Test func `queues without a worker are named, those without jobs are not`() throws {
        var seen = try examination()
        let lost = QueueSnapshot.Worker(incarnation: Incarnation(1), deadline: 2, about: [], held: 0)
        seen.queues = .success([
            try queue("done", [.succeeded: 5, .dead: 1]), try queue("mail", [.retrying: 1], workers: [lost]),
            try queue("new", [.queued: 1]),
        ])
        let finding = try finding("workers", seen)
        #expect(finding.status == .warn && finding.seen.hasPrefix("queue mail and 1 more"))
        #expect(finding.cure == "run: queue-worker run --queues mail,new")
    }

    @Test func `a large queue is told from 256 MiB on`() throws {
        var seen = try examination()
        seen.queues = .success([try queue("a", [:], bytes: 5), try queue("b", [:], bytes: 256 << 20)])
        #expect(try finding("size", seen).status == .ok)
        seen.queues = .success([try queue("a", [:], bytes: 5), try queue("b", [:], bytes: 256 << 20 + 1 << 20)])
        #expect(try finding("size", seen).status == .warn && finding("size", seen).seen.contains("b take 257.0M"))
    }

    @Test func `a queue of another format fails, a queue that never was is a question`() throws {
        var seen = try examination()
        seen.queues = .success([try queue("typo", [:], isKnown: false)])
        #expect(try finding("format", seen).status == .warn && finding("format", seen).seen.contains("no queue typo"))
        var foreign = try queue("b", [:])
        foreign.snapshot = .failure(.foreignFormat("9"))
        seen.queues = .success([try queue("typo", [:], isKnown: false), foreign])
        #expect(try finding("format", seen).status == .fail && finding("format", seen).seen.contains("format 9"))
    }

    // MARK: What may not be seen

    @Test func `what is denied is unknown, and says what would show it`() throws {
        var seen = try examination(url: "redis://jobs:x@localhost")
        let denied = StoreError.redis(.permission("NOPERM"))
        seen.settings = .failure(denied)
        #expect(try finding("fsync", seen).status == .unknown)
        #expect(try finding("fsync", seen).cure.hasSuffix("run: redis-cli ACL SETUSER jobs '+config|get'"))
        (seen.server, seen.clock, seen.queues) = (.failure(denied), .failure(denied), .failure(denied))
        (seen.missingRights, seen.loadedScripts) = (.failure(denied), .failure(denied))
        for check in Examination.checks where !["connection", "rights"].contains(check.id) {
            let finding = check.finding(seen)
            #expect(finding.status == .unknown && finding.cure == "see rights", "\(finding)")
        }
        #expect(try finding("rights", seen).status == .fail)
        #expect(try finding("rights", seen).cure == "run: redis-cli \(Rights.quoted(Rights.grant(to: "jobs")))")
    }

    @Test func `a server without Lua fails`() throws {
        var seen = try examination()
        seen.missingRights = .failure(.redis(.server(word: "ERR", message: "unknown command 'EVAL'")))
        #expect(try finding("scripts", seen).status == .fail && finding("rights", seen).status == .unknown)
        seen = try examination()
        seen.loadedScripts = .failure(.redis(.script("no")))
        #expect(try finding("scripts", seen).status == .fail)
    }

    @Test func `every command of a script is among the rights`() {
        let known = Set(Rights.onKeys.map(\.command) + ["TIME"])
        for script in StoreScript.allCases {
            let source = script.compiled.script.source
            let used = source.matches(of: /redis\.p?call\('([A-Z]+)'/).map { String($0.1) }
            #expect(source.matches(of: /redis\.p?call\(/).count == used.count, "\(script) calls what is not named")
            #expect(Set(used).subtracting(known) == [], "\(script)")
        }
    }

    @Test func `a line is quoted for a shell`() {
        #expect(Rights.quoted("ACL SETUSER a ~jq:* +zadd +a|b") == "ACL SETUSER a '~jq:*' +zadd '+a|b'")
        #expect(Rights.quoted("a'b $c") == "'a'\\''b' '$c'")
    }
}
