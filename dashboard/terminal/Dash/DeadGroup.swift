import JobModel

/// Dead jobs of one name that died of the same.
package struct DeadGroup: Equatable, Sendable {
    package var name: String
    /// The error without what differs from run to run.
    package var fingerprint: String
    package var queues: [String]
    package var jobs: [JobRow]
    /// When the first and the last of them died, ms since 1970; 0 when unknown.
    package var firstMs: Int
    package var lastMs: Int

    /// As the store counts it, in each queue; empty of what it has in no group.
    package var stored: [DeadCount] = []

    /// How many there are; not all of them may be among the jobs.
    package var count: Int { stored.isEmpty ? jobs.count : stored.reduce(0) { $0 + $1.count } }
    /// The error of the one that died last.
    package var sample: String {
        stored.max { $0.lastMs < $1.lastMs }?.error ?? jobs.max { $0.endedMs < $1.endedMs }?.error ?? ""
    }
    /// For filters, where no job is at hand.
    var specimen: JobRow {
        var row = JobRow(ref: JobRef(queue: queues.first ?? "", id: ""), state: .dead)
        (row.name, row.errorMessage) = (name, sample)
        return row
    }
    /// Tells it from the others.
    var key: JobRef { JobRef(queue: name, id: fingerprint) }

    /// Groups, those first of which the most died: as the store has them, and of other rows by their errors.
    package static func all(of dead: JobRows) -> [DeadGroup] {
        let counts = Dictionary(grouping: dead.groups, by: \.group)
        let rows = Dictionary(grouping: dead.rows) { row in
            row.group.flatMap { counts[$0] == nil ? nil : $0 } ?? ""
        }
        let known = counts.map { group, counts in
            DeadGroup(
                name: counts[0].name, fingerprint: group, queues: counts.map(\.queue).sorted(), jobs: rows[group] ?? [],
                firstMs: counts.map(\.firstMs).min() ?? 0, lastMs: counts.map(\.lastMs).max() ?? 0, stored: counts)
        }
        return (known + all(of: rows[""] ?? [])).sorted {
            ($1.count, $0.name, $0.fingerprint) < ($0.count, $1.name, $1.fingerprint)
        }
    }

    /// The same by the errors of rows alone.
    package static func all(of rows: [JobRow]) -> [DeadGroup] {
        var groups: [JobRef: [JobRow]] = [:]
        for row in rows {
            let key = JobRef(queue: row.name ?? "-", id: Self.fingerprint(of: row))
            groups[key, default: []].append(row)
        }
        return groups.map { key, rows in
            let times = rows.map(\.endedMs).filter { $0 > 0 }
            return DeadGroup(
                name: key.queue, fingerprint: key.id, queues: Set(rows.map(\.ref.queue)).sorted(), jobs: rows,
                firstMs: times.min() ?? 0, lastMs: times.max() ?? 0)
        }.sorted { ($1.jobs.count, $0.name, $0.fingerprint) < ($0.jobs.count, $1.name, $1.fingerprint) }
    }

    /// Type and message of the error, where each word that has a digit in it, and each quoted text, is `#`: numbers, ids,
    /// addresses and times differ, what is wrong does not.
    package static func fingerprint(of row: JobRow) -> String {
        var words: [String] = []
        var quote: Character?
        for word in row.errorMessage.prefix(300).split(whereSeparator: \.isWhitespace) {
            if let open = quote {
                if word.contains(open) { quote = nil }
                continue
            }
            if let first = word.first, "\"'`".contains(first) {
                if !word.dropFirst().contains(first) { quote = first }
                words.append("#")
            } else {
                words.append(word.contains(where: \.isNumber) ? "#" : String(word))
            }
        }
        return ([row.reason, row.errorType].filter { !$0.isEmpty } + words).joined(separator: " ")
    }
}
