import JobModel

// The functions of the schema `jobqueue`, called with texts: every client can bind those.

extension SQLStatement {
    /// Enqueues a job when the transaction commits; its answer is the job's id. What the parameters mean and what it throws is
    /// said at `SQLConnection.enqueue`.
    public static func enqueue<J: Job>(
        _ job: J, id: String? = nil, in delay: Duration? = nil, atMilliseconds runAt: Int? = nil,
        idempotencyKey: String? = nil, options: JobOptions? = nil
    ) throws(JobQueueError) -> SQLStatement {
        let wish = try Wish(
            name: J.name, payload: JobQueue.encode(job), id: id, Terms(options ?? J.options), isJSON: true)
        return try wish.statement(JobQueue.due(delay, runAt), key: idempotencyKey)
    }

    /// The same by bare name, with a payload that is JSON already: it is stored bit for bit.
    public static func enqueue(
        name: String, payload: String = "null", id: String? = nil, in delay: Duration? = nil,
        atMilliseconds runAt: Int? = nil, idempotencyKey: String? = nil, options: JobOptions = JobOptions()
    ) throws(JobQueueError) -> SQLStatement {
        let wish = try Wish(name: name, payload: Array(payload.utf8), id: id, Terms(options), isJSON: false)
        return try wish.statement(JobQueue.due(delay, runAt), key: idempotencyKey)
    }

    /// Enqueues many jobs, all or none; its answer is a JSON array with their ids, in the same order.
    public static func enqueue<J: Job>(
        contentsOf jobs: [J], in delay: Duration? = nil, options: JobOptions? = nil
    ) throws(JobQueueError) -> SQLStatement {
        let terms = try Terms(options ?? J.options)
        return try many(jobs, delay) { (job) throws(JobQueueError) in
            try Wish(name: J.name, payload: JobQueue.encode(job), id: nil, terms, isJSON: true)
        }
    }

    /// The same by bare name.
    public static func enqueue(
        contentsOf jobs: [JobQueue.BareJob], in delay: Duration? = nil, options: JobOptions = JobOptions()
    ) throws(JobQueueError) -> SQLStatement {
        let terms = try Terms(options)
        return try many(jobs, delay) { (job) throws(JobQueueError) in
            try Wish(name: job.name, payload: Array(job.payload.utf8), id: job.id, terms, isJSON: false)
        }
    }

    private static func many<T>(
        _ jobs: [T], _ delay: Duration?, _ wish: (T) throws(JobQueueError) -> Wish
    ) throws(JobQueueError) -> SQLStatement {
        var document = Array("[".utf8)
        let due = JobQueue.due(delay, nil)
        for job in jobs {
            if document.count > 1 { document.append(UInt8(ascii: ",")) }
            document += try wish(job).element(due)
        }
        document.append(UInt8(ascii: "]"))
        return SQLStatement(
            sql: """
                SELECT coalesce(json_agg(job.id ORDER BY job.place), '[]')::text \
                FROM jobqueue.enqueue_many($1::text) WITH ORDINALITY AS job (id, place)
                """,
            bindings: [String(decoding: document, as: UTF8.self)])
    }
}

/// A job as the functions take it.
private struct Wish {
    private let draft: Draft
    private let queue: QueueName

    init(
        name: String, payload: [UInt8], id: String?, _ terms: Terms, isJSON: Bool
    ) throws(JobQueueError) {
        draft = try Draft(name: name, payload: payload, id: id, terms: terms, isJSON: isJSON)
        queue = terms.queue
        _ = try draft.envelope.stored(maxPayloadBytes: Self.maxPayloadBytes)
        // The functions keep metadata as jsonb, which knows no such character.
        guard !terms.metadata.contains(where: { $0.utf8.contains(0) || $1.utf8.contains(0) }) else {
            throw JobQueueError(.badOption, "metadata cannot hold the character NUL in Postgres", field: "metadata")
        }
    }

    /// Of the functions; nobody can raise it.
    private static let maxPayloadBytes = 256 * 1024
    /// The longest span that the functions take, in ms: 100 years.
    private static let longest = 3_153_600_000_000
    /// The last moment that they take, ms since 1970: the beginning of the year 9999.
    private static let last = 253_370_764_800_000

    private var policy: Policy { draft.envelope.policy }

