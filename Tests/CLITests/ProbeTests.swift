import JobModel
import JobStore
import Testing

@testable import JobQueueCLI

/// `check`: from a report and limits to a line and an exit code.
@Suite(.timeLimit(.minutes(1))) struct ProbeTests {
    /// One queue with 12 in line, the first for 38 s, 3 dead, one worker, and 30 failed runs in a quarter of an hour.
    private func report(workers: Int = 1, _ more: (inout QueueSnapshot) -> Void = { _ in }) throws -> InfoReport {
        var mail = try snapshot(
            "mail", [.queued: 12, .running: 2, .dead: 3], age: 38_000,
            workers: (0..<workers).map { worker("w\($0)", number: $0 + 1) })
        mail.samples = ["\(now - 900_000) 0 0 0 0 0 0"].compactMap { RateSample(parsing: $0) }
        (mail.meta["retried"], mail.meta["dead"]) = ("27", "3")
        more(&mail)
        return InfoReport(server: server("maxmemory:104857600\n"), snapshots: [mail])
    }

    struct Case: Sendable, CustomStringConvertible {
        var limits: ProbeLimits
        var status: ProbeStatus
        var text: String
        var description: String { text }
        init(_ status: ProbeStatus, _ text: String, _ change: (inout ProbeLimits) -> Void = { _ in }) {
            limits = ProbeLimits()
            change(&limits)
            (self.status, self.text) = (status, text)
        }
    }

    @Test(arguments: [
        Case(.ok, "OK - 1 queue, 12 queued, 3 dead, 1 worker |"),
        Case(.ok, "OK - ") { $0 = ProbeLimits(ageMs: 38_000, queued: 12, dead: 3, workers: 1) },
        Case(.critical, "CRITICAL - mail: the first in line waits for 38s (limit 37s) |") { $0.ageMs = 37_999 },
        Case(.critical, "CRITICAL - mail: 12 queued (limit 11) |") { $0.queued = 11 },
        Case(.critical, "CRITICAL - mail: 12 queued (limit 0) |") { $0.queued = 0 },
        Case(.critical, "CRITICAL - mail: 3 dead (limit 2) |") { $0.dead = 2 },
        Case(.critical, "CRITICAL - mail: 1 worker (at least 2) |") { $0.workers = 2 },
        Case(.ok, "OK - ") { $0.failedRate = 2 },
        Case(.critical, "CRITICAL - mail: 2 runs a minute failed (limit 1.5) |") { $0.failedRate = 1.5 },
        Case(.critical, "CRITICAL - mail: 12 queued (limit 1); mail: 3 dead (limit 1) |") {
            ($0.queued, $0.dead) = (1, 1)
        },
    ])
    func `a limit is kept until something is beyond it`(check: Case) throws {
        let probe = Probe(try report(), check.limits)
        #expect(probe.status == check.status && probe.line.hasPrefix(check.text), "\(probe.line)")
    }

    @Test func `the exit codes are those of Nagios`() {
        #expect([ProbeStatus.ok, .warning, .critical, .unknown].map(\.rawValue) == [0, 1, 2, 3])
        #expect([ProbeStatus.critical, .ok, .unknown, .warning].sorted() == [.ok, .warning, .unknown, .critical])
    }

    @Test func `the figures say value, unit, limit and minimum`() throws {
        let limits = ProbeLimits(ageMs: 60_000, queued: 100, workers: 1)
        #expect(
            Probe(try report(), limits).line.hasSuffix(
                " | 'mail age'=38000ms;;60000;0 'mail queued'=12;;100;0 'mail running'=2;;;0 'mail dead'=3;;;0 "
                    + "'mail failed'=2;;;0 'mail workers'=1;;1:;0"))
    }

    @Test func `a pause, and jobs without a worker, are warnings without any limit`() throws {
        let paused = Probe(
            try report {
                $0.meta["paused"] = "1"
                $0.meta["paused_reason"] = "why | 'x'=1 \u{1B}[2J"
            }, ProbeLimits())
        #expect(paused.status == .warning)
        #expect(
            paused.line.hasPrefix(#"WARNING - mail: paused: why / 'x'=1 \u{1b}[2J | 'mail age'="#), "\(paused.line)")
        let idle = Probe(try report(workers: 0), ProbeLimits())
        #expect(idle.status == .warning && idle.line.contains("14 jobs and no worker listens"))
        let quiet = Probe(
            try report { $0.workers = [worker("w", number: 1) { $0.quiet = true }] }, ProbeLimits(workers: 1))
        #expect(quiet.status == .warning && quiet.line.contains("mail: 12 jobs and its only worker is quiet: "))
        let both = Probe(try report(workers: 0), ProbeLimits(dead: 0))
        #expect(both.status == .critical, "the worst decides")
        #expect(
            both.line.hasPrefix("CRITICAL - mail: 3 dead (limit 0); mail: 14 jobs"), "and comes first: \(both.line)")
    }

    @Test func `what cannot be known is 3, and hides nothing that is critical`() throws {
        let other = try QueueName("other")
        let missing = Probe(try report(), asked: [try QueueName("mail"), other], ProbeLimits())
        #expect(missing.status == .unknown && missing.line.hasPrefix("UNKNOWN - there is no queue other |"))
        #expect(Probe(try report(), asked: [other], ProbeLimits(dead: 0)).status == .critical)
        let finding = InfoReport.Attention(queue: "alien", code: "unreadable", message: hostile)
        let broken = Probe(InfoReport(server: server(), snapshots: [], findings: [finding]), ProbeLimits())
        #expect(broken.status == .unknown && isHarmless(broken.line))
        let silent = Probe(unknown: "Redis at redis://h: \(hostile) | x")
        #expect(silent.status == .unknown && silent.line.hasPrefix("UNKNOWN - Redis at") && isHarmless(silent.line))
        #expect(!silent.line.contains("|"), "a bar begins figures")
    }

    @Test func `a new Redis is fine, and advice on it is not for a probe`() {
        let empty = Probe(InfoReport(server: server(), snapshots: []), ProbeLimits())
        #expect(empty == Probe(InfoReport(server: server("maxmemory:1\n"), snapshots: []), ProbeLimits()))
        #expect(empty.status == .ok && empty.line == "OK - no queues yet")
        let unsafe = ServerFacts(info: "redis_version:7.2.4\nmaxmemory_policy:allkeys-lru\n")
        #expect(Probe(InfoReport(server: unsafe, snapshots: []), ProbeLimits()).status == .warning)
    }

    @Test func `a row of the outbox may wait until the limit`() throws {
        var seen = try report()
        seen.outbox = .init(rows: 7, oldestMs: 300_001, rejected: 2)
        let probe = Probe(seen, ProbeLimits(outboxAgeMs: 300_000))
        #expect(probe.status == .critical)
        #expect(probe.line.hasPrefix("CRITICAL - outbox: the oldest row waits for 5m (limit 5m) |"), "\(probe.line)")
        #expect(
            probe.line.hasSuffix(
                " 'postgres outbox age'=300001ms;;300000;0 'postgres outbox rows'=7;;;0 'postgres rejected rows'=2;;;0")
        )
        #expect(Probe(seen, ProbeLimits()).status == .ok)
        #expect(Probe(seen, ProbeLimits(outboxAgeMs: 300_001)).status == .ok)
        seen.outbox = .init(rows: 0, oldestMs: nil, rejected: 0)
        #expect(Probe(seen, ProbeLimits(outboxAgeMs: 0)).status == .ok)
    }

    @Test func `a Postgres that cannot be asked is unknown with a limit, and a warning without`() throws {
        var seen = try report()
        seen.outbox = .init(error: "Postgres is not reachable: \(hostile)")
        let probe = Probe(seen, ProbeLimits(outboxAgeMs: 300_000))
        #expect(probe.status == .unknown && isHarmless(probe.line) && !probe.line.contains("postgres outbox"))
        #expect(probe.line.hasPrefix("UNKNOWN - outbox: Postgres is not reachable"), "\(probe.line)")
        #expect(Probe(seen, ProbeLimits()).status == .warning)
        #expect(Probe(seen, ProbeLimits(dead: 0, outboxAgeMs: 1)).status == .critical, "the worst decides")
    }
}
