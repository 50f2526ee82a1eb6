/// What can go wrong with a statement. Nothing in it holds a password.
package enum PostgresError: Error, Equatable, Sendable {
    /// The address cannot be read, or libpq does not know what it says. Correct it.
    case badConfiguration(String)
    /// Nobody answers, or the connection had ended before anything was sent: nothing was done. Try again later.
    case unreachable(String)
    /// The server does not let this role in: password, role, database or `pg_hba.conf`. Correct it.
    case refused(String)
    /// The connection broke after the statement was sent: it may have been done or not. Only what may be done twice may be
    /// tried again.
    case lost(String)
    /// The server's own answer: the statement was not done.
    case server(ServerError)
    /// The statement took longer than it may, and was cancelled. A `COMMIT` may have been done all the same.
    case timeout
    /// The task was cancelled, and the statement with it.
    case cancelled
    /// No connection of the pool came free in time: make it larger, or do less at once.
    case busy
    /// The last connections could not be made, and for a while nobody tries. Try again later.
    case circuitOpen
    /// The connection or the pool was closed here.
    case closed
    /// An answer that this code does not understand. A defect.
    case badAnswer(String)

    /// The same statement may do later, as far as the reason goes.
    package var isRetryable: Bool {
        switch self {
        case .unreachable, .lost, .timeout, .busy, .circuitOpen: true
        case .server(let error): error.isRetryable
        case .badConfiguration, .refused, .cancelled, .closed, .badAnswer: false
        }
    }
}

/// What the server answered: https://www.postgresql.org/docs/current/errcodes-appendix.html
package struct ServerError: Error, Equatable, Sendable {
    /// Five characters, such as `23505`.
    package var sqlState: String
    package var message: String
    package var detail: String?
    package var hint: String?
    /// The constraint that was violated.
    package var constraint: String?

    /// It is not about the statement: a shutdown, a deadlock, a serialization failure, too little of something, a cancel.
    package var isRetryable: Bool {
        ["08", "40", "53", "57", "58"].contains(String(sqlState.prefix(2)))
    }
}

extension PostgresError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badConfiguration(let text): "bad address of Postgres: \(text)"
        case .unreachable(let text): "Postgres is not reachable: \(text)"
        case .refused(let text): "Postgres does not let us in: \(text)"
        case .lost(let text): "the connection to Postgres was lost: \(text)"
        case .server(let error): "\(error)"
        case .timeout: "Postgres took too long, the statement was cancelled"
        case .cancelled: "the statement was cancelled"
        case .busy: "no connection to Postgres came free in time"
        case .circuitOpen: "Postgres was not reachable a moment ago, and is not asked for a while"
        case .closed: "the connection to Postgres is closed"
        case .badAnswer(let text): "Postgres answered something unexpected: \(text)"
        }
    }
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        let more = [detail.map { " (\($0))" }, hint.map { ": \($0)" }].compactMap(\.self).joined()
        return "Postgres refused: \(message) [\(sqlState)]\(more)"
    }
}
