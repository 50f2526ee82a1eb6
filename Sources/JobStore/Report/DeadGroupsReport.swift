import JobModel

/// What the dead jobs of a queue died of, as `dead groups --json` and the API tell it.
package struct DeadGroupsReport: Encodable, Sendable {
    package struct Row: Encodable, Sendable {
        /// nil: of those that died before there were groups.
        package var group: String?
        /// nil when the envelopes cannot be read.
        package var name: String?
        package var fingerprint: String?
        package var count: Int
        /// When the first and the last of them died, ms since 1970.
        package var firstMs: Int?
        package var lastMs: Int?
        /// The same as the API writes moments, and takes them.
        package var firstAt: String?
        package var lastAt: String?
        /// The last to die, and what it died of.
        package var sampleID: String?
        package var reason: String?
        package var type: String?
        package var message: String?

        package enum CodingKeys: String, CodingKey {
            case group, name, fingerprint, count
            case firstMs = "first_ms"
            case lastMs = "last_ms"
            case firstAt = "first_at"
            case lastAt = "last_at"
            case sampleID = "sample_id"
            case reason, type, message
        }
    }

    /// The largest first.
    package var items: [Row]
    /// All dead jobs of the queue.
    package var total: Int

    package init(_ groups: DeadGroups) {
        total = groups.total
        items = groups.groups.sorted { $0.count > $1.count }.map { view in
            Row(
                group: "\(view.group)", name: view.group.name == DeadGroup.nameless ? nil : view.group.name,
                fingerprint: view.group.fingerprint, count: view.count, firstMs: view.firstMs, lastMs: view.lastMs,
                firstAt: Timestamp.text(view.firstMs), lastAt: Timestamp.text(view.lastMs),
                sampleID: view.sampleID, reason: view.sample?.reason.rawValue, type: view.sample?.type,
                message: view.sample?.message)
        }
        if groups.ungrouped > 0 { items.append(Row(count: groups.ungrouped)) }
    }
}
