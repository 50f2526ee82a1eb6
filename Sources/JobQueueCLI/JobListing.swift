import JobModel
import JobStore
import TerminalDashboard

/// A page of `jobs ls`, for people and as JSON with the names that the HTTP API has.
struct JobListing: Encodable {
    var items: [JobSheet]
    /// Where the next page begins; nil at the end.
    var nextCursor: String?
    /// How many jobs were looked at.
    var searched: Int
    var complete: Bool

    private let total: Int
    private let state: JobState
    /// ms since 1970 by Redis' clock.
    private let now: Int

    enum CodingKeys: String, CodingKey {
        case items, nextCursor, searched, complete
    }

    init(_ sheets: [JobSheet], _ page: JobPage, _ state: JobState) {
        items = sheets
        nextCursor = page.next?.cursor
        searched = page.searched
        complete = page.next == nil
        total = page.total
        now = page.now
        self.state = state
    }

    /// What is said when the list is longer.
    var footer: String? {
        guard let nextCursor else { return nil }
        return "looked at \(searched) of \(total) \(state.rawValue) jobs: go on with --after \(nextCursor)"
    }

    /// `width` is that of the terminal; nil when there is none: then nothing is cut.
    func lines(width: Int?) -> [String] {
        if items.isEmpty { return ["no \(state.rawValue) jobs\(complete ? "" : " among these")"] }
        var table = Table<JobSheet>(
            columns: [
                .init("ID", .left, keep: 0) { $0.id },
                .init("NAME", .left, keep: 1) { $0.name ?? "-" },
                .init("PRIO", keep: 5) { $0.priority.map(String.init) ?? "-" },
                .init("FAILED", keep: 4) { "\($0.attempts)" },
                .init("AGE", keep: 2) { $0.createdMs.map { Quantity.time(ms: now &- $0) } ?? "-" },
                [.scheduled, .retrying, .suspect].contains(state)
                    ? .init("DUE IN", keep: 3) { $0.dueMs.map { Quantity.time(ms: $0 &- now) } ?? "-" } : nil,
                items.contains { !$0.tags.isEmpty }
                    ? .init("TAGS", .left, keep: 6) { Self.brief($0.tags.joined(separator: ",")) } : nil,
                items.contains { !$0.runs.isEmpty }
                    ? .init("ERROR", .left, keep: 7) { Self.brief($0.runs.last?.message) } : nil,
            ].compactMap(\.self).map(Self.harmless))
        table.fit(items, into: width ?? .max)
        return [table.heading] + items.map(table.line)
    }

    private static func brief(_ text: String?) -> String {
        guard let text, !text.isEmpty else { return "-" }
        return Printable.oneLine(text, limit: 60)
    }

    /// What is stored may have been written by anybody.
    private static func harmless(_ column: Table<JobSheet>.Column) -> Table<JobSheet>.Column {
        .init(column.title, column.side, keep: column.keep) { Printable.oneLine(column.cell($0), limit: 200) }
    }
}
