package import Postgres

/// Brings the schema of a database up to date.
package struct Migrator: Sendable {
    private let connection: PostgresConnection
    private let outbox: Outbox

    package init(_ connection: PostgresConnection) {
        self.connection = connection
        outbox = Outbox(connection)
    }

    /// Applies what is missing, each step in a transaction of its own, and answers those steps.
    ///
    /// Several may be started at once: an advisory lock lets one in at a time, and the next finds nothing to do. Throws
    /// `changed` when something under a known number is not what was applied; then nothing is done.
    package func migrate() async throws(OutboxError) -> [Migration] {
        // Ends with the connection, should this end in the middle.
        try await run("SELECT pg_advisory_lock(1785684593, 0)")
        let result: Result<[Migration], OutboxError>
        do throws(OutboxError) { result = .success(try await apply()) } catch { result = .failure(error) }
        try await run("SELECT pg_advisory_unlock(1785684593, 0)")
        return try result.get()
    }

    private func apply() async throws(OutboxError) -> [Migration] {
        try await outbox.checkOwner()
        if try await outbox.schema().changed.isEmpty == false {
            throw .changed(try await outbox.schema().changed.map(\.version))
        }
        let pending = try await outbox.schema().pending
        if pending.isEmpty { return [] }
        try await script(Statement.ground.sql)
        for migration in pending {
            do {
                try await connection.transaction { connection in
                    try await connection.run(script: migration.sql)
                    try await connection.query(
                        Statement.record.sql,
                        [.int(migration.version), .text(migration.name), .text(migration.checksum)])
                }
            } catch let error as PostgresError { throw OutboxError(error) } catch { throw .postgres(.cancelled) }
        }
        return pending
    }

    /// What is there, for somebody who wants to see what `migrate` would send. Throws as it does.
    package func status() async throws(OutboxError) -> SchemaStatus {
        try await outbox.checkOwner()
        let status = try await outbox.schema()
        if !status.changed.isEmpty { throw .changed(status.changed.map(\.version)) }
        return status
    }

    /// What `migrate` would send, for somebody who applies it by hand: whole, with the notes of what was applied.
    package static func script(for status: SchemaStatus) -> String {
        if status.pending.isEmpty { return "" }
        let steps = status.pending.map { migration in
            """
            BEGIN;
            \(migration.sql)
            INSERT INTO jobqueue.migrations (version, name, checksum)
            VALUES (\(migration.version), '\(migration.name)', '\(migration.checksum)');
            COMMIT;

            """
        }
        return ([Statement.ground.sql] + steps).joined(separator: "\n")
    }

    private func script(_ sql: String) async throws(OutboxError) {
        do throws(PostgresError) { try await connection.run(script: sql) } catch { throw OutboxError(error) }
    }

    /// However long another one takes.
    private func run(_ sql: String) async throws(OutboxError) {
        do throws(PostgresError) { try await connection.query(sql, timeout: nil) } catch { throw OutboxError(error) }
    }
}
