import Foundation
import JobModel
import JobQueueClient
import JobQueuePostgres
import JobQueueWorker
import JobStore
import Postgres
import TestSupport

/// A queue and a database that nobody else uses, with the schema and a table of effects.
struct OnceRig: Sendable {
    let queue: String
    let jobs: JobQueue
    let redis: String
    let database: Database

    static func make() async throws -> OnceRig {
        let redis = try PrivateRedis.shared.get().url
        let rig = OnceRig(
            queue: "q-\(UUID().uuidString)", jobs: try await JobQueue(url: redis), redis: redis,
            database: try await Database.make())
        try await rig.database.connection.run(script: "CREATE TABLE effects (word text)")
        return rig
    }

    func connect() async throws -> PostgresConnection { try await database.connect() }

    func effects() async throws -> [String] {
        let rows = try await database.connection.query("SELECT word FROM effects ORDER BY word")
        return (0..<rows.rowCount).compactMap { rows.text($0, 0) }
    }

    static func note(_ word: String, _ connection: PostgresConnection) async throws {
        try await connection.query("INSERT INTO effects VALUES ($1)", [.text(word)])
    }

    /// A job that comes back at once when it fails.
    func enqueue(attempts: Int = 5) async throws -> JobHandle {
        try await jobs.enqueue(
            name: "x",
            options: JobOptions(
                queue: queue, maxAttempts: attempts, backoff: .fixed(.milliseconds(1)), timeout: .seconds(60)))
    }

    func worker(
        _ body: @escaping @Sendable (JobContext) async throws -> Void
    ) throws -> Worker {
        var handlers = Handlers()
        handlers.on(name: "x") { _, context in
            try await body(context)
            return nil
        }
        var configuration = WorkerConfiguration()
        configuration.queues = .strict([try QueueName(queue)])
        return try Worker(url: redis, handlers: handlers, configuration: configuration)
    }

    /// Runs a worker until the job has ended; answers how.
    @discardableResult
    func working(
        on job: JobHandle, _ body: @escaping @Sendable (JobContext) async throws -> Void
    ) async throws -> JobOutcome {
        let worker = try worker(body)
        async let run: Void = worker.run()
        let outcome = try await job.outcome()
        worker.stop()
        try await run
        return outcome
    }

    /// Gives a dead job another life.
    func requeue(_ job: JobHandle) async throws {
        let store = jobs.store.queue(try QueueName(queue))
        let view = try await store.inspect([job.id], full: true).jobs[0]
        _ = try await store.requeue([QueueStore.Requeue(again: view)])
    }
}

/// What a user of another client has: a connection of which nobody here knows whether a transaction is open.
struct Foreign: SQLConnection {
    let connection: PostgresConnection
    func run(_ statement: SQLStatement) async throws -> String? { try await connection.run(statement) }
}

struct Mishap: Error {}
