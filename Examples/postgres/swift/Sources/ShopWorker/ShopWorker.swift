import Configuration
import JobQueueCLI
import JobQueuePostgres
import JobQueueWorker
import Jobs
import Postgres

/// The worker. With `--postgres-url` or POSTGRES_URL, `shop-worker run` also moves what was enqueued there into Redis.
@main struct ShopWorker: WorkerApp {
    static func register(_ handlers: inout Handlers, _ config: ConfigReader) async throws {
        // The same setting that the relay uses: --postgres-url, POSTGRES_URL, a secret file or queue.yaml.
        let url = config.string(forKey: "postgres.url", isSecret: true, default: "postgres://localhost/shop")
        let pool = PostgresPool(try PostgresConfiguration(url: url))

        handlers.on(SendReceipt.self) { job, context in
            let isWritten: Bool? = try await pool.withConnection { connection in
                // A run that was lost behind its commit is not done again.
                try await context.once(connection) {
                    try await connection.query("INSERT INTO receipts (order_id) VALUES ($1)", [.int(job.order)])
                    return true
                }
            }
            context.logger.info(isWritten == nil ? "the receipt was there" : "receipt written")
        }
    }
}
