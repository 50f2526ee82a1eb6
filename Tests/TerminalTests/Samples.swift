import JobModel

@testable import JobStore
@testable import TerminalDashboard

/// When the samples were taken: 2026-11-21 04:12:09Z.
let now = 1_795_234_329_000

/// What there is to be shown.
enum Sample: String, CaseIterable, Sendable {
    case data, empty, many, wide, away
}

extension DashState {
    /// A screen with some data, as if somebody had gone there.
    init(_ screen: Screen, _ sample: Sample, size: Extent, ascii: Bool = false) {
        let look = DashLook(address: "redis://***@redis:6379/0", isASCII: ascii)
        self.init(look: look, size: size)
        stack = screen.kind == screen || screen == .help ? [screen] : [.dead, screen]
        guard sample != .empty else {
            _ = reduce(.loaded(.report(Samples.report([], workers: [])), nowMs: now, pingMs: 0.42))
            take(rows: [])
            return
        }
        fill(with: sample == .away ? .data : sample)
        if sample == .away {
            _ = reduce(.failed("cannot reach Redis at redis://***@redis:6379/0: connection refused", nowMs: now))
            _ = reduce(.tick(nowMs: now + 6000))
        }
    }

    private mutating func fill(with sample: Sample) {
        let name = sample == .wide ? "画像処理キュー" : "default"
        let report = Samples.report(
            sample == .many && [.overview, .queues].contains(screen) ? Samples.queues(10_000) : Samples.queues(name),
            workers: sample == .many && screen == .workers ? Samples.workers(10_000) : Samples.workers(2, name))
        _ = reduce(.loaded(.report(report), nowMs: now, pingMs: 0.42))
        take(
            rows: Samples.jobs(
                sample == .many ? 10_000 : 12, name: sample == .wide ? "画像の縮小" : "image.resize", queue: name))
    }

    /// Rows for every list of jobs, and the first of them in detail.
    private mutating func take(rows: [JobRow]) {
        guard let report else { return }
        let running = rows.map { row in
            var row = row
            row.state = .running
            return row
        }
        let total = rows.count == 10_000 ? 123_456 : rows.count
        let loads: [DashLoad] = [
            .jobs(JobRows(state: .running, rows: running, total: total, nowMs: now), report),
            .dead(JobRows(state: .dead, rows: rows, total: total, nowMs: now), report),
        ]
        for load in loads { _ = reduce(.loaded(load, nowMs: now, pingMs: 0.42)) }
        _ = reduce(.loaded(.redis(Samples.server, report), nowMs: now, pingMs: 0.42))
        if case .job(let ref) = screen {
            _ = reduce(.loaded(.job(ref, rows.first.map { Samples.detail($0, ref) }), nowMs: now, pingMs: 0.42))
        }
    }
}

enum Samples {
    static let job = JobRef(queue: "default", id: "01KAJ8T0000000000000000001")
    static let screens: [Screen] = [.overview, .queues, .jobs, .workers, .dead, .redis, group, .job(job), .help, .log]
    static var group: Screen {
        .group(
            DeadGroup.all(
                of: JobRows(state: .dead, rows: jobs(1, name: "image.resize", queue: "default"), total: 1, nowMs: now))[
                    0
                ]
                .key
        )
    }

    static let server = ServerFacts(
        info:
            "redis_version:7.2.4\nused_memory:14890000\nmaxmemory:536870912\nmaxmemory_policy:noeviction\naof_enabled:1\n"
            + "uptime_in_seconds:273600\nrole:master\nconnected_clients:9\nmaxclients:10000")

    static func report(_ queues: [InfoReport.Queue], workers: [InfoReport.Worker], _ ms: Int = now) -> InfoReport {
        var report = InfoReport(server: server, snapshots: [])
        (report.queues, report.workers, report.takenAtMs) = (queues, workers, ms)
        if let paused = queues.first(where: \.isPaused) {
            report.attention = [.init(queue: paused.name, code: "paused", message: "paused: the provider is down")]
        }
        return report
    }

