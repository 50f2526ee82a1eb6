import ArgumentParser
import FoundationEssentials
import JobModel
import JobQueueWorker
import Testing

@testable import JobQueueCLI
@testable import JobStore
@testable import TerminalDashboard

/// The page of `doctor`, line by line.
@Suite(.timeLimit(.minutes(1))) struct DoctorPageTests {
    private let findings = [
        Finding(id: "version", status: .ok, seen: "redis 7.4.9", cure: ""),
        Finding(
            id: "persistence", status: .warn, seen: "no append-only file: a crash of Redis loses jobs",
            cure: "set appendonly yes, appendfsync everysec"),
        Finding(
            id: "eviction", status: .fail, seen: "maxmemory-policy is allkeys-lru", cure: "run: redis-cli CONFIG SET …",
            risk: .eviction),
        Finding(id: "fsync", status: .unknown, seen: "CONFIG GET is not permitted", cure: ""),
    ]

    @Test func `at 60 columns what was seen is wrapped, and cures are whole`() {
        #expect(
            DoctorPage(DoctorReport(findings), PageStyle(width: 60)).lines == [
                "ok       version      redis 7.4.9",
                "warn     persistence  no append-only file: a crash of Redis",
                "                      loses jobs",
                "                      → set appendonly yes, appendfsync everysec",
                "fail     eviction     maxmemory-policy is allkeys-lru",
                "                      → run: redis-cli CONFIG SET …",
                "                      → or allow it: --allow eviction",
                "unknown  fsync        CONFIG GET is not permitted", "",
                "4 checks: 1 ok, 1 warn, 1 fail, 1 unknown",
            ])
    }

    @Test func `without blocks the arrow is plain, and with colour only the marks have it`() {
        let page = DoctorPage(DoctorReport(findings), PageStyle(hasColour: true, hasUnicode: false))
        #expect(page.lines[1].hasPrefix("\u{1B}[33mwarn   \u{1B}[0m  persistence"))
        #expect(page.lines.contains { $0.hasPrefix("\u{1B}[31mfail   \u{1B}[0m  eviction") })
        #expect(page.lines.contains { $0.hasSuffix("  > set appendonly yes, appendfsync everysec") })
    }

    @Test func `what is allowed is a warning, and still says what to do`() {
        let report = DoctorReport(findings, allowed: [.eviction])
        #expect(report.count(.fail) == 0 && report.count(.warn) == 2)
        let lines = DoctorPage(report, PageStyle(width: 100)).lines
        #expect(lines.contains { $0.hasSuffix("maxmemory-policy is allkeys-lru (allowed here)") })
        #expect(!lines.contains { $0.contains("--allow") })
        #expect(DoctorReport(findings, allowed: [.replica]).count(.fail) == 1)
    }

    @Test func `as JSON each check has id, status, seen and cure`() throws {
        struct Row: Decodable { var id, status, seen, cure: String, allow: String? }
        let text = try Output.encode(DoctorReport(findings))
        let rows = try JSONDecoder().decode([String: [Row]].self, from: Data(text.utf8))["checks"] ?? []
        #expect(rows.map(\.status) == ["ok", "warn", "fail", "unknown"])
        #expect(rows.map(\.allow) == [nil, nil, "eviction", nil] && rows[0].cure.isEmpty)
    }

    @Test(arguments: [20, 60, 200])
    func `no text of a server reaches the page as it is`(width: Int) throws {
        var facts = server()
        facts.version = hostile
        facts.product = hostile
        facts.evictionPolicy = hostile
        let row = Finding(id: hostile, status: .fail, seen: hostile, cure: hostile)
        let page = DoctorPage(
            DoctorReport([row] + ServerFacts.checks.map { $0.finding(facts) }), PageStyle(width: width))
        #expect(page.lines.contains { $0.contains("\\u{1b}") })
        for line in page.lines { #expect(isHarmless(line), "\(line.debugDescription)") }
        let json = try Output.encode(DoctorReport([row]))
        for line in json.split(separator: "\n") { #expect(isHarmless(String(line))) }
    }

    // MARK: This machine

    @Test(arguments: [
        (63, 1, 0, Finding.Status.fail), (64, 1, 0, .ok), (64, 8, 0, .fail), (72, 8, 0, .ok), (100, 2, 10, .fail),
        (1024, 2, 10, .ok),
    ])
    func `too few descriptors fail`(files: Int, cores: Int, processes: Int, status: Finding.Status) {
        let machine = Machine(processes: processes, files: files, cores: cores)
        #expect(Machine.checks.map { $0.finding(machine).status } == [.ok, status])
    }

    @Test func `fewer descriptors than jobs in child processes need are a warning`() {
        let machine = Machine(slots: 100, hasChildren: true, files: 500, cores: 2)
        #expect(Machine.descriptors.finding(machine).status == .warn)
        #expect(Machine.descriptors.finding(Machine(slots: 100, files: 500, cores: 2)).status == .ok)
    }

    @Test func `a wrong configuration fails, and does not keep from looking`() throws {
        let folder = try Folder()
        let file = try folder.write("queue: {lease: x, prefetch: y}", to: "queue.yaml")
        let finding = Machine.settings.finding(Machine(sources(file: file)))
        #expect(finding.status == .fail && finding.seen.contains("queue.prefetch") && finding.seen.contains("1 more"))
        let fine = try folder.write("queue: {processes: 3, concurrency: 7}\nhandlers: {a: {exec: /bin/cat}}", to: "b")
        let machine = Machine(sources(file: fine))
        #expect(machine.problems == [] && machine.processes == 3 && machine.slots == 7 && machine.hasChildren)
    }

    // MARK: Allowing

    @Test(arguments: [
        ("none", Set<ServerRisk>()), ("all", ServerRisk.all), ("eviction", Set([.eviction])),
        ("eviction, replica", Set([.eviction, .replica])),
    ])
    func `risks are allowed by name`(text: String, risks: Set<ServerRisk>) throws {
        #expect(try Settings(sources(options: ["redis.allow": text])).redis.allowed == risks)
        #expect(try Settings(sources(environment: ["REDIS_ALLOW": text])).worker.allowedRisks == risks)
        let folder = try Folder()
        let file = try folder.write("redis: {allow: [\(text)]}", to: "queue.yaml")
        #expect(try Settings(sources(file: file)).redis.allowed == risks)
    }

    @Test func `the old switch allows all, and a wrong name is refused`() throws {
        let old = try Settings(sources(options: ["redis.allow_unsafe": "true", "redis.allow": "replica"]))
        #expect(old.redis.allowed == ServerRisk.all && old.worker.allowsUnsafeServer)
        let failure = #expect(throws: Failure.self) { _ = try Settings(sources(options: ["redis.allow": "evict"])) }
        #expect(failure?.code == .usage && failure?.message.contains("version, eviction, replica, cluster") == true)
    }

    @Test func `options may be repeated or joined`() throws {
        let options = try RedisOptions.parse(["--allow", "eviction", "--allow", "replica,version"])
        #expect(try RedisSettings(options.sources()).allowed == [.eviction, .replica, .version])
        #expect(try RedisSettings(RedisOptions.parse(["--allow-unsafe-redis"]).sources()).allowed == ServerRisk.all)
    }
}
