import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Redis

/// Where rounds happen: a server, and queues of their own in it that are gone afterwards.
struct Stage: Sendable {
    let redis: RedisConfiguration
    let meter: Meter
    /// Part of every queue's name, so that nothing of somebody else's is touched.
    let mark: String

    /// Runs a round on a new queue, and removes the queue.
    func play<T>(_ round: (QueueName) async throws -> T) async throws -> T {
        let queue = try QueueName("bench-\(mark)-\(UInt32.random(in: 0 ... .max))")
        do {
            let result = try await round(queue)
            try await meter.forget(queue)
            return result
        } catch {
            try? await meter.forget(queue)
            throw error
        }
    }

    /// Gives producers a connection.
    func produce<T>(_ body: (JobQueue) async throws -> T) async throws -> T {
        let client = RedisClient(redis)
        try await client.connect()
        let queue = try await JobQueue(client: client)
        do {
            let result = try await body(queue)
            await queue.close()
            return result
        } catch {
            await queue.close()
            throw error
        }
    }

    /// Stores jobs in bulk.
    func fill(_ name: QueueName, _ count: Int, ttl: Int = 500, _ job: (Int) -> some Job) async throws {
        let options = JobOptions(queue: name.text, resultTTL: ttl == 0 ? .none : .seconds(ttl))
        try await produce { queue in
            for start in stride(from: 0, to: count, by: 1000) {
                try Task.checkCancellation()
                let batch = (start..<min(start + 1000, count)).map(job)
                for result in await queue.enqueue(contentsOf: batch, options: options) {
                    guard case .created = result else { throw BenchFailure("a job was not taken in: \(result)") }
                }
            }
        }
    }

    /// Empties a queue with a worker of the real kind.
    func drain(
        _ row: String, _ queue: QueueName, _ jobs: Int, concurrency: Int, _ handlers: Handlers
    ) async throws -> Figure {
        var configuration = WorkerConfiguration()
        configuration.queues = .strict([queue])
        configuration.concurrency = concurrency
        configuration.isBurst = true
        let worker = try Worker(redis: redis, handlers: handlers, configuration: configuration)
        let figure = try await meter.measure(row, jobs) { try await worker.run() }
        let done = try await meter.total("succeeded", of: queue)
        guard done == jobs else { throw BenchFailure("\(done) of \(jobs) jobs succeeded") }
        return figure
    }
}