    static func queues(_ first: String) -> [InfoReport.Queue] {
        var queues = [
            queue(first, [.queued: 1204, .running: 8, .retrying: 12, .scheduled: 310, .dead: 3], age: 38_000),
            queue("high", [.queued: 20, .running: 4], age: 200), queue("mail", [.queued: 1], age: 30),
            queue("reports", [.queued: 41, .scheduled: 5], age: 720_000),
        ]
        queues[3].isPaused = true
        for index in queues.indices {
            let weight = Double(3 - index)
            queues[index].succeededTotal = 78_000 * (4 - index)
            (queues[index].in1m, queues[index].out1m, queues[index].failed1m) = (
                11.4 * weight, 12 * weight, weight / 20
            )
            (queues[index].in15m, queues[index].out15m, queues[index].failed15m) = (
                9 * weight, 8.7 * weight, weight / 9
            )
            queues[index].series = (1...95).map { step in
                InfoReport.Point(
                    atMs: now - (95 - step) * 10_000 - index * 3000,
                    into: weight * Double(8 + step % 7 * 2), out: weight * Double(4 + step / 12),
                    failed: step % 20 < 3 ? weight / 2 : 0, sinceMs: now - (96 - step) * 10_000 - index * 3000)
            }
        }
        (queues[0].in1m, queues[3].out1m) = (40, 0)
        return queues
    }

    static func queues(_ count: Int) -> [InfoReport.Queue] {
        (0..<count).map { queue("queue-\($0)", [.queued: $0 % 97, .dead: $0 % 11], age: $0 * 10) }
    }

    private static func queue(_ name: String, _ counts: [JobState: Int], age: Int) -> InfoReport.Queue {
        // The test's own name for the queue may be one that no producer could give it.
        var queue = InfoReport.Queue(
            QueueSnapshot(name: .default, now: now, counts: counts, remembered: 9, inbox: 0, meta: [:], workers: []))
        queue.name = name
        queue.oldestQueuedMs = counts[.queued] == nil ? nil : age
        queue.workers = 2
        return queue
    }

    static func workers(_ count: Int, _ queue: String = "default") -> [InfoReport.Worker] {
        (0..<count).map { number in
            let runs = (0..<min(3, number + 2)).map { run in
                WorkerCard.Run(
                    id: "01KAJ8R00000000000000\(10_000 + number * 3 + run)",
                    name: run == 0 ? "report.daily" : "email.send",
                    attempt: run + 1, started: now - 252_000 / (run * run * 40 + 1))
            }
            return InfoReport.Worker(
                id: "web-\(number + 1):4242:k3j5n7p9", state: number == 7 ? .lost : .busy, slots: 10,
                busy: 8 - number % 5,
                queues: [queue, "high"], startedMs: now - 273_000_000, runs: runs,
                names: ["email.send", "report.daily"], host: "web-\(number + 1)", pid: 4242, version: "0.1.0",
                memoryBytes: number == 1 ? nil : 50_000_000 + number * 1_000_000,
                done: number == 1 ? nil : 123_456 + number, failed: number == 1 ? nil : number + 12)
        }
    }

    static func jobs(_ count: Int, name: String, queue: String) -> [JobRow] {
        (0..<count).map { number in
            var row = JobRow(
                ref: JobRef(queue: queue, id: "01KAJ8T00000000000000\(String(100_000 + number).dropFirst())"),
                state: .dead)
            row.name = number % 3 == 2 ? "mail.send" : name
            row.attempts = number % 8
            row.maxAttempts = 8
            row.priority = number % 10
            row.createdMs = now - 60_000 * (number + 1)
            row.endedMs = now - 30_000 * (number + 1)
            row.reason = "failed"
            row.errorType = "DecodeError"
            row.errorMessage =
                number % 3 == 2 ? "no route to 10.0.0.\(number)" : "no decoder for photo \(number)\nin libimage"
            row.worker = "web-1:4242:k3j5n7p9"
            row.startedMs = now - 1200 * (number + 1)
            row.tags = ["month-end"]
            var entry = ErrorEntry()
            (entry.reason, entry.type, entry.message) = (.failed, row.errorType, row.errorMessage)
            row.group = "\(JobModel.DeadGroup(name: row.name, entry))"
            return row
        }
    }

    static func detail(_ row: JobRow, _ ref: JobRef) -> JobDetail {
        var row = row
        row.ref = ref
        var detail = JobDetail(row: row, nowMs: now)
        detail.runs = [
            .init(
                number: 1, attempt: 1, worker: row.worker, startedMs: now - 50_000, endedMs: now - 45_000,
                outcome: "failed", error: "\(row.errorType): \(row.errorMessage)",
                next: "tried again, an attempt was spent"),
            .init(
                number: 2, attempt: 2, worker: row.worker, startedMs: now - 31_000, endedMs: now - 30_000,
                outcome: "timeout", error: "it took longer than 1 s", next: "dead: all 2 attempts are spent"),
        ]
        detail.payload =
            #"{"path":"/photos/1.jpg","width":640,"exact":1.10000000000000000001,"tags":[],"who":{"name":"名前"}}"#
        detail.forgetAtMs = now + 31_000_000_000
        detail.explanation = "it is dead: requeue it"
        detail.facts = [.init("time limit", "3m"), .init("request", "req-1")]
        return detail
    }
}