    /// Everything that is not as it is by default; nil: it is.
    private func unless<T: Equatable>(_ path: KeyPath<Policy, T>) -> T? {
        policy[keyPath: path] == Policy.standard[keyPath: path] ? nil : policy[keyPath: path]
    }

    private static func bounded(_ ms: Int) -> Int { min(ms, longest) }
    private var expiresMs: Int? { draft.expiry.map { Self.bounded($0.milliseconds) } }
    /// −1 keeps for ever.
    private var resultTTLMs: Int? { unless(\.resultTTLMs).map(Self.bounded) }
    /// −1 is without limit.
    private var timeoutMs: Int? { unless(\.timeoutMs).map(Self.bounded) }

    private static func parts(_ due: Due) -> (delayMs: Int?, runAt: String?) {
        switch due {
        case .now: (nil, nil)
        case .after(let ms): (bounded(ms), nil)
        case .at(let ms): (nil, Timestamp.text(min(ms, last)))
        }
    }

    func statement(_ due: Due, key: String?) throws(JobQueueError) -> SQLStatement {
        if let key {
            guard draft.identity.id == nil else {
                throw JobQueueError(.badOption, "give an id or an idempotency key, not both", field: "idempotency_key")
            }
            guard Names.isIdempotencyKey(key) else {
                throw JobQueueError(
                    .badName, "an idempotency key is 1 to 255 visible ASCII characters, but \"",
                    field: "idempotency_key")
            }
        }
        let (delayMs, runAt) = Self.parts(due)
        let envelope = draft.envelope
        func json(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        func span(_ ms: Int?) -> String? { ms.map { "\($0) milliseconds" } }
        return SQLStatement(
            sql: Self.text,
            bindings: [
                envelope.name, String(decoding: envelope.payload, as: UTF8.self), queue.text, draft.identity.id,
                span(delayMs), runAt, unless(\.priority).map { "\($0.value)" }, unless(\.maxAttempts).map { "\($0)" },
                span(timeoutMs.map { max(0, $0) }), key,
                // Tags are names: there is nothing in them to escape.
                envelope.tags.isEmpty ? nil : "{\(envelope.tags.map { "\"\($0)\"" }.joined(separator: ","))}",
                envelope.metadata.isEmpty ? nil : json(JSONWriter.object(envelope.metadata)),
                unless(\.backoff).map { json($0.encoded()) },
                span(resultTTLMs.map { $0 < 0 ? Self.longest : $0 }), span(expiresMs),
            ])
    }

    /// One text for all jobs: what is not said is NULL.
    private static let text = """
        SELECT jobqueue.enqueue($1::text, $2::text, queue => $3::text, id => $4::text, delay => $5::text::interval, \
        run_at => $6::text::timestamptz, priority => $7::text::integer, max_attempts => $8::text::integer, \
        timeout => $9::text::interval, idempotency_key => $10::text, tags => $11::text::text[], \
        metadata => $12::text::jsonb, backoff => $13::text::jsonb, result_ttl => $14::text::interval, \
        expires_in => $15::text::interval)
        """

    /// An object of the array that `enqueue_many` takes.
    func element(_ due: Due) -> [UInt8] {
        let (delayMs, runAt) = Self.parts(due)
        let envelope = draft.envelope
        return JSONWriter.object(capacity: 160 + envelope.payload.count) { writer in
            writer.field("name", envelope.name)
            writer.field("queue", queue.text)
            if let id = draft.identity.id { writer.field("id", id) }
            if let delayMs { writer.field("delay_ms", delayMs) }
            if let runAt { writer.field("run_at", runAt) }
            if let priority = unless(\.priority) { writer.field("priority", priority.value) }
            if let maxAttempts = unless(\.maxAttempts) { writer.field("max_attempts", maxAttempts) }
            if let timeoutMs { writer.field("timeout_ms", timeoutMs) }
            if let resultTTLMs { writer.field("result_ttl_ms", resultTTLMs) }
            if let expiresMs { writer.field("expires_in_ms", expiresMs) }
            if let backoff = unless(\.backoff) { writer.field("backoff", json: backoff.encoded()) }
            if !envelope.tags.isEmpty { writer.field("tags", envelope.tags) }
            if !envelope.metadata.isEmpty { writer.field("metadata", envelope.metadata) }
            writer.field("payload", json: envelope.payload)
        }
    }
}
