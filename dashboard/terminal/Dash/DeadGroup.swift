import JobModel

/// Dead jobs of one name that died of the same.
package struct DeadGroup: Equatable, Sendable {
    package var name: String
    /// Name and fingerprint, as `dead --group` takes them.
    package var group: String
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
    /// For filters, where no job is at hand: one of each queue.
    var specimens: [JobRow] {
        queues.map { queue in
            var row = JobRow(ref: JobRef(queue: queue, id: ""), state: .dead)
            (row.name, row.errorMessage) = (name, sample)
            return row
        }
    }
    /// Tells it from the others.
    var key: JobRef { JobRef(queue: name, id: group) }

    /// Groups, those first of which the most died: as the store counts them, and rows that it has in no group by themselves.
    package static func all(of dead: JobRows) -> [DeadGroup] {
        let counts = Dictionary(grouping: dead.groups, by: \.group)
        let rows = Dictionary(grouping: dead.rows) { $0.group ?? JobModel.DeadGroup.nameless }
        return Set(counts.keys).union(rows.keys).map { group in
            let (stored, jobs) = (counts[group] ?? [], rows[group] ?? [])
            let times = jobs.map(\.endedMs).filter { $0 > 0 }
            return DeadGroup(
                name: stored.first?.name ?? jobs.first?.name ?? JobModel.DeadGroup.nameless, group: group,
                queues: Set(stored.map(\.queue) + jobs.map(\.ref.queue)).sorted(), jobs: jobs,
                firstMs: (stored.map(\.firstMs) + times).min() ?? 0, lastMs: (stored.map(\.lastMs) + times).max() ?? 0,
                stored: stored)
        }.sorted { ($1.count, $0.group) < ($0.count, $1.group) }
    }
}
