import FoundationEssentials
import JobModel
import JobStore
import TerminalDashboard

/// One job as `jobs show` prints it, for people and as JSON.
struct JobSheet: Encodable {
    struct Failure: Encodable {
        var number: Int
        var at_ms: Int
        var attempt: Int
        var reason: String
        var type: String
        var message: String
        var worker: String
        var duration_ms: Int
    }

    var id: String
    var queue: String
    var state: String
    var name: String?
    var priority: Int?
    var created_ms: Int?
    var due_ms: Int?
    var forget_at_ms: Int?
    var cancel_requested: Bool
    var attempts: Int
    var max_attempts: Int?
    var timeout_ms: Int?
    var requeued: Int
    var lost: Int
    var last_reason: String?
    var tags: [String]
    var metadata: [String: String]
    /// JSON as text: what is stored is shown, whatever it is.
    var payload: String?
    var result: String?
    var result_omitted: String?
    var ended_ms: Int?
    var errors: [Failure]

    init(_ view: JobView, queue: QueueName) {
        id = view.id
        self.queue = queue.text
        state = view.state?.rawValue ?? "forgotten"
        let envelope = try? Envelope(parsing: view.envelope)
        name = envelope?.name
        priority = envelope?.policy.priority.value
        created_ms = envelope.flatMap { $0.createdMs > 0 ? $0.createdMs : nil }
        max_attempts = envelope?.policy.maxAttempts
        timeout_ms = envelope?.policy.timeoutMs
        tags = envelope?.tags ?? []
        metadata = envelope?.metadata ?? [:]
        payload = (envelope?.payload ?? (view.envelope.isEmpty ? nil : view.envelope)).map { String(decoding: $0, as: UTF8.self) }
        cancel_requested = view.isAsked
        attempts = view.record.attempts
        requeued = view.record.generation
        lost = view.record.lost
        last_reason = view.record.last?.rawValue
        result = view.result.map { String(decoding: $0.result, as: UTF8.self) }
        result_omitted = view.result?.omitted
        ended_ms = view.result?.at
        errors = view.errors.map {
            Failure(
                number: $0.number, at_ms: $0.at, attempt: $0.attempt, reason: $0.reason.rawValue, type: $0.type,
                message: $0.message, worker: $0.worker, duration_ms: $0.ms)
        }
        guard let score = view.score, score.isFinite else { return }
        switch view.state {
        case .scheduled, .retrying, .suspect: due_ms = Int(score / 10)
        case .succeeded, .dead, .cancelled: forget_at_ms = Int(score)
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
        add("state", state + (cancel_requested ? ", asked to stop" : ""))
        add("attempts", max_attempts.map { "\(attempts) failed of \($0)" })
        add("reason", state == "succeeded" ? nil : last_reason)
        add("created", created_ms.map { "\(Quantity.utc(ms: $0))  (\(Quantity.time(ms: now - $0)) ago)" })
        add("due", due_ms.map { "\(Quantity.utc(ms: $0))  (in \(Quantity.time(ms: $0 - now)))" })
        add("ended", ended_ms.map { Quantity.utc(ms: $0) })
        add("kept until", forget_at_ms.map { Quantity.utc(ms: $0) })
        add("requeued", requeued > 0 ? "\(requeued) times" : nil)
        add("tags", tags.isEmpty ? nil : tags.joined(separator: " "))
        add("metadata", metadata.isEmpty ? nil : metadata.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }.joined(separator: " "))
        add("payload", payload)
        add("result", result_omitted.map { "(omitted: \($0))" } ?? result)
        if !errors.isEmpty { lines.append("runs that did not succeed") }
        for error in errors {
            let type = error.type.isEmpty ? "" : " \(error.type)"
            let took = Quantity.time(ms: error.duration_ms)
            let head = "  \(error.number). \(Quantity.utc(ms: error.at_ms)) attempt \(error.attempt), \(error.reason) after \(took)"
            lines.append(Printable.oneLine("\(head) on \(error.worker)\(type): \(error.message)"))
        }
        return lines
    }
}

extension String {
    fileprivate func padding(toLength length: Int) -> String { self + String(repeating: " ", count: max(0, length - count)) }
}
