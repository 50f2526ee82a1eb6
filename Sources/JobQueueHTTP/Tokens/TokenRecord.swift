import JobModel

/// What is kept of a token: all but its secret.
package struct TokenRecord: Sendable, Equatable {
    package let id: String
    /// Of the secret.
    let digest: [UInt8]
    package let rights: TokenRights
    /// When it was made, ms since 1970 by Redis' clock.
    package let createdMs: Int
    /// Who made it: `cli:` and the name of a user of the machine, or `token:` and an id.
    package let createdBy: String

    init(_ token: AccessToken, _ rights: TokenRights, createdMs: Int, createdBy: String) {
        id = token.id
        digest = token.digest
        self.rights = rights
        self.createdMs = createdMs
        self.createdBy = createdBy
    }

    /// Reads a stored record. Nil when it cannot be read: a token of which anything is in doubt opens nothing. Scopes that
    /// this version does not know are left out.
    init?(id: String, parsing bytes: some Collection<UInt8>) {
        guard var fields = try? Fields(Array(bytes)), let digest = fields.string("sha256").flatMap(Self.bytes),
            let scopes = fields.strings("scopes"), let queues = fields.strings("queues"),
            let created = fields.int("created_ms", 0...Int.max)
        else { return nil }
        self.id = id
        self.digest = digest
        createdMs = created
        createdBy = fields.string("created_by") ?? ""
        rights = TokenRights(
            scopes: Set(scopes.compactMap(Scope.init)), queues: queues, note: fields.string("note") ?? "",
            expiresMs: fields.int("expires_ms", 0...Int.max), rate: fields.int("rate", TokenRights.rates))
        if !fields.problems.isEmpty { return nil }
    }

    func encoded() -> [UInt8] {
        JSONWriter.object(capacity: 384) { writer in
            writer.field("sha256", Self.text(digest))
            writer.field("scopes", rights.scopes.sorted().map(\.rawValue))
            writer.field("queues", rights.queues)
            writer.field("note", rights.note)
            writer.field("created_ms", createdMs)
            writer.field("created_by", createdBy)
            if let expires = rights.expiresMs { writer.field("expires_ms", expires) }
            if let rate = rights.rate { writer.field("rate", rate) }
        }
    }

    package func hasExpired(at ms: Int) -> Bool { rights.expiresMs.map { ms >= $0 } ?? false }

    /// Does the secret belong to the record? The work is the same when there is no record.
    static func matches(_ digest: [UInt8], _ record: TokenRecord?) -> Bool {
        let isSame = ConstantTime.equals(digest, record?.digest ?? nobody)
        return isSame && record != nil
    }

    /// As long as a digest.
    private static let nobody = [UInt8](repeating: 0, count: 32)

    private static func text(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.compactMap(\.hexDigitValue)
        guard text.utf8.count == 64, digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

/// What a token may do, and for how long.
package struct TokenRights: Sendable, Equatable {
    /// Requests a minute; 0: as many as come.
    package static let rates = 0...1_000_000_000
    static let longestNote = 200
    static let mostQueues = 100
    /// What a service needs that hands jobs over and asks what became of them.
    package static let usualScopes: Set<Scope> = [.jobsWrite, .jobsRead, .payloadRead]

    package var scopes: Set<Scope>
    /// Patterns of queue names.
    package var queues: [String]
    /// What it is for. Anybody's text.
    package var note: String
    /// The first moment at which it is worth nothing, ms since 1970 by Redis' clock; nil: it does not end by itself.
    package var expiresMs: Int?
    /// Requests a minute; nil: as many as the server gives every token.
    package var rate: Int?

    /// Nothing is checked.
    package init(scopes: Set<Scope>, queues: [String], note: String = "", expiresMs: Int? = nil, rate: Int? = nil) {
        self.scopes = scopes
        self.queues = queues
        self.note = note
        self.expiresMs = expiresMs
        self.rate = rate
    }

    /// What is wrong, each with the name of its field. Empty: nothing is.
    package func problems(now: Int) -> [(field: String, detail: String)] {
        var problems: [(field: String, detail: String)] = []
        if scopes.isEmpty { problems.append(("scopes", "name at least one of \(Scope.list)")) }
        if !(1...Self.mostQueues).contains(queues.count) {
            problems.append(("queues", "name 1 to \(Self.mostQueues) patterns, such as mail*"))
        }
        if let bad = queues.first(where: { !Glob.isPattern($0) }) {
            let text = Printable.oneLine(bad, limit: 80)
            problems.append(
                (
                    "queues",
                    "bad pattern \"\(text)\": use 1 to 64 of the characters A-Z a-z 0-9 ._-, and * for any of them"
                ))
        }
        if note.unicodeScalars.count > Self.longestNote {
            problems.append(("note", "the note may have \(Self.longestNote) characters"))
        }
        if let expiresMs, expiresMs <= now { problems.append(("expires_at", "that is over: name a time to come")) }
        if let rate, !Self.rates.contains(rate) {
            problems.append(("rate", "use 0 (no limit) to \(Self.rates.upperBound) requests a minute"))
        }
        return problems
    }

    /// Is there nothing that the other may do and this may not?
    func cover(_ other: TokenRights) -> Bool {
        other.scopes.isSubset(of: scopes)
            && other.queues.allSatisfy { theirs in queues.contains { Glob.covers($0, theirs) } }
    }

    /// Does the other end no later?
    func outlast(_ other: TokenRights) -> Bool {
        guard let expiresMs else { return true }
        return other.expiresMs.map { $0 <= expiresMs } ?? false
    }
}

extension Scope {
    /// All, for a message.
    package static var list: String { allCases.sorted().map(\.rawValue).joined(separator: ", ") }
}

extension Glob {
    /// Does the first match whatever the second matches? A star of the second can only fall to a star of the first: names
    /// hold no stars. Where two patterns together would do, the answer is no.
    static func covers(_ pattern: String, _ other: String) -> Bool { matches(other, pattern) }
}
