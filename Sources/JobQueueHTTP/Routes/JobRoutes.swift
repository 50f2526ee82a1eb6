import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Handing jobs over, looking at them, and steering them.
    var jobRoutes: [Route] {
        [
            Route(.post, "/v1/jobs", .jobsWrite) { call throws(Problem) in try await enqueue(call) },
            Route(.put, "/v1/queues/{queue}/jobs/{id}", .jobsWrite) { call throws(Problem) in try await put(call) },
            Route(.get, "/v1/queues/{queue}/jobs/{id}", .jobsRead) { call throws(Problem) in try await read(call) },
            Route(.get, "/v1/queues/{queue}/jobs/{id}/result", .jobsRead) { call throws(Problem) in
                try await result(call)
            },
        ]
    }

    // MARK: Enqueue

    /// `POST /v1/jobs`: a job with an id of ours, or one that its idempotency key names.
    private func enqueue(_ call: Call) async throws(Problem) -> Answer {
        let key = try IdempotencyKey(call.headers)
        let body = try await call.jsonBody(limit: configuration.maxBodyBytes)
        var (job, offer) = try order(body, of: call.caller, requestID: call.requestID)
        if let key {
            offer.identity = .key(
                id: key.jobID(caller: call.caller.id, queue: job.queue), digest: IdempotencyKey.digest(body[...]),
                rememberMs: IdempotencyKey.memoryMs)
        }
        let offered = try await hand(over: offer)
        if case .conflict = offered.admission {
            throw Problem(.keyReused, "this key was used with another body: use a new key for another job")
        }
        var answer = try await accepted(offered, job, offer.createdMs ?? queue.now, call)
        if case .duplicate = offered.admission { answer.headers[.idempotencyReplayed] = "true" }
        return answer
    }

    /// What the body of `POST /v1/jobs` asks for.
    func order(
        _ body: [UInt8], of caller: Caller, requestID: String
    ) throws(Problem) -> (job: JobRequest, offer: Offer) {
        let job = try Self.job(body)
        try caller.check(job.queue)
        return (job, job.offer(requestID: requestID, now: queue.now))
    }

    /// `PUT /v1/queues/{queue}/jobs/{id}`: a job with an id of the caller's.
    private func put(_ call: Call) async throws(Problem) -> Answer {
        let (name, id) = (try call.queue(), try call.jobID())
        let job = try Self.job(try await call.jsonBody(limit: configuration.maxBodyBytes), queue: name)
        var offer = job.offer(requestID: call.requestID, now: queue.now)
        offer.identity = .own(id)
        let offered = try await hand(over: offer)
        if case .conflict = offered.admission {
            throw Problem(
                .conflict, "the id \(id) belongs to a job with another name or payload: choose another")
        }
        return try await accepted(offered, job, offer.createdMs ?? queue.now, call)
    }

    /// Reads one job; in `queue`, and nowhere else, where the path names one.
    private static func job(_ body: [UInt8], queue: QueueName? = nil) throws(Problem) -> JobRequest {
        var fields = try Fields(body)
        let job = JobRequest(&fields, queue: queue ?? .default)
        try fields.end(.invalidJob)
        guard let job else { throw Problem(.internalError, "a job was refused without a reason") }
        if let queue, job.queue != queue {
            throw Problem(.queueMismatch, "the path says the queue \(queue), the body \(job.queue): leave it out there")
        }
        return job
    }

    private func hand(over offer: Offer) async throws(Problem) -> Offered { try Self.taken(await handOver(offer)) }

    /// Throws why there is no job.
    static func taken(_ result: JobQueue.OfferResult) throws(Problem) -> Offered {
        let offered: Offered
        do throws(JobQueueError) { offered = try result.get() } catch { throw Problem(error) }
        switch offered.admission {
        case .created, .duplicate, .conflict: return offered
        case .full:
            throw Problem(.queueFull, "the queue \(offered.queue) takes no more jobs now").retry(after: 5)
        case .invalid, .held: throw Problem(.internalError, "the store refused a job that was let pass")
        }
    }

    /// What is answered for a job that is stored now or was before; waits for its end where that is preferred.
    private func accepted(
        _ offered: Offered, _ job: JobRequest, _ now: Int, _ call: Call
    ) async throws(Problem) -> Answer {
        if let wait = grantedWait(call) {
            let ended = try await wait.run(offered.id, offered.queue)
            var headers: HTTPFields = [.location: path(of: offered)]
            headers[.preferenceApplied] = wait.applied
            let isOver = ended.view.state?.isFinal ?? true
            let document = JobDocument(view: ended.view, queue: offered.queue, includes: call.mayReadPayload(.result))
            var answer = Answer.json(document.encoded(), isOver ? .ok : .accepted, headers: headers)
            answer.waited = ended.waited
            answer.change = Change(queue: offered.queue.text, id: offered.id)
            return answer
        }
        var createdMs = now
        if offered.admission != .created {
            // The first answer has the first moment.
            let view = try await view(of: offered.id, in: offered.queue)
            createdMs = (try? Envelope(parsing: view.envelope))?.createdMs ?? createdMs
        }
        return receipt(offered, job, createdMs)
    }

    /// What is answered for a job that is stored, at once.
    func receipt(_ offered: Offered, _ job: JobRequest, _ createdMs: Int) -> Answer {
        let receipt = Receipt(name: job.name, due: job.due, createdMs: createdMs)
        var answer = Answer.json(
            receipt.encoded(offered), offered.admission == .created ? .created : .ok,
            headers: [.location: path(of: offered)])
        answer.change = Change(queue: offered.queue.text, id: offered.id)
        return answer
    }

    private func path(of offered: Offered) -> String {
        "\(configuration.prefix)/v1/queues/\(offered.queue)/jobs/\(offered.id)"
    }

    // MARK: Look

    private func read(_ call: Call) async throws(Problem) -> Answer {
        let (queue, id) = (try call.queue(), try call.jobID())
        var query = try call.query()
        let wanted = Inclusion(try query.words("include", of: Inclusion.names))
        try query.end()
        if !wanted.isDisjoint(with: [.payload, .result]) { try call.caller.check(.payloadRead) }
        guard let wait = grantedWait(call) else {
            return Self.tagged(try await view(of: id, in: queue), queue, wanted)
        }
        let ended = try await wait.run(id, queue)
        var answer = Self.tagged(ended.view, queue, wanted)
        answer.headers[.preferenceApplied] = wait.applied
        answer.waited = ended.waited
        return answer
    }

    private static func tagged(_ view: JobView, _ queue: QueueName, _ includes: Inclusion) -> Answer {
        var answer = Answer.json(JobDocument(view: view, queue: queue, includes: includes).encoded())
        answer.headers[.eTag] = EntityTag.of(view)
        return answer
    }

    /// The bytes that the handler returned.
    private func result(_ call: Call) async throws(Problem) -> Answer {
        try call.caller.check(.payloadRead)
        let (queue, id) = (try call.queue(), try call.jobID())
        let wait = grantedWait(call)
        var (view, waited) = (try await view(of: id, in: queue), Duration.zero)
        if let wait, !(view.state?.isFinal ?? true) { (view, waited) = try await wait.run(id, queue) }
        var answer = try Self.result(view, queue)
        if let wait { answer.headers[.preferenceApplied] = wait.applied }
        answer.waited = waited
        return answer
    }

    private static func result(_ view: JobView, _ queue: QueueName) throws(Problem) -> Answer {
        switch view.state {
        case .succeeded:
            guard let result = view.result else {
                throw Problem(.jobNotFound, "the job succeeded; its result is not kept")
            }
            if let omitted = result.omitted {
                throw Problem(.jobFailed, "the job succeeded without a result: \(omitted)")
            }
            return .json(Array(result.result))
        case .dead, .cancelled:
            let message = view.errors.last.map { ": \($0.reason.rawValue): \($0.message)" } ?? ""
            throw Problem(.jobFailed, "the job is \(view.state?.rawValue ?? "")\(message)")
        case nil: throw Problem(.jobNotFound, "the job has ended and is forgotten: only its id is remembered")
        default:
            var answer = Answer.json(JobDocument(view: view, queue: queue).encoded(), .accepted)
            answer.headers[.retryAfter] = "1"
            return answer
        }
    }

    // MARK: Waiting

    /// A wait that was asked for and may be had.
    private struct Wait {
        let api: JobQueueAPI
        let caller: Caller
        let seconds: Int

        var applied: String { "wait=\(seconds)" }

        func run(_ id: String, _ queue: QueueName) async throws(Problem) -> (view: JobView, waited: Duration) {
            let pass = try api.waits.pass(for: caller)
            defer { withExtendedLifetime(pass) {} }
            return try await api.awaitEnd(of: id, in: queue, within: .seconds(seconds))
        }
    }

    /// Nil when none was asked for, and when the caller may not read jobs: a preference may be passed over.
    private func grantedWait(_ call: Call) -> Wait? {
        guard let seconds = Preferences(call.headers).wait, seconds > 0, call.caller.may(.jobsRead) else {
            return nil
        }
        let longest = Int(configuration.maxWait.components.seconds)
        return Wait(api: self, caller: call.caller, seconds: min(seconds, longest))
    }
}

