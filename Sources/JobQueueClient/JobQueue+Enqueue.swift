package import JobModel
package import JobStore
import Synchronization

/// What became of one of many jobs.
public enum EnqueueResult: Sendable {
    /// It is stored.
    case created(JobHandle)
    /// The same job is there already, in this state; nil: it has ended and only its id is remembered.
    case duplicate(JobHandle, JobState?)
    /// The id belongs to another job. Nothing was stored.
    case conflict(id: String)
    /// Nothing was stored; the error says why.
    case refused(JobQueueError)

    /// The job, stored now or before; throws why there is none.
    package func handle() throws(JobQueueError) -> JobHandle {
        switch self {
        case .created(let handle), .duplicate(let handle, _): return handle
        case .conflict(let id):
            throw JobQueueError(
                .conflict, "the id \(id) belongs to a job with another name or payload: choose another")
        case .refused(let error): throw error
        }
    }
}

extension JobQueue {
    /// Hands over one job.
    ///
    /// - Parameters:
    ///   - id: An id of your own: a second call with the same id and job stores nothing. Remembered for 10 minutes at least.
    ///   - delay: Start no earlier than after this time.
    ///   - runAt: Start no earlier than at this moment, ms since 1970. Takes precedence over `delay`.
    ///   - options: Instead of those of the type.
    /// - Throws: `badName`, `badOption`, `badPayload`, `payloadTooLarge`, `conflict`, `queueFull`, `unreachable`,
    ///   `denied`, `refused`. After `unreachable` the job may be stored: call again with an id of your own to be sure.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, id: String? = nil, in delay: Duration? = nil, atMilliseconds runAt: Int? = nil,
        options: JobOptions? = nil
    ) async throws(JobQueueError) -> JobHandle {
        try await enqueue(
            name: J.name, payload: try Self.encode(job), id: id, in: delay, atMilliseconds: runAt,
            options: options ?? J.options, isChecked: true
        ).handle()
    }

    /// Hands over a job by its bare name, with a payload that is JSON already: for callers without the worker's types.
    @discardableResult
    public func enqueue(
        name: String, payload: String = "null", id: String? = nil, in delay: Duration? = nil,
        atMilliseconds runAt: Int? = nil, options: JobOptions = JobOptions()
    ) async throws(JobQueueError) -> JobHandle {
        try await enqueue(
            name: name, payload: Array(payload.utf8), id: id, in: delay, atMilliseconds: runAt, options: options,
            isChecked: false
        ).handle()
    }

    /// The same, and says whether the job was there already.
    package func offer(
        name: String, payload: String, id: String?, in delay: Duration?, atMilliseconds runAt: Int?,
        options: JobOptions
    ) async throws(JobQueueError) -> EnqueueResult {
        try await enqueue(
            name: name, payload: Array(payload.utf8), id: id, in: delay, atMilliseconds: runAt, options: options,
            isChecked: false)
    }

    private func enqueue(
        name: String, payload: [UInt8], id: String?, in delay: Duration?, atMilliseconds runAt: Int?,
        options: JobOptions,
        isChecked: Bool
    ) async throws(JobQueueError) -> EnqueueResult {
        let terms = try Terms(options)
        let draft = try Draft(name: name, payload: payload, id: id, terms: terms, isJSON: isChecked)
        let job = try prepare(draft, due: Self.due(delay, runAt))
        let entrance = entrance(terms.queue)
        switch await entrance.enqueue(job) {
        case .success(let admission): return result(of: admission, job.id, terms.queue)
        case .failure(let error): throw JobQueueError(error)
        }
    }

    /// Hands over many jobs, 1,000 at most in a round trip, and answers for each, in order.
    ///
    /// One that cannot be stored does not keep the others out. After an error of the connection the jobs of that round
    /// trip, and of those after it, are `refused`.
    public func enqueue<J: Job>(
        contentsOf jobs: [J], in delay: Duration? = nil, options: JobOptions? = nil
    )
        async -> [EnqueueResult]
    {
        await enqueue(drafts: jobs, due: Self.due(delay, nil), options ?? J.options) {
            (job, terms) throws(JobQueueError) in
            try Draft(name: J.name, payload: Self.encode(job), id: nil, terms: terms, isJSON: true)
        }
    }

    /// A job for `enqueue(contentsOf:)` by bare name.
    public struct BareJob: Sendable {
        public var name: String
        /// JSON.
        public var payload: String
        public var id: String?
        public init(name: String, payload: String = "null", id: String? = nil) {
            self.name = name
            self.payload = payload
            self.id = id
        }
    }

    /// Hands over many jobs by bare name.
    public func enqueue(
        contentsOf jobs: [BareJob], in delay: Duration? = nil, options: JobOptions = JobOptions()
    )
        async -> [EnqueueResult]
    {
        await enqueue(drafts: jobs, due: Self.due(delay, nil), options) { (job, terms) throws(JobQueueError) in
            try Draft(name: job.name, payload: Array(job.payload.utf8), id: job.id, terms: terms, isJSON: false)
        }
    }

    /// While batches are on their way, the next is made ready. They leave in order, on one connection: so they are stored,
    /// while nothing goes wrong. Where Redis is near, a batch leaves as soon as fewer than two are under way, full or not:
    /// else Redis would wait while a thousand jobs are encoded, and the caller while they are stored.
    private func enqueue<T>(
        drafts sources: [T], due: Due, _ options: JobOptions, _ draft: (T, Terms) throws(JobQueueError) -> Draft
    ) async -> [EnqueueResult] {
        let terms: Terms
        do throws(JobQueueError) { terms = try Terms(options) } catch {
            return sources.map { _ in .refused(error) }
        }
        var results = [EnqueueResult?](repeating: nil, count: sources.count)
        let entrance = entrance(terms.queue)
        await withTaskGroup(of: (Batch, Result<[Admission], StoreError>).self) { group in
            var failure: JobQueueError?
            var batch = Batch()
            let ended = Ended()
            /// How many may be under way: one that Redis works at, and one that waits for it.
            var limit: Int { entrance.isOpen ? 2 : 1 }
            var (started, received) = (0, 0)
            func receive() async {
                guard let (sent, answer) = await group.next() else { return }
                received += 1
                switch answer {
                case .success(let admissions):
                    for (index, position) in sent.positions.enumerated() {
                        results[position] = result(of: admissions[index], sent.jobs[index].id, terms.queue)
                    }
                case .failure(let error):
                    failure = failure ?? JobQueueError(error)
                    for position in sent.positions { results[position] = .refused(JobQueueError(error)) }
                }
            }
            func send() async {
                while started - received >= limit { await receive() }
                let ready = batch
                batch = Batch()
                if let failure {
                    for position in ready.positions { results[position] = .refused(failure) }
                } else {
                    started += 1
                    // At once: it has been given to the connection when this returns.
                    group.addImmediateTask {
                        let answer = await entrance.enqueue(ready.jobs)
                        ended.increase()
                        return (ready, answer)
                    }
                }
            }
            for (position, source) in sources.enumerated() {
                do throws(JobQueueError) {
                    let job = try prepare(try draft(source, terms), due: due)
                    if !batch.hasRoom(for: job) { await send() }
                    batch.add(job, at: position)
                    if batch.isWorthATrip, entrance.isNear, started - ended.count < limit { await send() }
                } catch { results[position] = .refused(error) }
            }
            if !batch.jobs.isEmpty { await send() }
            while received < started { await receive() }
        }
        return results.map { $0 ?? .refused(JobQueueError(.internalError, "a job was not answered for")) }
    }
}

extension JobQueue {
    /// Stores up to 1,000 jobs that are ready to be stored, 1 MiB of them, in one round trip, and answers for each.
    package func store(_ jobs: [NewJob], in queue: QueueName) async throws(JobQueueError) -> [Admission] {
        switch await entrance(queue).enqueue(jobs) {
        case .success(let admissions): return admissions
        case .failure(let error): throw JobQueueError(error)
        }
    }
}

/// How many batches have been answered.
private final class Ended: Sendable {
    private let number = Atomic(0)
    var count: Int { number.load(ordering: .relaxed) }
    func increase() { number.add(1, ordering: .relaxed) }
}
