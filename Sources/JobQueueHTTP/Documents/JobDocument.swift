import JobModel
import JobStore

/// What a caller asked to have in a job's document beside the short facts.
struct Inclusion: OptionSet {
    let rawValue: Int
    static let payload = Inclusion(rawValue: 1)
    static let result = Inclusion(rawValue: 2)
    static let runs = Inclusion(rawValue: 4)

    static let names: [(String, Inclusion)] = [("payload", .payload), ("result", .result), ("runs", .runs)]
}

/// A job as the API shows it.
struct JobDocument {
    var view: JobView
    var queue: QueueName
    var includes: Inclusion = []

    func encoded() -> [UInt8] {
        let envelope = try? Envelope(parsing: view.envelope)
        let size = 512 + (includes.isEmpty ? 0 : view.envelope.count + (view.result?.result.count ?? 0))
        return JSONWriter.object(capacity: size) { writer in
            writer.field("id", view.id)
            writer.field("queue", queue.text)
            if let envelope { writer.field("name", envelope.name) }
            if let state = view.state { writer.field("state", state.rawValue) } else { writer.null("state") }
            writeTimes(envelope, &writer)
            writer.field("attempt", attempt)
            if let envelope { Self.write(envelope, &writer) }
            if view.isAsked { writer.field("cancel_requested", true) }
            if let error = view.errors.last { writer.field("last_error", json: Self.run(error)) }
            if includes.contains(.payload), let envelope { writer.field("payload", json: envelope.payload) }
            if includes.contains(.result), let result = view.result { Self.write(result, &writer) }
            if includes.contains(.runs) { writer.field("runs", objects: view.errors.map(Self.run)) }
        }
    }

    /// The attempt that runs or comes next; of a job that has ended the last one.
    private var attempt: Int {
        if view.state == .succeeded { return view.result?.attempt ?? view.record.attempts + 1 }
        return view.state?.isFinal == true ? view.record.attempts : view.record.attempts + 1
    }

    /// When it was made, when it is due, when it ended.
    private func writeTimes(_ envelope: Envelope?, _ writer: inout JSONWriter) {
        if let made = envelope?.createdMs, made > 0 { writer.field("created_at", Timestamp.text(made)) }
        switch view.state {
        case .scheduled, .retrying, .suspect:
            if let due = view.dueMs { writer.field("run_at", Timestamp.text(due)) }
        case .succeeded:
            if let result = view.result {
                writer.field("started_at", Timestamp.text(result.at - result.ms))
                writer.field("finished_at", Timestamp.text(result.at))
            }
        case .dead, .cancelled:
            if view.record.at > 0 { writer.field("finished_at", Timestamp.text(view.record.at)) }
        default: break
        }
        if let expires = envelope?.policy.expiresMs { writer.field("expires_at", Timestamp.text(expires)) }
    }

    private static func write(_ envelope: Envelope, _ writer: inout JSONWriter) {
        writer.field("max_attempts", envelope.policy.maxAttempts)
        writer.field("priority", envelope.policy.priority.value)
        writer.field("timeout_ms", envelope.policy.timeoutMs)
        writer.field("result_ttl_ms", envelope.policy.resultTTLMs)
        writer.field("tags", envelope.tags)
        writer.field("metadata", envelope.metadata)
        if let id = envelope.requestID { writer.field("request_id", id) }
    }

    private static func write(_ result: ResultRecord, _ writer: inout JSONWriter) {
        if let omitted = result.omitted {
            writer.field("result_omitted", omitted)
        } else {
            writer.field("result", json: result.result)
        }
        writer.field("duration_ms", result.ms)
        writer.field("worker", result.worker)
    }

    /// One run that did not succeed.
    private static func run(_ entry: ErrorEntry) -> [UInt8] {
        JSONWriter.object(capacity: 160 + entry.message.utf8.count) { writer in
            writer.field("attempt", entry.attempt)
            writer.field("reason", entry.reason.rawValue)
            if !entry.type.isEmpty { writer.field("type", entry.type) }
            writer.field("message", entry.message)
            writer.field("worker", entry.worker)
            writer.field("ended_at", Timestamp.text(entry.at))
            writer.field("duration_ms", entry.ms)
        }
    }
}

extension JobView {
    /// When a waiting job is due, ms since 1970: its score without the priority.
    var dueMs: Int? { score.flatMap { Int(exactly: ($0 / 10).rounded(.down)) } }
}

extension JSONWriter {
    mutating func null(_ key: StaticString) { field(key, json: ArraySlice("null".utf8)) }
}
