import JobModel
import JobQueueHTTP
import TerminalDashboard

/// A token as `tokens ls` shows it; `token` stands there once, when it was made.
struct TokenSheet: Encodable, Equatable {
    var id: String
    var token: String?
    var scopes: [String]
    var queues: [String]
    var note: String
    var createdMs: Int
    var createdBy: String
    var expiresMs: Int?
    var rate: Int?
    var lastUsedMs: Int?
}

extension TokenSheet {
    init(_ record: TokenRecord, usedMs: Int? = nil, token: String? = nil) {
        id = record.id
        self.token = token
        scopes = record.rights.scopes.sorted().map(\.rawValue)
        queues = record.rights.queues
        note = record.rights.note
        createdMs = record.createdMs
        createdBy = record.createdBy
        expiresMs = record.rights.expiresMs
        rate = record.rights.rate
        lastUsedMs = usedMs
    }
}

/// What people see of tokens.
struct TokenPage {
    private let sheets: [TokenSheet]
    /// ms since 1970 by Redis' clock.
    private let now: Int

    init(_ sheets: [TokenSheet], now: Int) {
        self.sheets = sheets
        self.now = now
    }

    var lines: [String] {
        if sheets.isEmpty { return ["no tokens"] }
        let rows = [["ID", "SCOPES", "QUEUES", "EXPIRES", "USED", "RATE", "NOTE"]] + sheets.map(row)
        let widths = (0..<6).map { column in rows.reduce(0) { max($0, $1[column].count) } }
        return rows.map { row in
            let head = (0..<6).map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            return (head + [row[6]]).joined(separator: "  ").trimmed
        }
    }

    private func row(_ sheet: TokenSheet) -> [String] {
        [
            sheet.id, sheet.scopes.joined(separator: ","), sheet.queues.joined(separator: ","),
            Self.ending(sheet.expiresMs, now: now),
            sheet.lastUsedMs.map { Quantity.time(ms: now - $0) + " ago" } ?? "never",
            sheet.rate.map { $0 == 0 ? "no limit" : "\($0)/min" } ?? "-", sheet.note,
        ].map { Printable.oneLine($0, limit: 400) }
    }

    private static func ending(_ ms: Int?, now: Int) -> String {
        guard let ms else { return "never" }
        return ms > now ? "in \(Quantity.time(ms: ms - now))" : "expired"
    }

    /// What is said of a new token, beside the token.
    static func notes(_ record: TokenRecord, now: Int) -> [String] {
        let rights = record.rights
        let scopes = rights.scopes.sorted().map(\.rawValue).joined(separator: ",")
        return [
            "id \(record.id) · scopes \(scopes) · queues \(rights.queues.joined(separator: ","))"
                + " · expires \(ending(rights.expiresMs, now: now))",
            "It is not shown again. Send it as the header: Authorization: Bearer qw_…",
        ]
    }
}

extension String {
    /// Without blanks at its end.
    fileprivate var trimmed: String { String(reversed().drop { $0 == " " }.reversed()) }
}
