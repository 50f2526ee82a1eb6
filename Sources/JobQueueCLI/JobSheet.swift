import FoundationEssentials
import JobModel
import JobStore
import TerminalDashboard

/// One job as `jobs show` prints it, for people and as JSON.
struct JobSheet: Encodable {
    var id: String
    var queue: String
    var state: String
    var name: String?
    var priority: Int?
    var createdMs: Int?
    var dueMs: Int?
    var forgetAtMs: Int?
    var cancelRequested: Bool
    var attempts: Int
    var maxAttempts: Int?
    var timeoutMs: Int?
    var requeued: Int
    var lost: Int
    var lastReason: String?
    var tags: [String]
    var metadata: [String: String]
    /// Of the request that brought it.
    var requestID: String?
    /// What is stored is shown, whatever it is.
    var payload: StoredJSON?
    var result: StoredJSON?
    var resultOmitted: String?
    var endedMs: Int?
    /// Those that are remembered, in order: the first and the last nine that did not succeed, then the one that did or goes on.
    var runs: [JobRun] = []
    /// Runs that did not succeed and are not remembered any more.
    var runsForgotten: Int
    /// Who runs it now, and since when, as far as that worker's last beat told.
    var worker: String?
    var startedMs: Int?
    /// Why it is where it is; nil where nobody asked.
    var explanation: [ExplanationSheet]?

    /// `workers` are those of the queue: one of them may run the job.
    init(_ view: JobView, queue: QueueName, workers: [QueueSnapshot.Worker] = []) {
        id = view.id
        self.queue = queue.text
        state = view.state?.rawValue ?? "forgotten"
        let envelope = try? Envelope(parsing: view.envelope)
        name = envelope?.name
        priority = envelope?.policy.priority.value
        createdMs = envelope.flatMap { $0.createdMs > 0 ? $0.createdMs : nil }
        maxAttempts = envelope?.policy.maxAttempts
        timeoutMs = envelope?.policy.timeoutMs
        tags = envelope?.tags ?? []
        metadata = envelope?.metadata ?? [:]
        requestID = envelope?.requestID
        payload = (envelope?.payload ?? (view.envelope.isEmpty ? nil : view.envelope)).map(StoredJSON.init)
        cancelRequested = view.isAsked
        attempts = view.record.attempts
        requeued = view.record.generation
        lost = view.record.lost
        lastReason = view.record.last?.rawValue
        result = view.result.map { StoredJSON($0.result) }
        resultOmitted = view.result?.omitted
        endedMs = view.result?.at
        runsForgotten = max(0, view.record.errors - view.errors.count)
        take(view, workers)
        runs = JobRun.all(view, maxAttempts: maxAttempts, worker: worker, startedMs: startedMs)
    }

    /// What the score in the state's index means.
    private mutating func take(_ view: JobView, _ workers: [QueueSnapshot.Worker]) {
        // Whatever somebody wrote there.
        guard let score = view.score, abs(score) < 9e18 else { return }
        switch view.state {
        case .scheduled, .retrying, .suspect: dueMs = Int(score / 10)
        case .succeeded, .dead, .cancelled: forgetAtMs = Int(score)
        case .running:
            let owner = workers.first { $0.incarnation == Token(Int(score)).incarnation }
            let card = owner.flatMap { WorkerCard(parsing: $0.about) }
            worker = card?.id
            startedMs = card?.runs.first { $0.id == id }?.started
        default: break
        }
    }

    func lines(now: Int) -> [String] {
        var lines: [String] = []
        func add(_ label: String, _ value: String?) {
            guard let value else { return }
            lines.append(label.padding(toLength: 12) + Printable.oneLine(value))
        }
        add("job", id)
        add("name", name)
        add("queue", queue)
        add("state", state + (cancelRequested ? ", asked to stop" : ""))
        // A job that has ended says so itself.
        if !["succeeded", "dead", "cancelled"].contains(state) {
            for reason in explanation ?? [] { add("why", reason.message) }
        }
        add("worker", worker.map { $0 + (startedMs.map { "  since \(moment($0, now))" } ?? "") })
        add("attempts", maxAttempts.map { "\(attempts) failed of \($0)" })
        // The way an earlier run ended is not why the job is where it is.
        add(state == "dead" ? "reason" : "last reason", state == "succeeded" ? nil : lastReason)
        add("created", createdMs.map { moment($0, now) })
        add("due", dueMs.map { "\(Quantity.utc(ms: $0))  (in \(Quantity.time(ms: $0 - now)))" })
        add("ended", endedMs.map { Quantity.utc(ms: $0) })
        add("kept until", forgetAtMs.map { Quantity.utc(ms: $0) })
        add("requeued", requeued > 0 ? Quantity.of(requeued, "time") : nil)
        add("tags", tags.isEmpty ? nil : tags.joined(separator: " "))
        add(
            "metadata",
            metadata.isEmpty ? nil : metadata.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " "))
        add("request", requestID)
        add("payload", payload?.text)
        add("result", resultOmitted.map { "(omitted: \($0))" } ?? result?.text)
        if !runs.isEmpty { lines.append("runs") }
        for (index, run) in runs.enumerated() {
            lines += run.lines(index == 0 ? 1 : index + 1 + runsForgotten, now: now)
            if index == 0, runsForgotten > 0 {
                lines.append("  … \(Quantity.of(runsForgotten, "run")) that did not succeed and are not remembered")
            }
        }
        return lines
    }

    private func moment(_ ms: Int, _ now: Int) -> String {
        "\(Quantity.utc(ms: ms))  (\(Quantity.time(ms: now - ms)) ago)"
    }
}

extension String {
    fileprivate func padding(toLength length: Int) -> String {
        self + String(repeating: " ", count: max(0, length - count))
    }
}
