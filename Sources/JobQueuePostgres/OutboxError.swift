package import Postgres

/// Why the outbox of a database cannot be used.
package enum OutboxError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Postgres could not be reached, or refused.
    case postgres(PostgresError)
    /// The schema is not there, or older than this version needs.
    case notMigrated
    /// Migrations were changed after they were applied, by number. Somebody has to look.
    case changed([Int])
    /// The server or the database cannot hold an outbox; says why and what to do.
    case unfit(String)
    /// The role lacks a right; says which and how to grant it.
    case denied(String)

    package var description: String {
        switch self {
        case .postgres(let error): "\(error)"
        case .notMigrated: "the schema jobqueue is missing or too old: run `queue-worker postgres migrate`"
        case .changed(let versions):
            "the migrations \(versions.map(String.init).joined(separator: ", ")) are not those that were applied: "
                + "use the version of queue-worker that applied them, or look what was changed"
        case .unfit(let text), .denied(let text): text
        }
    }

    /// It may pass without anybody doing something.
    package var isRetryable: Bool {
        if case .postgres(let error) = self { error.isRetryable } else { false }
    }
}
