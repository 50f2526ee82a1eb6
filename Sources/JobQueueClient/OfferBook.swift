import JobModel
import JobStore

/// The jobs of one call: which of them go out together, and what became of each.
struct OfferBook {
    /// The round trips of each queue, in order.
    private(set) var trips: [(queue: QueueName, batches: [Batch])] = []
    private var answers: [JobQueue.OfferResult?]

    /// What an atomic call may take: a script holds up everybody else while it runs.
    static let atomicJobs = QueueStore.batchLimit
    static let atomicBytes = 8 << 20

    init(_ jobs: [Result<(QueueName, NewJob), JobQueueError>], atomic: Bool) {
        answers = jobs.map { job in
            if case .failure(let error) = job { .failure(error) } else { nil }
        }
        for (position, job) in jobs.enumerated() {
            if case .success((let queue, let job)) = job { add(job, at: position, to: queue, atomic: atomic) }
        }
        if atomic { keepWhole() }
    }

    private mutating func add(_ job: NewJob, at position: Int, to queue: QueueName, atomic: Bool) {
        let known = trips.firstIndex { $0.queue == queue }
        let place = known ?? trips.endIndex
        if known == nil { trips.append((queue, [Batch()])) }
        let last = trips[place].batches.endIndex - 1
        if atomic || trips[place].batches[last].hasRoom(for: job) {
            trips[place].batches[last].add(job, at: position)
        } else {
            var next = Batch()
            next.add(job, at: position)
            trips[place].batches.append(next)
        }
    }

    /// Sends nothing where something is wrong already: says so of those it is wrong with, and holds the others.
    private mutating func keepWhole() {
        guard let first = trips.first?.batches[0] else { return }
        let isTooMuch = first.jobs.count > Self.atomicJobs || first.bytes > Self.atomicBytes
        if isTooMuch {
            refuse(first, JobQueueError(.badOption, "a call of all or none takes 1,000 jobs and 8 MiB at most"))
        }
        for (queue, batches) in trips.dropFirst() {
            let problem = "a call of all or none takes jobs of one queue, and \(queue) is a second one"
            refuse(batches[0], JobQueueError(.badOption, problem, field: "queue"))
        }
        guard answers.contains(where: { $0 != nil }) else { return }
        let held = [Admission](repeating: .held, count: first.jobs.count)
        if !isTooMuch { take(.success(held), of: first, trips[0].queue) }
        trips = []
    }

    private mutating func refuse(_ batch: Batch, _ error: JobQueueError) {
        for position in batch.positions { answers[position] = .failure(error) }
    }

    /// Notes what a round trip answered.
    mutating func take(_ answer: Result<[Admission], StoreError>, of batch: Batch, _ queue: QueueName) {
        switch answer {
        case .success(let admissions):
            for (index, position) in batch.positions.enumerated() {
                answers[position] = .success(
                    Offered(id: batch.jobs[index].id, queue: queue, admission: admissions[index]))
            }
        case .failure(let error): refuse(batch, JobQueueError(error))
        }
    }

    /// For each job, in the order of the call.
    var results: [JobQueue.OfferResult] {
        answers.map { $0 ?? .failure(JobQueueError(.internalError, "a job was not answered for")) }
    }
}
