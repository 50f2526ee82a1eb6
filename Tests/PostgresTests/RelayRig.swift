import Foundation
import JobModel
import JobQueueClient
import JobQueuePostgres
import JobStore
import Postgres
import Redis
import TestSupport

/// How relays of a test differ from others.
struct RelaySettings: Sendable {
    var poll = Duration.milliseconds(50)
    var batch = 500
    var replicas = 0
}

/// Asks again and again, until it is so or nobody wants to know any more.
func until(_ isSo: () async throws -> Bool) async throws {
    while try await !isSo() {
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// A database with an outbox, a Redis, and relays between the two that end with what they are needed for.
struct RelayRig: Sendable {
    let database: Database
    let redis: PrivateRedis
    let jobs: JobQueue
    /// Of all jobs of this test, unless it says otherwise.
    let queue: String

    static func make(_ postgres: PrivatePostgres? = nil, redis: PrivateRedis? = nil) async throws -> RelayRig {
        let redis = try redis ?? PrivateRedis.shared.get()
        return RelayRig(
            database: try await Database.make(on: postgres), redis: redis, jobs: try await JobQueue(url: redis.url),
            queue: "q-\(UUID().uuidString)")
    }

    var store: QueueStore { get throws { jobs.store.queue(try QueueName(queue)) } }

    func queue(_ name: String) throws -> QueueStore { jobs.store.queue(try QueueName(name)) }

    /// Runs a body beside so many relays.
    func withRelay<Answer: Sendable>(
        _ count: Int = 1, _ settings: RelaySettings = RelaySettings(),
        _ body: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        var configuration = Relay.Configuration()
        configuration.poll = settings.poll
        configuration.pause = .milliseconds(50)
        configuration.batch = settings.batch
        configuration.replicas = settings.replicas
        configuration.replicaTimeout = .milliseconds(20)
        var settings = JobQueue.Configuration()
        settings.enqueueTimeout = .seconds(2)
        let server = try PostgresConfiguration(url: database.url)
        return try await withThrowingTaskGroup(of: Answer?.self) { [configuration, settings] group in
            for _ in 0..<count {
                let client = RedisClient(try RedisConfiguration(url: redis.url))
                let relay = Relay(server, queue: JobQueue(unchecked: client, configuration: settings), configuration)
                group.addTask {
                    await relay.run()
                    await client.close()
                    return nil
                }
            }
            group.addTask { try await body() }
            while let answer = try await group.next() {
                if let answer {
                    group.cancelAll()
                    return answer
                }
            }
            throw CancellationError()
        }
    }

    /// Waits until no row waits any more.
    func drained() async throws {
        try await until { try await database.outbox.backlog().rows == 0 }
    }

    /// The ids of all queued jobs, in order.
    func queued() async throws -> [String] { try await store.ids(.queued, offset: 0, limit: 100_000) }

    /// Waits until so many jobs are queued, and answers their ids.
    @discardableResult
    func queued(_ count: Int) async throws -> [String] {
        try await until { try await queued().count >= count }
        return try await queued()
    }

    /// How many jobs were ever stored in the queue.
    func everEnqueued() async throws -> Int { try await store.snapshot().total("enqueued") }
}
