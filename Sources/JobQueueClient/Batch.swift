import JobStore

/// Jobs of one round trip, and where they stand among those of the call.
struct Batch {
    private(set) var jobs: [NewJob] = []
    private(set) var positions: [Int] = []
    /// Of envelopes.
    private(set) var bytes = 0

    /// A script call costs Redis as much as a few jobs do.
    var isWorthATrip: Bool { jobs.count >= 128 }

    func hasRoom(for job: NewJob) -> Bool {
        jobs.isEmpty || jobs.count < QueueStore.batchLimit && bytes + job.envelope.count <= QueueStore.batchBytes
    }

    mutating func add(_ job: NewJob, at position: Int) {
        jobs.append(job)
        positions.append(position)
        bytes += job.envelope.count
    }
}
