import JobModel
import JobStore
import TerminalDashboard

/// One run of a job: who had it, when, how it ended, and why there was another one or none.
struct JobRun: Encodable {
    /// In the history of runs that did not succeed; nil for the others.
    var number: Int?
    var attempt: Int
    var worker: String
    /// nil when nobody knows.
    var startedMs: Int?
    /// nil while it goes on.
    var endedMs: Int?
    /// A reason, `succeeded` or `running`.
    var outcome: String
    var type = ""
    var message = ""
    /// What followed. nil while it goes on.
    var next: String?

    /// The runs that are remembered, in order. `startedMs` of the one that goes on is what its worker told.
    static func all(_ view: JobView, maxAttempts: Int?, worker: String?, startedMs: Int?) -> [JobRun] {
        let entries = view.errors
        var runs = entries.indices.map { index in
            let next = index + 1 < entries.count ? entries[index + 1] : nil
            return JobRun(entries[index], next: sequel(of: entries[index], next, view, maxAttempts))
        }
        if let result = view.result, view.state == .succeeded {
            runs.append(
                JobRun(
                    attempt: result.attempt, worker: result.worker, startedMs: result.at &- result.ms,
                    endedMs: result.at, outcome: "succeeded", next: "done"))
        } else if view.state == .running, let worker {
            runs.append(
                JobRun(
                    attempt: view.record.attempts + 1, worker: worker, startedMs: startedMs, outcome: "running"))
        }
        return runs
    }

    private init(_ entry: ErrorEntry, next: String) {
        number = entry.number
        attempt = entry.attempt
        worker = entry.worker
        // What never began, or began nobody knows when, took no time.
        startedMs = entry.ms > 0 || entry.reason.isEndOfHandler ? entry.at &- entry.ms : nil
        endedMs = entry.at
        outcome = entry.reason.rawValue
        type = entry.type
        message = entry.message
        self.next = next
    }

    private init(
        attempt: Int, worker: String, startedMs: Int?, endedMs: Int? = nil, outcome: String, next: String? = nil
    ) {
        self.attempt = attempt
        self.worker = worker
        self.startedMs = startedMs
        self.endedMs = endedMs
        self.outcome = outcome
        self.next = next
    }

    // MARK: What followed

    /// `next` is the entry after this one, if the job ran again and did not succeed again.
    private static func sequel(
        of entry: ErrorEntry, _ next: ErrorEntry?, _ view: JobView, _ maxAttempts: Int?
    ) -> String {
        let isLast = next == nil
        if isLast, view.state == .dead { return "dead: " + cause(entry, view.record, maxAttempts) }
        if isLast, view.state == .cancelled { return "cancelled" }
        if [.permanent, .payload, .malformed, .expired, .cancelled].contains(entry.reason) {
            return "requeued by hand"
        }
        // Attempts are counted from 1 again once somebody requeued a dead job.
        let attempt = next?.attempt ?? view.record.attempts + 1
        if attempt < entry.attempt
            || (attempt == entry.attempt && entry.attempt == maxAttempts && isSpent(entry.reason))
        {
            return "dead, and requeued by hand"
        }
        return again(entry.reason, spent: attempt > entry.attempt) + (isLast ? pause(view) : "")
    }

    private static func again(_ reason: Reason, spent: Bool) -> String {
        switch reason {
        case .released: "given back, no attempt spent"
        case .snoozed: "again later, as it asked; no attempt spent"
        case .lost: "given to another worker, no attempt spent"
        case .unhandled: "again later, for a worker that has the handler"
        default: spent ? "tried again, an attempt was spent" : "run again, no attempt spent"
        }
    }

    private static func isSpent(_ reason: Reason) -> Bool { [.failed, .timeout, .permanent].contains(reason) }

    /// Where it is now, if it waits for that other run.
    private static func pause(_ view: JobView) -> String {
        switch view.state {
        case .queued: "; waits in the queue"
        case .retrying, .scheduled:
            Int(exactly: ((view.score ?? 0) / 10).rounded()).map { "; due \(Quantity.utc(ms: $0))" } ?? ""
        case .suspect: "; waits to run with nothing beside it"
        default: ""
        }
    }

    private static func cause(_ entry: ErrorEntry, _ record: RunRecord, _ maxAttempts: Int?) -> String {
        switch entry.reason {
        case .permanent: "the handler said that another run would not help"
        case .payload: "the payload does not fit the handler"
        case .malformed: "the stored job cannot be read"
        case .expired: "it did not start in time"
        case .lost: "lost \(Quantity.of(record.lost, "time")) in a row"
        case .crash where record.crashes >= Limits.crashes:
            "its process died \(record.crashes) times with nothing beside it"
        case .crash where record.lost >= Limits.losses: "its process died \(record.lost) times in a row"
        default:
            maxAttempts == 1 ? "its only attempt is spent" : "all \(maxAttempts ?? record.attempts) attempts are spent"
        }
    }

    // MARK: As text

    /// Of an error; the whole is in the JSON.
    private static let lineLimit = 25

    /// Its lines, the first with the number in the list.
    func lines(_ position: Int, now: Int) -> [String] {
        let start =
            startedMs.map { Quantity.utc(ms: $0) } ?? endedMs.map { "until " + Quantity.utc(ms: $0) } ?? "started"
        let time = startedMs.map { Quantity.time(ms: (endedMs ?? now) &- $0) }
        let how = outcome + (time.map { (endedMs == nil ? " for " : " after ") + $0 } ?? "")
        let error = [type, message].filter { !$0.isEmpty }.joined(separator: ": ")
        var lines = ["\(position). \(start)  attempt \(attempt) on \(worker): \(how)"]
        // Marked, so that no text of a stranger can pass for a line of ours.
        lines += error.split(whereSeparator: \.isNewline).prefix(Self.lineLimit).map { "   | " + $0 }
        if let next, next != "done" { lines.append("   -> " + next) }
        return lines.map { "  " + Printable.oneLine($0) }
    }
}

extension Reason {
    /// A handler saw the job, and said or was told that it is over.
    fileprivate var isEndOfHandler: Bool {
        switch self {
        case .failed, .permanent, .timeout, .snoozed, .cancelled: true
        case .released, .lost, .crash, .payload, .malformed, .unhandled, .expired: false
        }
    }
}
