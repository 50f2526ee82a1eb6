import JobModel

/// A job as a caller describes it: the body of `POST /v1/jobs`.
struct JobRequest {
    var name: String
    var queue: QueueName
    /// JSON, untouched.
    var payload: ArraySlice<UInt8>
    var due: Due
    var options: JobOptions

    /// The longest time that a request may name, in ms: 100 years. Every moment that follows has a year of four digits, as
    /// RFC 3339 wants.
    static let longest = 3_153_600_000_000

    /// Reads the fields of a job. What is wrong is noted in `fields`, and nil is answered; unknown fields are for the
    /// caller to refuse. Without a queue of its own the job goes to `queue`.
    init?(_ fields: inout Fields, queue defaultQueue: QueueName = .default) {
        let before = fields.problems.count
        let name = fields.name("name")
        if name == nil, fields.problems.count == before { fields.missing("name", "which handler is to run the job?") }
        let queue = fields.queue("queue") ?? defaultQueue
        let payload = fields.json("payload") ?? ArraySlice("null".utf8)
        let due = Self.due(&fields)
        let options = Self.options(&fields, queue)
        guard let name, fields.problems.count == before else { return nil }
        self.name = name
        self.queue = queue
        self.payload = payload
        self.due = due
        self.options = options
    }

    private static func due(_ fields: inout Fields) -> Due {
        if fields.has("delay_ms"), fields.has("run_at") {
            fields.refuse("run_at", "contradiction", "give delay_ms or run_at, not both")
            _ = fields.json("run_at")
        }
        if let delay = fields.int("delay_ms", 0...JobRequest.longest), delay > 0 { return .after(ms: delay) }
        if let moment = fields.moment("run_at") { return .at(ms: moment) }
        return .now
    }

    private static func options(_ fields: inout Fields, _ queue: QueueName) -> JobOptions {
        var options = JobOptions(queue: queue.text)
        if let number = fields.int("priority", 0...9), let priority = Priority(number) { options.priority = priority }
        options.maxAttempts = fields.int("max_attempts", 1...1_000_000) ?? options.maxAttempts
        if let timeout = fields.int("timeout_ms", -1...JobRequest.longest) {
            if timeout == 0 { fields.refuse("timeout_ms", "out-of-range", "must be 1 or more, or -1: without limit") }
            options.timeout = timeout < 0 ? nil : .milliseconds(max(timeout, 1))
        }
        if let kept = fields.int("result_ttl_ms", -1...JobRequest.longest) { options.resultTTL = Retention(wire: kept) }
        if let expiry = fields.int("expires_in_ms", 1...JobRequest.longest) { options.expiry = .milliseconds(expiry) }
        options.backoff = fields.backoff("backoff") ?? options.backoff
        options.tags = fields.tags("tags") ?? []
        options.metadata = fields.map("metadata") ?? [:]
        return options
    }
}

extension Fields {
    /// A job's name.
    mutating func name(_ field: String) -> String? {
        guard let text = string(field) else { return nil }
        if Names.isName(text) { return text }
        refuse(field, "bad-name", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        return nil
    }

    mutating func queue(_ field: String) -> QueueName? { name(field).flatMap { try? QueueName($0) } }

    mutating func tags(_ field: String) -> [String]? {
        guard let tags = strings(field) else { return nil }
        if tags.count > 16 { refuse(field, "too-many", "must be at most 16") }
        for (index, tag) in tags.enumerated() where !Names.isName(tag) {
            refuse(field, at: index, "bad-name", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -")
        }
        return tags
    }

    /// `{"base_ms":…,"cap_ms":…,"jitter_percent":…}`, `{"fixed_ms":…}` or `{"list_ms":[…]}`, as in stored jobs.
    mutating func backoff(_ field: String) -> Backoff? {
        guard var fields = object(field) else { return nil }
        defer { merge(fields) }
        if fields.has("list_ms") {
            guard let waits = fields.ints("list_ms") else { return nil }
            guard (1...1000).contains(waits.count), waits.allSatisfy({ (0...JobRequest.longest).contains($0) }) else {
                fields.refuse("list_ms", "out-of-range", "must be 1 to 1,000 waits of 0 ms or more")
                return nil
            }
            return .list(waits.map { .milliseconds($0) })
        }
        if fields.has("fixed_ms") {
            return fields.int("fixed_ms", 0...JobRequest.longest).map { .fixed(.milliseconds($0)) }
        }
        let percent = fields.int("jitter_percent", 0...100) ?? 0
        guard fields.has("base_ms"), fields.has("cap_ms") else {
            fields.missing("base_ms", "give base_ms and cap_ms, or fixed_ms, or list_ms")
            return nil
        }
        guard let base = fields.int("base_ms", 0...JobRequest.longest),
            let cap = fields.int("cap_ms", 0...JobRequest.longest)
        else {
            return nil
        }
        return .exponential(
            base: .milliseconds(base), cap: .milliseconds(cap), jitter: Double(percent) / 100)
    }
}
