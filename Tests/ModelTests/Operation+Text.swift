import JobModel
import JobStore

// One line for each operation: what a failing walk prints.

extension Operation: CustomStringConvertible {
    var description: String {
        "at \(now - Walker.today): \(action)\(isRepeated ? ", twice" : "")"
    }
}

extension Action: CustomStringConvertible {
    var description: String {
        switch self {
        case .enqueue(let jobs, let atomic): "enqueue \(list(jobs.map(Self.text)))\(atomic ? ", all or none" : "")"
        case .drop(let entry, _): "drop \(entry) into the inbox"
        case .intake(let good, let bad):
            "intake \(list(good.map { "\($0.entry) = \(Self.text($0.job))" }))"
                + ", bad \(list(bad.map { "\($0.entry) = \($0.id)" }))"
        case .join(let number, let leaseMs): "join as \(number), lease \(leaseMs) ms"
        case .claim(let call, let isBreaking):
            "claim \(call.incarnation)#\(call.number), want \(call.want)\(call.alone ? ", alone" : "")"
                + (isBreaking ? ", after the first envelope was lost" : "")
        case .beat(let members, let extend):
            "beat \(list(members.map { "\($0.incarnation)" }))\(extend ? "" : ", only looking")"
        case .settle(let number, let items): "settle as \(number) \(list(items.map(Self.text)))"
        case .promote(let limit): "promote up to \(limit)"
        case .recover(let number, let limit): "recover \(number.map { "\($0)" } ?? "any"), up to \(limit)"
        case .cancel(let ids): "cancel \(list(ids))"
        case .requeue(let items): "requeue \(list(items.map { "\($0.id) p\($0.priority)" }))"
        case .prune(let limit): "prune up to \(limit)"
        case .inspect(let ids, let full): "inspect \(list(ids))\(full ? " in full" : "")"
        case .snapshot: "snapshot"
        case .pause(let call): call.map { "pause by \($0.by) because \($0.reason)" } ?? "resume"
        case .remove(let items, let state):
            "remove \(list(items.map { "\($0.id)\($0.seen == nil ? "" : " as seen")" }))"
                + (state.map { " in \($0)" } ?? "")
        case .edit(let call): "edit \(call.seen.id) p\(call.priority) \(call.due.map(Self.text) ?? "")"
        case .list(let call):
            "list \(call.limit) \(call.state) behind \(call.place.map { "\($0)" } ?? "nothing")"
                + (call.backward ? ", backward" : "")
        case .groups(let name, let limit): "\(limit) groups of \(name ?? "any")"
        case .search(let call): "search \(call)"
        case .restore(let copies): "restore \(list(copies.map(\.id)))"
        case .watch(let ms): "watch for \(ms) ms"
        case .configure(let field, let value): "set \(field.name) to \(value.map { "\($0)" } ?? "nothing")"
        case .takeWake: "take the hint"
        case .flush: "flush"
        }
    }

    private func list(_ texts: [String]) -> String { "[\(texts.joined(separator: ", "))]" }

    private static func text(_ job: NewJob) -> String {
        let memory = job.rememberMs > 0 ? " remembered \(job.rememberMs) as \"\(job.digest)\"" : ""
        let due = job.due == .now ? "" : " due \(Self.text(job.due))"
        return "\(job.id) p\(job.priority)\(due)\(memory)\(job.envelope.isEmpty ? " empty" : "")"
    }

    private static func text(_ due: Due) -> String {
        switch due {
        case .now: "now"
        case .after(let ms): "in \(ms)"
        case .at(let ms): "at \(ms - Walker.today)"
        }
    }

    private static func text(_ item: Settlement) -> String {
        let kind =
            switch item.disposition {
            case .done(let ttl, _): "done ttl \(ttl)"
            case .retry(let due, let priority, _, _): "retry \(text(due)) p\(priority)"
            case .front(let priority, _, _): "front p\(priority)"
            case .suspect(let due, let priority, _, _): "suspect \(text(due)) p\(priority)"
            case .dead(let ttl, _, _, let group): "dead ttl \(ttl) of \(group)"
            case .cancelled: "cancelled"
            }
        return "\(item.id) of \(item.token.incarnation.number)#\(item.token.claim) \(kind)"
    }
}
