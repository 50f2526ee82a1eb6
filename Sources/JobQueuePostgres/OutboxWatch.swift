package import Postgres

/// Looks at the outbox now and then, for those who show how things are: with one connection, which is used again, and
/// without ever holding anybody up.
package final class OutboxWatch: Sendable {
    private let pool: PostgresPool

    /// How long a look may take.
    package static let patience = Duration.seconds(1)

    package init(_ server: PostgresConfiguration) {
        var server = server
        server.connectTimeout = Self.patience
        var configuration = PostgresPool.Configuration()
        configuration.size = 1
        configuration.acquireTimeout = Self.patience
        // Whoever looks wants to know soon that it is back.
        configuration.circuitPause = .seconds(5)
        pool = PostgresPool(server, configuration)
    }

    /// What waits now. Throws when that cannot be seen.
    package func backlog() async throws(OutboxError) -> Outbox.Backlog {
        do {
            return try await pool.withConnection { try await Outbox($0).backlog() }
        } catch let error as OutboxError {
            throw error
        } catch let error as PostgresError {
            throw OutboxError(error)
        } catch {
            throw .postgres(.cancelled)
        }
    }

    package func close() { pool.close() }
}
