import JobModel

/// One statement for a Postgres that has the schema `jobqueue` (Docs/postgres.md), for whatever client runs it: what it does
/// is part of the transaction that the client has open.
///
///     let statement = try SQLStatement.enqueue(SendEmail(to: "a@example.org"))
///     // PostgresNIO
///     try await connection.query(PostgresQuery(unsafeSQL: statement.sql, binds: binds), logger: logger)
///
/// The text is the same for every job, so that plans are kept, and holds no value of yours. Its answer is one row with one
/// column, a text.
public struct SQLStatement: Sendable, Hashable {
    /// With `$1` and so on for the bindings.
    public let sql: String
    /// One for each placeholder, all of the type `text`; nil is NULL.
    public let bindings: [String?]

    /// Any other statement that answers at most one text. The placeholders say their types, such as `$2::text::integer`.
    public init(sql: String, bindings: [String?] = []) {
        self.sql = sql
        self.bindings = bindings
    }
}

/// A connection to Postgres, of whatever client: what it needs to enqueue, and to do something once.
///
/// `PostgresConnection` of this package is one with `import JobQueuePostgres`; for others it takes a few lines, as Docs/postgres.md
/// shows.
///
/// **The transaction is yours.** Outside of one, Postgres commits each statement by itself: then a job is enqueued although
/// the rest is undone, and an effect counts as done before it is.
public protocol SQLConnection: Sendable {
    /// Runs one statement in the transaction that is open, and answers the first column of its first row; nil for NULL, and
    /// without a row. Throws whatever the client throws.
    func run(_ statement: SQLStatement) async throws -> String?
}

extension SQLConnection {
    /// Enqueues a job when the open transaction commits, and never if it does not. Answers the job's id: with
    /// `JobQueue.job(_:queue:)` it leads to the outcome, once the relay has handed the job over.
    ///
    /// - Parameters:
    ///   - id: An id of your own: a second call with the same id and job stores nothing.
    ///   - delay: Start no earlier than after this time.
    ///   - runAt: Start no earlier than at this moment, ms since 1970. Takes precedence over `delay`.
    ///   - idempotencyKey: Instead of an id, 1 to 255 visible ASCII characters but `"`: one key makes one job for this role
    ///     and queue, remembered for a day.
    ///   - options: Instead of those of the type.
    /// - Throws: `JobQueueError` when something is wrong with the job, before anything is sent, and what the client throws:
    ///   Docs/postgres.md lists what the server refuses. Then the transaction is lost, as with any failed statement.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, id: String? = nil, in delay: Duration? = nil, atMilliseconds runAt: Int? = nil,
        idempotencyKey: String? = nil, options: JobOptions? = nil
    ) async throws -> String {
        try await answer(
            .enqueue(
                job, id: id, in: delay, atMilliseconds: runAt, idempotencyKey: idempotencyKey, options: options))
    }

    /// The same by bare name, with a payload that is JSON already: it is stored bit for bit.
    @discardableResult
    public func enqueue(
        name: String, payload: String = "null", id: String? = nil, in delay: Duration? = nil,
        atMilliseconds runAt: Int? = nil, idempotencyKey: String? = nil, options: JobOptions = JobOptions()
    ) async throws -> String {
        try await answer(
            .enqueue(
                name: name, payload: payload, id: id, in: delay, atMilliseconds: runAt, idempotencyKey: idempotencyKey,
                options: options))
    }

    /// Enqueues many jobs with one statement, all or none. Answers their ids in the same order.
    @discardableResult
    public func enqueue<J: Job>(
        contentsOf jobs: [J], in delay: Duration? = nil, options: JobOptions? = nil
    ) async throws -> [String] {
        try await answers(.enqueue(contentsOf: jobs, in: delay, options: options))
    }

    /// The same by bare name.
    @discardableResult
    public func enqueue(
        contentsOf jobs: [JobQueue.BareJob], in delay: Duration? = nil, options: JobOptions = JobOptions()
    ) async throws -> [String] {
        try await answers(.enqueue(contentsOf: jobs, in: delay, options: options))
    }

    private func answer(_ statement: SQLStatement) async throws -> String {
        guard let id = try await run(statement) else { throw Self.silence }
        return id
    }

    private func answers(_ statement: SQLStatement) async throws -> [String] {
        var text = try await run(statement) ?? ""
        guard let ids = text.withUTF8({ JSONReader.strings($0) }) else { throw Self.silence }
        return ids
    }

    private static var silence: JobQueueError {
        JobQueueError(
            .internalError, "the statement was run, but the connection did not hand on what Postgres answered")
    }
}
