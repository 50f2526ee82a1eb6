/// The statements of the relay and of those who look: files, each with a header that says what its parameters are.
enum Statement: CaseIterable {
    case queues, take, remove, reject, doze, rouse, forget
    case backlog, rejected, retry, discard
    case session, owner, ground, applied, record, facts, reach, capacity

    /// The file's text as it stands in `Statements/`.
    var sql: String {
        switch self {
        case .queues: text(PackageResources.queues_sql)
        case .take: text(PackageResources.take_sql)
        case .remove: text(PackageResources.remove_sql)
        case .reject: text(PackageResources.reject_sql)
        case .doze: text(PackageResources.doze_sql)
        case .rouse: text(PackageResources.rouse_sql)
        case .forget: text(PackageResources.forget_sql)
        case .backlog: text(PackageResources.backlog_sql)
        case .rejected: text(PackageResources.rejected_sql)
        case .retry: text(PackageResources.retry_sql)
        case .discard: text(PackageResources.discard_sql)
        case .session: text(PackageResources.session_sql)
        case .owner: text(PackageResources.owner_sql)
        case .ground: text(PackageResources.ground_sql)
        case .applied: text(PackageResources.applied_sql)
        case .record: text(PackageResources.record_sql)
        case .facts: text(PackageResources.facts_sql)
        case .reach: text(PackageResources.reach_sql)
        case .capacity: text(PackageResources.capacity_sql)
        }
    }
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
