import JobModel
import Redis

extension QueueStore {
    /// Why a job is where it is: what was seen of it and of its queue, and the reasons, the one that holds it up first. Two
    /// round trips, of some jobs three.
    package func explain(
        _ id: String
    ) async throws(StoreError) -> (job: JobView, queue: QueueSnapshot, reasons: [Explanation]) {
        let job = try await inspect([id], full: true).jobs[0]
        let queue = try await snapshot()
        let ahead = job.state == .queued ? try await ahead(of: job) : 0
        let isInInbox = job.state == nil ? try await isInInbox(id) : false
        return (job, queue, Explanation.of(job, in: queue, ahead: ahead, isInInbox: isInInbox))
    }

    /// Why the queue does what it does.
    package func explain() async throws(StoreError) -> (queue: QueueSnapshot, reasons: [Explanation]) {
        let queue = try await snapshot()
        var name: String?
        if let first = try await ids(.queued, offset: 0, limit: 1).first {
            let envelope = try await inspect([first], full: true).jobs[0].envelope
            name = (try? Envelope(parsing: envelope))?.name
        }
        return (queue, Explanation.of(queue, firstName: name))
    }

    /// How many jobs stand before it in line.
    private func ahead(of job: JobView) async throws(StoreError) -> Int {
        guard let score = job.scoreText else { return 0 }
        do throws(RedisError) {
            return try await client.send(Command("ZCOUNT", Key.queued.name(in: name), "-inf", "(\(score)")).integer()
        } catch { throw .redis(error) }
    }

    /// Is the id that of an entry, or of one of the oldest thousand envelopes?
    private func isInInbox(_ id: String) async throws(StoreError) -> Bool {
        try await inbox(limit: Self.batchLimit, cut: 262_144).contains { entry in
            "inbox:\(entry.entry)" == id || (try? Envelope(parsing: entry.envelope))?.id == id
        }
    }
}
