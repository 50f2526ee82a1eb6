/// What `NOTIFY` sent.
public struct PostgresNotification: Sendable, Equatable {
    public var channel: String
    /// Empty where nothing was said.
    public var payload: String

    /// For tests of what hears one.
    public init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }
}

/// One connection, with a thread of its own that waits for the server: no thread of Swift's pool ever does.
///
///     let connection = try await PostgresConnection.connect(PostgresConfiguration(url: "postgres://shop@db/shop"))
///     try await connection.transaction { connection in
///         try await connection.query("UPDATE stock SET n = n - 1 WHERE item = $1", [.text("tea")])
///     }
///
/// Calls come one after the other. A call whose task is cancelled, or that takes too long, cancels its statement at the
/// server, and the connection stays good for the next. While a transaction is open, a connection belongs to one task: what
/// another one runs on it would become part of that transaction.
public final class PostgresConnection: Sendable {
    private let thread: ConnectionThread

    private init(_ thread: ConnectionThread) { self.thread = thread }

    /// Connects. Throws `unreachable`, `refused` or `cancelled`.
    public static func connect(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let thread = try ConnectionThread()
        try await thread.start(configuration)
        return PostgresConnection(thread)
    }

    /// Whoever forgets it closes it.
    deinit { thread.close() }

    /// It can take statements, as far as is known without asking the server. Once false it stays so: make another.
    public var isUsable: Bool { thread.state.isUsable }

    /// A transaction is open, or has failed and waits for its end.
    package var isInTransaction: Bool { thread.state.isInTransaction }

    /// Ends it; what is under way is finished. Later calls throw `closed`.
    public func close() { thread.close() }

    // MARK: Statements

    /// One statement. `$1` and so on stand for the parameters. Its plan is kept for the next time, for the first 256 texts of
    /// a connection: put values into parameters, not into the text.
    ///
    /// `timeout` is from now on, at least 1 ms; nil: as long as it takes. Throws `server`, `timeout`, `cancelled`, `lost`,
    /// `unreachable`, `closed`.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration? = .seconds(30)
    ) async throws(PostgresError) -> PostgresResult {
        try await thread.perform(timeout) { session throws(PostgresError) in
            try session.execute(sql, parameters, prepared: true)
        }
    }

    /// Statements without parameters, separated by semicolons: a file of a migration. All or nothing, unless they say `BEGIN`
    /// or `COMMIT` themselves. Throws as `query` does.
    public func run(script: String, timeout: Duration? = nil) async throws(PostgresError) {
        try await thread.perform(timeout) { session throws(PostgresError) in try session.execute(script: script) }
    }

    /// `COPY table (columns) FROM STDIN` with its data, in the text format. Answers how many rows were stored. Throws as `query`
    /// does.
    public func copy(
        _ sql: String, _ data: [UInt8], timeout: Duration? = .seconds(60)
    ) async throws(PostgresError) -> Int {
        try await thread.perform(timeout) { session throws(PostgresError) in try session.copy(sql, data) }
    }

    // MARK: Transactions

    /// Everything or nothing: what the body does is committed when it returns and undone when it throws, also when its task
    /// is cancelled. For a level other than `READ COMMITTED`, begin the body with `SET TRANSACTION ISOLATION LEVEL …`.
    ///
    /// A body that has returned is committed even if its task is cancelled at this moment. When the program or the machine
    /// ends, the server undoes what is not committed.
    ///
    /// Throws what the body throws, and `transactionOpen` (nothing was done), `transactionAborted` (all of it was undone),
    /// `transactionEnded`, `commitUnknown` (all was done or nothing), `server` (a deferred constraint, a serialization
    /// failure: all of it was undone), `unreachable`, `closed`.
    @discardableResult
    public func transaction<Answer: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Answer
    ) async throws -> Answer {
        try await thread.perform(.seconds(30)) { session throws(PostgresError) in try session.beginTransaction() }
        let answer: Answer
        do { answer = try await body(self) } catch {
            // Where even that fails the connection has ended, and the server rolls back.
            try? await thread.perform(nil, isShielded: true) { session throws(PostgresError) in session.rollBack() }
            throw error
        }
        try await thread.perform(.seconds(30), isShielded: true) { session throws(PostgresError) in
            try session.commit()
        }
        return answer
    }

    // MARK: Notifications

    /// Calls `body` with what is notified on a channel: a hint to look, since what is sent while the connection is away is
    /// lost. It is called on the connection's thread, so it must not wait. A connection has one body: a second call takes
    /// its place, for the channels of all calls. Throws as `query` does.
    public func listen(
        _ channel: String, _ body: @escaping @Sendable (PostgresNotification) -> Void
    ) async throws(PostgresError) {
        thread.hear(body)
        let name = channel.replacing("\"", with: "\"\"")
        try await run(script: "LISTEN \"\(name)\"", timeout: .seconds(30))
    }
}
