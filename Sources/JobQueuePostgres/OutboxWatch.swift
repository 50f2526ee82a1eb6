package import Postgres

/// Looks at the outbox now and then, for those who show how things are: with one connection, which is used again, and
/// without ever holding anybody up.
package final class OutboxWatch: Sendable {
    private let pool: PostgresPool

    /// How long a look may take, whatever the server does: one that stands still, or a name that nobody resolves.
    package static let patience = Duration.seconds(1)

    package init(_ server: PostgresConfiguration) {
        var server = server
        server.connectTimeout = Self.patience
        server.cancelsAtServer = false
        var configuration = PostgresPool.Configuration()
        configuration.size = 1
        configuration.acquireTimeout = Self.patience
        // Whoever looks wants to know soon that it is back.
        configuration.circuitPause = .seconds(5)
        pool = PostgresPool(server, configuration)
    }

    /// What waits now. Throws when that cannot be seen.
    package func backlog() async throws(OutboxError) -> Outbox.Backlog {
        let seen = await withTaskGroup(of: Result<Outbox.Backlog, OutboxError>?.self) { tasks in
            tasks.addTask { await self.look() }
            tasks.addTask {
                try? await Task.sleep(for: Self.patience)
                return nil
            }
            let first = await tasks.next() ?? nil
            tasks.cancelAll()
            return first
        }
        guard let seen else { throw .postgres(.unreachable("no answer within a second")) }
        return try seen.get()
    }

    private func look() async -> Result<Outbox.Backlog, OutboxError> {
        do {
            return .success(
                try await pool.withConnection { connection in
                    let outbox = Outbox(connection)
                    try await outbox.prepare()
                    return try await outbox.backlog()
                })
        } catch let error as OutboxError {
            return .failure(error)
        } catch let error as PostgresError {
            return .failure(OutboxError(error))
        } catch {
            return .failure(.postgres(.cancelled))
        }
    }

    package func close() { pool.close() }
}
