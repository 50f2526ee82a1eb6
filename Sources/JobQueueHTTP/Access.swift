import JobModel

/// What a token may do. A route needs exactly one.
public enum Scope: String, Sendable, CaseIterable, Comparable {
    case jobsWrite = "jobs:write"
    case jobsRead = "jobs:read"
    /// Payloads and results, which may hold what is private: beside `jobs:read`.
    case payloadRead = "payload:read"
    case jobsManage = "jobs:manage"
    case queuesManage = "queues:manage"
    case statsRead = "stats:read"
    case tokensManage = "tokens:manage"

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Who asks, and what they may do.
package struct Caller: Sendable {
    /// The token's id; `anonymous` without one.
    package var id: String
    package var scopes: Set<Scope>
    /// Patterns of queue names, with `*` for any run of characters.
    package var queues: [String]
    /// What the token is for, as whoever made it wrote.
    package var note = ""
    /// When what the caller may do ends by itself, ms since 1970; nil: it does not.
    var expiresMs: Int?
    private var recheck: @Sendable () async -> Bool = { true }

    package init(id: String, scopes: Set<Scope>, queues: [String]) {
        self.id = id
        self.scopes = scopes
        self.queues = queues
    }

    /// A token that was shown; `recheck` answers whether it still is one.
    init(_ id: String, _ rights: TokenRights, recheck: @escaping @Sendable () async -> Bool) {
        self.init(id: id, scopes: rights.scopes, queues: rights.queues)
        note = rights.note
        expiresMs = rights.expiresMs
        self.recheck = recheck
    }

    /// Everything but tokens: they open the servers that do ask for one.
    static let anonymous = Caller(
        id: "anonymous", scopes: Set(Scope.allCases).subtracting([.tokensManage]), queues: ["*"])

    /// For whoever answers for longer than a moment, to be asked once a second: false once the token was revoked or has
    /// expired. Costs a look into a table; Redis is asked every few seconds.
    func isStillValid() async -> Bool { await recheck() }

    func may(_ scope: Scope) -> Bool { scopes.contains(scope) }

    func may(use queue: QueueName) -> Bool { queues.contains { Glob.matches(queue.text, $0) } }

    /// Throws `forbidden` unless the queue is one of the caller's.
    func check(_ queue: QueueName) throws(Problem) {
        if may(use: queue) { return }
        throw Problem(.forbidden, "this token may not use the queue \(queue)")
    }

    func check(_ scope: Scope) throws(Problem) {
        if may(scope) { return }
        throw Problem(.forbidden, "this needs the scope \(scope.rawValue)")
    }
}
