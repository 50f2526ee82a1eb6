/// What `NOTIFY` sent.
package struct PostgresNotification: Sendable, Equatable {
    package var channel: String
    package var payload: String

    package init(channel: String, payload: String) {
        self.channel = channel
        self.payload = payload
    }
}

/// One connection, with a thread of its own that waits for the server: no thread of Swift's pool ever does.
///
/// Calls come one after the other. A call whose task is cancelled, or that takes too long, cancels its statement at the
/// server, and the connection stays good for the next.
package final class PostgresConnection: Sendable {
    private let thread: ConnectionThread

    private init(_ thread: ConnectionThread) { self.thread = thread }

    /// Connects. Throws `unreachable` or `refused`.
    package static func connect(
        _ configuration: PostgresConfiguration
    ) async throws(PostgresError) -> PostgresConnection {
        let thread = try ConnectionThread()
        try await thread.start(configuration)
        return PostgresConnection(thread)
    }

    /// Whoever forgets it closes it.
    deinit { thread.close() }

    /// It can take statements, as far as is known without asking the server.
    package var isUsable: Bool { thread.isUsable }

    /// Ends it; what is under way is finished.
    package func close() { thread.close() }

    // MARK: Statements

    /// One statement. `$1` and so on stand for the parameters; `timeout` is from now on, nil: as long as it takes. Its plan is
    /// kept for the next time.
    @discardableResult
    package func query(
        _ sql: String, _ parameters: [PostgresValue] = [], timeout: Duration? = .seconds(30)
    ) async throws(PostgresError) -> PostgresResult {
        try await thread.perform(timeout) { session throws(PostgresError) in
            try session.execute(sql, parameters, prepared: true)
        }
    }

    /// Statements without parameters, separated by semicolons: a file of a migration.
    package func run(script: String, timeout: Duration? = nil) async throws(PostgresError) {
        try await thread.perform(timeout) { session throws(PostgresError) in try session.execute(script: script) }
    }

    /// `COPY table (columns) FROM STDIN` with its data, in the text format. Answers how many rows were stored.
    package func copy(
        _ sql: String, _ data: [UInt8], timeout: Duration? = .seconds(60)
    ) async throws(PostgresError) -> Int {
        try await thread.perform(timeout) { session throws(PostgresError) in try session.copy(sql, data) }
    }

    /// Everything or nothing: what the body does is committed when it returns and undone when it throws. A rollback is sent
    /// for a cancelled task too.
    @discardableResult
    package func transaction<Answer: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Answer
    ) async throws -> Answer {
        try await query("BEGIN")
        let answer: Answer
        do { answer = try await body(self) } catch {
            // Where even that fails the connection has ended, and the server rolls back.
            try? await thread.perform(.seconds(5), isShielded: true) { session throws(PostgresError) in
                try session.execute(script: "ROLLBACK")
            }
            throw error
        }
        try await query("COMMIT")
        return answer
    }

    /// Calls `body`, on the connection's thread, with what is notified on a channel: a hint to look, since what is sent while
    /// the connection is away is lost.
    package func listen(
        _ channel: String, _ body: @escaping @Sendable (PostgresNotification) -> Void
    ) async throws(PostgresError) {
        thread.hear(body)
        let name = channel.replacing("\"", with: "\"\"")
        try await run(script: "LISTEN \"\(name)\"")
    }
}
