import JobModel
import JobStore

extension ModelQueue {
    /// Each kind of outcome after the other, in the order of the cases of `Disposition`; of the successes those of one
    /// token and one time to live together. Who does not hold the token changes nothing.
    mutating func settle(_ incarnation: Int, _ items: [Settlement], now: Int) -> Answer {
        var answers = [Settled](repeating: .ok, count: items.count)
        var fronts: [(id: String, priority: Int)] = []
        for kind in 0..<6 {
            for index in Self.order(of: kind, in: items) {
                let item = items[index]
                guard let job = jobs[item.id], job.state == .running else {
                    answers[index] = .gone
                    continue
                }
                guard job.at == item.token.number else {
                    answers[index] = .stale
                    continue
                }
                if job.isAsked, item.disposition.isOverruled { answers[index] = .asked }
                end(item, isAsked: job.isAsked, now: now, fronts: &fronts)
            }
        }
        release(fronts)
        if let lease = leases[incarnation], lease < 0, held(by: incarnation).isEmpty { end(incarnation) }
        return .settled(answers)
    }

    private static func order(of kind: Int, in items: [Settlement]) -> [Int] {
        let places = items.indices.filter { items[$0].disposition.kind == kind }
        func run(_ place: Int) -> [Int] {
            guard case .done(let ttl, _) = items[place].disposition else { return [] }
            return [items[place].token.number, ttl]
        }
        var runs: [[Int]] = []
        for place in places where !runs.contains(run(place)) { runs.append(run(place)) }
        return runs.flatMap { known in places.filter { run($0) == known } }
    }

    private mutating func end(
        _ item: Settlement, isAsked: Bool, now: Int, fronts: inout [(id: String, priority: Int)]
    ) {
        let id = item.id
        jobs[id]!.isAsked = false
        note(item)
        if isAsked, item.disposition.isOverruled { return cancelled(id, now: now) }
        switch item.disposition {
        case .done(let ttl, let result): done(id, ttl: ttl, result: text(result), now: now)
        case .retry(let due, let priority, _, _):
            let score = Self.moment(due, now) * 10 + priority.value
            if score < earliestScore(.retrying) { isAwake = true }
            jobs[id]!.move(to: .retrying, priority: priority.value, at: Self.moment(due, now))
            meta.count(.retried)
        case .front(let priority, _, _): fronts.append((id, priority.value))
        case .suspect(let due, let priority, _, _):
            jobs[id]!.move(to: .suspect, priority: priority.value, at: Self.moment(due, now))
            meta.count(.suspected)
            isAwake = true
        case .dead(let ttl, _, _, let group):
            jobs[id]!.move(to: .dead, at: Self.forget(after: ttl, now))
            jobs[id]!.cause = Self.cause(group, now)
            meta.count(.dead)
        case .cancelled: cancelled(id, now: now)
        }
    }

    mutating func cancelled(_ id: String, now: Int) {
        jobs[id]!.move(to: .cancelled, at: Self.forget(after: Limits.cancelledTTL, now))
        meta.count(.cancelled)
    }

    private mutating func note(_ item: Settlement) {
        let (record, entry) = item.disposition.history
        if let record { jobs[item.id]!.record = text(record.encoded()) }
        if let entry { jobs[item.id]!.errors[ErrorEntry.slot(number: entry.number)] = text(entry.encoded()) }
    }

    /// A record is kept at least 15 s, because it is what remembers the id; above the limit it is no more than that.
    private mutating func done(_ id: String, ttl: Int, result: String, now: Int) {
        let isFull = count(.succeeded) >= meta[.limitSucceeded] ?? 100_000
        meta.count(.succeeded)
        if ttl == 0 {
            jobs[id] = nil
        } else if isFull {
            jobs[id] = ModelJob(envelope: "", state: .succeeded, priority: 0, at: now + 15_000)
        } else {
            jobs[id]!.result = result
            jobs[id]!.move(to: .succeeded, at: ttl < 0 ? ModelJob.forever : now + max(ttl, 15_000))
        }
    }

    /// Before everything of their priority, in the order in which they came.
    private mutating func release(_ fronts: [(id: String, priority: Int)]) {
        for (id, priority) in fronts.reversed() {
            meta.count(.front, -1)
            meta.count(.released)
            jobs[id]!.move(to: .queued, priority: priority, at: meta[.front]!)
            isAwake = true
        }
    }
}

extension Disposition {
    /// The position of its case.
    fileprivate var kind: Int {
        switch self {
        case .done: 0
        case .retry: 1
        case .front: 2
        case .suspect: 3
        case .dead: 4
        case .cancelled: 5
        }
    }

    /// Where cancellation was asked, all but success become cancelled.
    fileprivate var isOverruled: Bool { (1...4).contains(kind) }

    var history: (RunRecord?, ErrorEntry?) {
        switch self {
        case .done: (nil, nil)
        case .retry(_, _, let record, let entry), .suspect(_, _, let record, let entry): (record, entry)
        case .front(_, let record, let entry): (record, entry)
        case .dead(_, let record, let entry, _): (record, entry)
        case .cancelled(let record, let entry): (record, entry)
        }
    }
}