/// What is answered for a job that is stored. The state is the one in which it was accepted, so that a repeated request gets
/// the same answer.
struct Receipt {
    var name: String
    var due: Due
    /// ms since 1970.
    var createdMs: Int

    func encoded(_ offered: Offered) -> [UInt8] {
        JSONWriter.object(capacity: 240) { write(offered, to: &$0) }
    }

    func write(_ offered: Offered, to writer: inout JSONWriter) {
        let later: Int? =
            switch due {
            case .now: nil
            case .after(let delay): min(createdMs + delay, Due.latest)
            case .at(let moment): moment > createdMs ? moment : nil
            }
        writer.field("id", offered.id)
        writer.field("queue", offered.queue.text)
        writer.field("name", name)
        writer.field("state", (later == nil ? JobState.queued : .scheduled).rawValue)
        writer.field("created_at", Timestamp.text(createdMs))
        if let later { writer.field("run_at", Timestamp.text(later)) }
    }
}

extension JobRequest {
    /// `now`: when it is made, ms since 1970.
    func offer(requestID: String, now: Int) -> Offer {
        // A value of a document that was read as a whole.
        var offer = Offer(
            name: name, payload: Array(payload), isJSON: true, due: due, options: options, requestID: requestID)
        offer.createdMs = now
        return offer
    }
}

extension Call {
    /// A body that has to be JSON.
    func jsonBody(limit: Int) async throws(Problem) -> [UInt8] {
        try checkMedia(["application/json"])
        return try await body(limit: limit)
    }

    /// What is included where the caller may see it.
    func mayReadPayload(_ inclusion: Inclusion) -> Inclusion { caller.may(.payloadRead) ? inclusion : [] }
}
