import JobModel
import JobStore
import Synchronization

// From what the caller said to what is stored.

/// Options that have been checked, once for all jobs of a call.
struct Terms {
    var queue: QueueName
    var policy: Policy
    var tags: [String]
    var metadata: [String: String]
    var expiry: Duration?

    init(_ options: JobOptions) throws(JobQueueError) {
        queue = try named("queue") { () throws(NameError) in try QueueName(options.queue) }
        for (index, tag) in options.tags.enumerated() {
            try named("tags/\(index)") { () throws(NameError) in try Names.checkName(tag, "tag") }
        }
        policy = try Policy(options)
        tags = options.tags
        metadata = options.metadata
        expiry = options.expiry
    }
}

/// Whose the id of a job is.
package enum JobIdentity: Hashable, Sendable {
    /// Ours, made for this job.
    case made
    /// The caller's: the same id with another name or payload is a conflict. Remembered for 10 minutes at least.
    case own(String)
    /// Made from a key that names a request: what tells two requests under one key apart is their digest. Remembered for so
    /// long at least, in ms.
    case key(id: String, digest: String, rememberMs: Int)

    /// nil: it is still to be made.
    var id: String? {
        switch self {
        case .made: nil
        case .own(let id), .key(let id, _, _): id
        }
    }
}

/// A job whose names and numbers have been checked.
struct Draft {
    var identity: JobIdentity
    var envelope: Envelope
    var expiry: Duration?

    init(name: String, payload: [UInt8], id: String?, terms: Terms, isJSON: Bool) throws(JobQueueError) {
        try self.init(
            name: name, payload: payload, identity: id.map(JobIdentity.own) ?? .made, terms: terms, isJSON: isJSON)
    }

    init(name: String, payload: [UInt8], identity: JobIdentity, terms: Terms, isJSON: Bool) throws(JobQueueError) {
        try named("name") { () throws(NameError) in try Names.checkName(name, "job name") }
        if let id = identity.id { try named("id") { () throws(NameError) in try Names.checkID(id) } }
        if !isJSON {
            do throws(JSONScanner.Failure) { try JSONScanner.validate(payload) } catch {
                throw JobQueueError(.badPayload, "the payload is not JSON: \(error)", field: "payload")
            }
        }
        self.identity = identity
        envelope = Envelope(name: name, payload: payload[...])
        envelope.policy = terms.policy
        envelope.tags = terms.tags
        envelope.metadata = terms.metadata
        expiry = terms.expiry
    }
}

/// Turns the error of a name into one of the call.
private func named<T>(_ field: String, _ check: () throws(NameError) -> T) throws(JobQueueError) -> T {
    do throws(NameError) { return try check() } catch { throw JobQueueError(.badName, "\(error)", field: field) }
}

extension Policy {
    fileprivate init(_ options: JobOptions) throws(JobQueueError) {
        func check(_ field: String, _ isFine: Bool, _ problem: String) throws(JobQueueError) {
            if !isFine { throw JobQueueError(.badOption, problem, field: field) }
        }
        func isTime(_ time: Duration?) -> Bool { time.map { $0.milliseconds >= 1 } ?? true }
        try check(
            "max_attempts", (1...1_000_000).contains(options.maxAttempts), "max attempts must be 1 to 1,000,000")
        try check("timeout_ms", isTime(options.timeout), "the timeout must be at least 1 ms")
        try check("expires_ms", isTime(options.expiry), "the expiry must be at least 1 ms")
        try check("tags", options.tags.count <= 16, "at most 16 tags")
        if case .list(let waits) = options.backoff {
            try check("backoff", (1...1000).contains(waits.count), "a backoff list has 1 to 1,000 waits")
        }
        self.init()
        priority = options.priority
        maxAttempts = options.maxAttempts
        backoff = options.backoff
        timeoutMs = options.timeout?.milliseconds ?? -1
        resultTTLMs = options.resultTTL.wire
    }
}

extension Envelope {
    /// Of what it holds beside the payload.
    private static let maxOverheadBytes = 64 * 1024

    /// Its bytes. Throws `payloadTooLarge`, and `badOption` when the rest is too large.
    func stored(maxPayloadBytes: Int) throws(JobQueueError) -> [UInt8] {
        guard payload.count <= maxPayloadBytes else {
            throw JobQueueError(
                .payloadTooLarge,
                "the payload has \(payload.count) bytes, the limit is \(maxPayloadBytes): store it elsewhere and enqueue a reference",
                field: "payload")
        }
        let bytes = encoded()
        let overhead = bytes.count - payload.count
        guard overhead <= Self.maxOverheadBytes else {
            throw JobQueueError(
                .badOption, "tags, metadata and backoff take \(overhead) bytes, the limit is \(Self.maxOverheadBytes)",
                field: "metadata")
        }
        return bytes
    }
}

extension JobQueue {
    /// `now`: when it is said to be made, ms since 1970.
    func prepare(_ draft: Draft, due: Due, now: Int? = nil) throws(JobQueueError) -> NewJob {
        let now = now ?? self.now
        var envelope = draft.envelope
        envelope.createdMs = now
        switch due {
        case .now: break
        case .at: envelope.due = due
        case .after(let ms): envelope.due = .at(ms: min(now + ms, Due.latest))
        }
        if let expiry = draft.expiry { envelope.policy.expiresMs = min(now + expiry.milliseconds, Due.latest) }
        let bytes = try envelope.stored(maxPayloadBytes: configuration.maxPayloadBytes)
        var job = NewJob(
            id: draft.identity.id ?? makeID(now), envelope: bytes, priority: envelope.policy.priority, due: due)
        switch draft.identity {
        case .made: break
        case .own:
            job.rememberMs = NewJob.ownIDMemoryMs
            job.digest = NewJob.digest(name: envelope.name, payload: envelope.payload)
        case .key(_, let digest, let rememberMs):
            job.rememberMs = rememberMs
            job.digest = digest
        }
        return job
    }

    private func makeID(_ now: Int) -> String {
        var generator = SystemRandomNumberGenerator()
        return ids.withLock { $0.make(ms: now, using: &generator) }
    }

    func result(of admission: Admission, _ id: String, _ queue: QueueName) -> EnqueueResult {
        let handle = JobHandle(id: id, queue: queue, home: self)
        switch admission {
        case .created: return .created(handle)
        case .duplicate(let state): return .duplicate(handle, state)
        case .conflict: return .conflict(id: id)
        case .full:
            return .refused(JobQueueError(.queueFull, "the queue \(queue) takes no more jobs now: try again later"))
        case .invalid, .held:
            return .refused(JobQueueError(.internalError, "the store refused a job that the client let pass"))
        }
    }

    static func due(_ delay: Duration?, _ runAt: Int?) -> Due {
        if let runAt { return .at(ms: min(runAt, Due.latest)) }
        guard let delay, delay.milliseconds > 0 else { return .now }
        return .after(ms: delay.milliseconds)
    }

    static func encode(_ job: some Job) throws(JobQueueError) -> [UInt8] {
        do { return try PayloadEncoder.encode(job) } catch {
            throw JobQueueError(
                .badPayload, "the job cannot be encoded as JSON: \(Printable.oneLine("\(error)", limit: 300))")
        }
    }
}
