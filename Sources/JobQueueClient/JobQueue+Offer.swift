import JobModel
package import JobStore

/// A job as somebody else asks for it: what a door of this program, such as one for HTTP, hands on.
package struct Offer: Sendable {
    package var name: String
    /// JSON.
    package var payload: [UInt8]
    /// Somebody has found that the payload is JSON in UTF-8, so that it need not be read once more.
    package var isJSON: Bool
    package var identity: JobIdentity
    /// When it may start.
    package var due: Due
    package var options: JobOptions
    /// Of the request that brought it, for logs: 1 to 128 printable ASCII characters.
    package var requestID: String?
    /// When it is said to be made, ms since 1970; nil: now.
    package var createdMs: Int?

    package init(
        name: String, payload: [UInt8], isJSON: Bool = false, identity: JobIdentity = .made, due: Due = .now,
        options: JobOptions = JobOptions(), requestID: String? = nil
    ) {
        self.name = name
        self.payload = payload
        self.isJSON = isJSON
        self.identity = identity
        self.due = due
        self.options = options
        self.requestID = requestID
    }
}

/// What became of an offer that was in order.
package struct Offered: Equatable, Sendable {
    package var id: String
    package var queue: QueueName
    /// `held`: nothing is wrong with it, but others of its call were refused.
    package var admission: Admission

    package init(id: String, queue: QueueName, admission: Admission) {
        self.id = id
        self.queue = queue
        self.admission = admission
    }
}

extension JobQueue {
    package typealias OfferResult = Result<Offered, JobQueueError>

    /// Hands over one job, together with those that others hand over at the same time.
    ///
    /// Fails with `badName`, `badOption`, `badPayload` or `payloadTooLarge`, whose `field` says what is wrong, and with the
    /// errors of a connection: after `unreachable` the job may be stored.
    package func offer(_ offer: Offer) async -> OfferResult {
        do throws(JobQueueError) {
            let (queue, job) = try prepare(offer)
            return await entrance(queue).enqueue(job).map { Offered(id: job.id, queue: queue, admission: $0) }
                .mapError { JobQueueError($0) }
        } catch { return .failure(error) }
    }

    /// Hands over many jobs, of any queues, and answers for each, in order.
    ///
    /// `atomic`: all or none, which takes one queue, 1,000 jobs and 8 MiB at most. An error of the connection is that of all
    /// jobs of its round trip, and of those of the same queue after it. The time that they have counts from `since`.
    package func offer(
        _ offers: [Offer], atomic: Bool, since: ContinuousClock.Instant = .now
    ) async -> [OfferResult] {
        await offer(offers.map(ready), atomic: atomic, since: since)
    }

    /// An offer that was found to be in order, made ready to be handed over.
    package struct ReadyOffer: Sendable {
        let queue: QueueName
        let job: NewJob
    }

    /// Checks an offer and makes it ready, without handing it over.
    package func ready(_ offer: Offer) -> Result<ReadyOffer, JobQueueError> {
        Result { () throws(JobQueueError) in
            let (queue, job) = try prepare(offer)
            return ReadyOffer(queue: queue, job: job)
        }
    }

    /// Hands over many that have been made ready; the error of one that could not be is its answer.
    package func offer(
        _ offers: [Result<ReadyOffer, JobQueueError>], atomic: Bool, since: ContinuousClock.Instant
    ) async -> [OfferResult] {
        var book = OfferBook(offers.map { $0.map { ($0.queue, $0.job) } }, atomic: atomic)
        if book.trips.count == 1 {
            for (batch, answer) in await send(book.trips[0], atomic: atomic, since: since) {
                book.take(answer, of: batch, book.trips[0].queue)
            }
            return book.results
        }
        // No queue waits for another.
        await withTaskGroup(of: (QueueName, [(Batch, Result<[Admission], StoreError>)]).self) { group in
            for trip in book.trips {
                group.addImmediateTask { (trip.queue, await self.send(trip, atomic: atomic, since: since)) }
            }
            for await (queue, answers) in group {
                for (batch, answer) in answers { book.take(answer, of: batch, queue) }
            }
        }
        return book.results
    }

    /// The batches of one queue, one after the other.
    private func send(
        _ trip: (queue: QueueName, batches: [Batch]), atomic: Bool, since: ContinuousClock.Instant
    ) async -> [(Batch, Result<[Admission], StoreError>)] {
        let entrance = entrance(trip.queue)
        var answers: [(Batch, Result<[Admission], StoreError>)] = []
        var answer = Result<[Admission], StoreError>.success([])
        for batch in trip.batches {
            if case .success = answer { answer = await entrance.enqueue(batch.jobs, atomic: atomic, since: since) }
            answers.append((batch, answer))
        }
        return answers
    }

    private func prepare(_ offer: Offer) throws(JobQueueError) -> (QueueName, NewJob) {
        let terms = try Terms(offer.options)
        if let id = offer.requestID, !Names.isRequestID(id) {
            throw JobQueueError(
                .badOption, "a request id has 1 to 128 printable ASCII characters", field: "request_id")
        }
        switch offer.due {
        case .after(let time) where time > Due.latest:
            throw JobQueueError(.badOption, "the delay is at most \(Due.latest) ms", field: "delay_ms")
        case .at(let time) where time > Due.latest:
            throw JobQueueError(.badOption, "the time to start is at most \(Due.latest) ms", field: "run_at_ms")
        default: break
        }
        var draft = try Draft(
            name: offer.name, payload: offer.payload, identity: offer.identity, terms: terms, isJSON: offer.isJSON)
        draft.envelope.requestID = offer.requestID
        return (terms.queue, try prepare(draft, due: offer.due, now: offer.createdMs ?? now))
    }
}
