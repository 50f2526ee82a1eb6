public import JobQueueClient

extension JobContext {
    /// Does something in Postgres once for this job, however often the job runs: what the body writes and the note that it is
    /// done are committed together. Answers nil, without calling the body, when an earlier run has done it, or another part
    /// of this one.
    ///
    ///     try await database.transaction { connection in
    ///         try await context.once(connection) { try await connection.insertInvoice(job.order) }
    ///     }
    ///
    /// The transaction is yours, and has to be open: a connection that commits each statement by itself is found out, with
    /// `noTransaction`, before anything is done. Let errors leave the transaction, so that it is rolled back and the next run does
    /// what this one could not. A run that comes while another one's transaction is open waits for its end, and does what it
    /// undid. Somebody who requeues the job (`generation`) wants its effects again. It is remembered for as long as the relay
    /// is told to, 30 days by default.
    ///
    /// What happens outside of Postgres (mail, payments) is not undone by a rollback, and not done once by this.
    ///
    /// Throws what the body throws, `JobQueueError.Code.noTransaction`, and what the client throws: in a transaction of the level
    /// `REPEATABLE READ` or `SERIALIZABLE` also a serialization failure (40001), when another run was first at this moment.
    @discardableResult
    public func once<Answer>(
        _ connection: some SQLConnection, isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws -> Answer
    ) async throws -> Answer? {
        let transaction = try await connection.run(SQLStatement(sql: "SELECT pg_current_xact_id()::text"))
        let statement = SQLStatement(
            sql: """
                SELECT CASE WHEN pg_current_xact_id()::text = $4::text \
                THEN jobqueue.once($1::text, $2::text, $3::text::integer)::text END
                """,
            bindings: [queue.text, id, "\(generation)", transaction])
        switch try await connection.run(statement) {
        case "true": return try await body()
        case "false": return nil
        default:
            throw JobQueueError(
                .noTransaction, "the connection to Postgres has no transaction open: begin one around once")
        }
    }
}
