import JobModel
import JobStore
import TerminalDashboard

/// What a probe must not find; nil is no limit.
struct ProbeLimits: Equatable {
    /// Of the first job in line, ms.
    var ageMs: Int?
    var queued: Int?
    var dead: Int?
    /// Live ones, of each queue.
    var workers: Int?
    /// Runs a minute that fail, on average over a quarter of an hour.
    var failedRate: Double?
    /// Of the oldest row of the outbox, ms.
    var outboxAgeMs: Int?
}

/// What a probe found, in the words and numbers of Nagios' plugins. The greater case decides.
enum ProbeStatus: Int32, Comparable {
    case ok = 0
    case warning = 1
    case critical = 2
    case unknown = 3

    var word: String {
        switch self {
        case .ok: "OK"
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        case .unknown: "UNKNOWN"
        }
    }

    /// What is known to be bad is worse than what is not known.
    private var weight: Int {
        switch self {
        case .ok: 0
        case .warning: 1
        case .unknown: 2
        case .critical: 3
        }
    }

    static func < (a: Self, b: Self) -> Bool { a.weight < b.weight }
}

/// Queues held against limits: report in, one line and an exit code out.
struct Probe: Equatable {
    var status: ProbeStatus
    /// `CRITICAL - mail: 12 queued (limit 10) | 'mail queued'=12;;10;0`.
    var line: String

    /// Of the queues of a report. `asked` are those that were named: each must be there.
    init(_ report: InfoReport, asked: [QueueName] = [], _ limits: ProbeLimits) {
        var found = report.queues.flatMap { Self.findings(of: $0, limits) }
        for item in report.attention {
            if let status = Self.weight(of: item) {
                found.append((status, "\(item.queue.isEmpty ? "redis" : item.queue): \(item.message)"))
            }
        }
        if let outbox = report.outbox { found += Self.findings(of: outbox, limits) }
        let seen = Set(report.queues.map(\.name) + report.attention.map(\.queue))
        for name in asked where !seen.contains(name.text) { found.append((.unknown, "there is no queue \(name)")) }
        var figures = report.queues.flatMap { Self.figures(of: $0, limits) }
        if let outbox = report.outbox { figures += Self.figures(of: outbox, limits) }
        self.init(found, else: Self.summary(report), figures)
    }

    /// Nothing could be found out.
    init(unknown reason: String) { self.init([(.unknown, reason)], else: "", []) }

    private typealias Finding = (status: ProbeStatus, text: String)

    /// The worst comes first, and decides.
    private init(_ found: [Finding], else summary: String, _ figures: [String]) {
        // Sorting alone would not keep the order of the queues.
        let sorted = found.enumerated().sorted { a, b in
            a.element.status == b.element.status ? a.offset < b.offset : a.element.status > b.element.status
        }.map(\.element)
        status = sorted.first?.status ?? .ok
        let text = sorted.isEmpty ? summary : sorted.map(\.text).joined(separator: "; ")
        // What stands behind a bar is numbers, so there must be none in the text.
        line = "\(status.word) - \(Printable.oneLine(text, limit: 1000).replacing("|", with: "/"))"
        if !figures.isEmpty { line += " | " + figures.joined(separator: " ") }
    }

    private static func findings(of queue: InfoReport.Queue, _ limits: ProbeLimits) -> [Finding] {
        var found: [Finding] = []
        func add(_ text: String) { found.append((.critical, "\(queue.name): \(text)")) }
        if let limit = limits.ageMs, let age = queue.oldestQueuedMs, age > limit {
            add("the first in line waits for \(Quantity.time(ms: age)) (limit \(Quantity.time(ms: limit)))")
        }
        if let limit = limits.queued, queue.queued > limit { add("\(queue.queued) queued (limit \(limit))") }
        if let limit = limits.dead, queue.dead > limit { add("\(queue.dead) dead (limit \(limit))") }
        if let limit = limits.failedRate, queue.failedAMinute > limit {
            add("\(text(queue.failedAMinute)) runs a minute failed (limit \(text(limit)))")
        }
        if let least = limits.workers, queue.workers < least {
            add("\(Quantity.of(queue.workers, "worker")) (at least \(least))")
        }
        return found
    }

    /// With a limit, one that cannot be looked at is unknown; without, it is what `info` draws attention to.
    private static func findings(of outbox: InfoReport.Outbox, _ limits: ProbeLimits) -> [Finding] {
        if let error = outbox.error { return [(limits.outboxAgeMs == nil ? .warning : .unknown, "outbox: \(error)")] }
        guard let limit = limits.outboxAgeMs, let age = outbox.oldestMs, age > limit else { return [] }
        let text = "the oldest row waits for \(Quantity.time(ms: age)) (limit \(Quantity.time(ms: limit)))"
        return [(.critical, "outbox: \(text)")]
    }

    /// What `info` draws attention to is a warning, whatever the limits are; advice on Redis is for `doctor`.
    private static func weight(of item: InfoReport.Attention) -> ProbeStatus? {
        switch item.code {
        case "unreadable": .unknown
        // For what died, and for a backlog, there are limits.
        case "redis", "dead", "growing": nil
        default: .warning
        }
    }

    private static func summary(_ report: InfoReport) -> String {
        if report.queues.isEmpty { return "no queues yet" }
        let queued = report.queues.reduce(0) { $0 + $1.queued }
        let dead = report.queues.reduce(0) { $0 + $1.dead }
        let live = report.workers.count { $0.state != .lost }
        return "\(Quantity.of(report.queues.count, "queue")), \(queued) queued, \(dead) dead, "
            + Quantity.of(live, "worker")
    }

    /// Two digits behind the point at most, and no exponent, which not everybody reads.
    private static func text(_ rate: Double) -> String {
        let (whole, rest) = Int((min(max(rate, 0), 1e15) * 100).rounded()).quotientAndRemainder(dividingBy: 100)
        if rest % 10 == 0 { return rest == 0 ? "\(whole)" : "\(whole).\(rest / 10)" }
        return "\(whole).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// `'label'=value[UOM];warn;crit;min`. Names of queues hold neither quotes nor signs of equality.
    private static func figures(of queue: InfoReport.Queue, _ limits: ProbeLimits) -> [String] {
        func figure(_ what: String, _ value: some CustomStringConvertible, _ limit: String, unit: String = "") -> String
        {
            "'\(queue.name) \(what)'=\(value)\(unit);;\(limit);0"
        }
        func most(_ limit: Int?) -> String { limit.map(String.init) ?? "" }
        return [
            figure("age", queue.oldestQueuedMs ?? 0, most(limits.ageMs), unit: "ms"),
            figure("queued", queue.queued, most(limits.queued)),
            figure("running", queue.running, ""),
            figure("dead", queue.dead, most(limits.dead)),
            figure("failed", text(queue.failedAMinute), limits.failedRate.map(text) ?? ""),
            // A range that ends nowhere: below its begin is wrong.
            figure("workers", queue.workers, limits.workers.map { "\($0):" } ?? ""),
        ]
    }

    /// Names of queues have no blanks, so none of them is called this.
    private static func figures(of outbox: InfoReport.Outbox, _ limits: ProbeLimits) -> [String] {
        guard let rows = outbox.rows else { return [] }
        return [
            "'postgres outbox age'=\(outbox.oldestMs ?? 0)ms;;\(limits.outboxAgeMs.map(String.init) ?? "");0",
            "'postgres outbox rows'=\(rows);;;0", "'postgres rejected rows'=\(outbox.rejected ?? 0);;;0",
        ]
    }
}
