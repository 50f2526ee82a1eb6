public import JobQueueClient
public import JobQueueWorker
public import Postgres

/// Enqueues in the transaction that is open, `connection.enqueue(SendEmail(…))`; without one, Postgres commits it at once.
extension PostgresConnection: SQLConnection {
    /// Throws `PostgresError`.
    public func run(_ statement: SQLStatement) async throws -> String? {
        try await query(statement.sql, statement.bindings.map { $0.map(PostgresValue.text) ?? .null }).text(0, 0)
    }
}

extension JobContext {
    /// Does something in Postgres once for this job, however often the job runs: what the body writes on the connection and the
    /// note that it is done are committed together. Answers nil, without calling the body, when an earlier run has done it.
    ///
    ///     try await pool.withConnection { connection in
    ///         try await context.once(connection) {
    ///             try await connection.query("INSERT INTO invoices …", [.int(job.order)])
    ///         }
    ///     }
    ///
    /// Where a transaction is open, it becomes part of it; else it begins one, commits it when the body returns, and undoes it
    /// when the body throws, so that the next run does it. A run that comes while another one's transaction is open waits for
    /// its end, 30 s at most. Somebody who requeues the job (`generation`) wants its effects again. It is remembered for as long
    /// as the relay is told to, 30 days by default.
    ///
    /// What happens outside of Postgres (mail, payments) is not undone by a rollback, and not done once by this.
    ///
    /// Throws what the body throws, and what `PostgresConnection.transaction` does. After `commitUnknown` let the job fail: its next
    /// run is told whether it was done.
    @discardableResult
    public func once<Answer: Sendable>(
        _ connection: PostgresConnection, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Answer
    ) async throws -> Answer? {
        if connection.isInTransaction { return try await doOnce(connection, body) }
        return try await connection.transaction { try await doOnce($0, body) }
    }

    private func doOnce<Answer: Sendable>(
        _ connection: PostgresConnection, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Answer
    ) async throws -> Answer? {
        let statement = SQLStatement(
            sql: "SELECT jobqueue.once($1::text, $2::text, $3::text::integer)::text",
            bindings: [queue.text, id, "\(generation)"])
        return try await connection.run(statement) == "true" ? body() : nil
    }
}
