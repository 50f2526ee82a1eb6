/// What can go wrong between this program and Postgres. Nothing in it holds a password.
///
/// A case may be added in any version, so a `switch` over it needs a default.
public enum PostgresError: Error, Equatable, Sendable {
    /// The address cannot be read, or it says something that libpq does not know. Correct it.
    case badConfiguration(String)
    /// Nobody answers, or the connection had ended before anything was sent: nothing was done. Try again later.
    case unreachable(String)
    /// The server does not let this role in: password, role, database or `pg_hba.conf`. Correct it.
    case refused(String)
    /// The connection broke after the statement was sent. By itself it may have been done or not, and only what may be done
    /// twice may be tried again; inside a transaction that had no `COMMIT` yet it was undone.
    case lost(String)
    /// The server's own answer: the statement was not done. The code says why, and whether it is worth another try.
    case server(ServerError)
    /// The statement took longer than it may, and was cancelled. By itself it may have been done all the same.
    case timeout
    /// The task was cancelled, and the statement with it.
    case cancelled
    /// A transaction was to begin where one is open already, by this task or by another that has the same connection:
    /// nothing was done. Use the connection that the open one's body was given, or another connection.
    case transactionOpen
    /// A statement of the transaction had failed, and its body returned all the same: the server undid all of it. Let the
    /// error of a statement leave the body, or run what may fail behind a `SAVEPOINT`.
    case transactionAborted
    /// The body of the transaction ended it itself, with a `COMMIT` or `ROLLBACK` of its own: what it did since then stands
    /// for itself. Leave both to `transaction`.
    case transactionEnded
    /// The connection broke, or the time was over, while `COMMIT` was under way: the transaction was done as a whole, or not at
    /// all, and nobody here can know which. Look for something that it wrote; without that, do again only what may be done
    /// twice.
    case commitUnknown(String)
    /// No connection of the pool came free in time: make it larger, or do less at once.
    case busy
    /// The last connections could not be made, and for a while nobody tries. Try again later.
    case circuitOpen
    /// The connection or the pool was closed here: nothing was done.
    case closed
    /// An answer that this code does not understand. A defect: please report it.
    case badAnswer(String)

    /// The same may do later, as far as the reason goes. Whether it may be done twice is for the caller to know: after `lost`
    /// and `timeout` it may have been done.
    public var isRetryable: Bool {
        switch self {
        case .unreachable, .lost, .timeout, .busy, .circuitOpen: true
        case .server(let error): error.isRetryable
        case .badConfiguration, .refused, .cancelled, .closed, .badAnswer, .transactionOpen, .transactionAborted,
            .transactionEnded, .commitUnknown:
            false
        }
    }
}

/// What the server answered, word by word: https://www.postgresql.org/docs/current/errcodes-appendix.html
///
/// The texts may hold values of the statement's parameters and anything else that a stranger wrote; `description` has no
/// control characters, the fields are as they came.
public struct ServerError: Error, Equatable, Sendable {
    /// Five characters, such as `23505`.
    public var sqlState: String
    /// One line, in the language of the server.
    public var message: String
    /// More about it, such as the key that is there already.
    public var detail: String?
    /// What the server advises.
    public var hint: String?
    /// The constraint that was violated.
    public var constraint: String?

    /// For tests of what handles one.
    public init(
        sqlState: String, message: String, detail: String? = nil, hint: String? = nil, constraint: String? = nil
    ) {
        self.sqlState = sqlState
        self.message = message
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
    }

    /// It is not about the statement: a shutdown, a deadlock, a serialization failure, too little of something, a cancel. A
    /// transaction has to be begun anew.
    public var isRetryable: Bool {
        ["08", "40", "53", "57", "58"].contains(String(sqlState.prefix(2)))
    }
}

extension PostgresError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        switch self {
        case .badConfiguration(let text): "bad address of Postgres: \(harmless(text))"
        case .unreachable(let text): "Postgres is not reachable: \(harmless(text))"
        case .refused(let text): "Postgres does not let us in: \(harmless(text))"
        case .lost(let text): "the connection to Postgres was lost: \(harmless(text))"
        case .server(let error): "\(error)"
        case .timeout: "Postgres took too long, the statement was cancelled"
        case .cancelled: "the statement was cancelled"
        case .transactionOpen: "a transaction is open on this connection already"
        case .transactionAborted: "a statement of the transaction had failed, so all of it was undone"
        case .transactionEnded: "the body of the transaction ended it itself"
        case .commitUnknown(let text): "the transaction was committed as a whole or not at all: \(harmless(text))"
        case .busy: "no connection to Postgres came free in time"
        case .circuitOpen: "Postgres was not reachable a moment ago, and is not asked for a while"
        case .closed: "the connection to Postgres is closed"
        case .badAnswer(let text): "Postgres answered something unexpected: \(harmless(text))"
        }
    }
}

extension ServerError: CustomStringConvertible {
    /// One line for people.
    public var description: String {
        let more = [detail.map { " (\($0))" }, hint.map { ": \($0)" }].compactMap(\.self).joined()
        return harmless("Postgres refused: \(message) [\(sqlState)]\(more)")
    }
}

/// A server's words may quote a stranger's: what moves a cursor or forges a line is written out.
private func harmless(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: out += scalar.escaped(asASCII: true)
        default: out.unicodeScalars.append(scalar)
        }
    }
    return out
}
