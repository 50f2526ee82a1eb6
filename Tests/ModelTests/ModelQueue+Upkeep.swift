import JobModel

@testable import JobStore

extension ModelQueue {
    /// In the order in which they were due; at the same moment first what was scheduled, then by priority.
    mutating func promote(limit: Int, now: Int) -> Answer {
        guard tick(now: now) else { return .promoted(0, nextDue: nextDue) }
        let due = (ids(.scheduled) + ids(.retrying)).filter { jobs[$0]!.at <= now }
        let order = due.indices.sorted {
            let (a, b) = (jobs[due[$0]]!.at, jobs[due[$1]]!.at)
            return a == b ? $0 < $1 : a < b
        }
        let moved = order.prefix(limit)
        for index in moved { jobs[due[index]]!.move(to: .queued, priority: jobs[due[index]]!.priority, at: line()) }
        if !moved.isEmpty { isAwake = true }
        return .promoted(moved.count, nextDue: nextDue)
    }

    mutating func cancel(_ ids: [String], now: Int) -> Answer {
        .cancelled(
            ids.map { id in
                switch jobs[id]?.state {
                case .none: return .gone
                case .succeeded: return .succeeded
                case .dead: return .dead
                case .cancelled: return .cancelled
                case .running:
                    jobs[id]!.isAsked = true
                    return .asked
                case .queued, .scheduled, .blocked, .retrying, .suspect:
                    cancelled(id, now: now)
                    return .cancelled
                }
            })
    }

    mutating func requeue(_ wanted: [QueueStore.Requeue]) -> Answer {
        .requeued(
            wanted.map { item in
                guard let job = jobs[item.id], job.state == .dead || job.state == .cancelled else { return .gone }
                if job.record ?? "" != text(item.old) { return .changed }
                if let envelope = item.envelope, job.envelope != text(envelope.old) { return .changed }
                if room < 1 { return .full }
                if let envelope = item.envelope { jobs[item.id]!.envelope = text(envelope.new) }
                jobs[item.id]!.record = text(item.new.encoded())
                jobs[item.id]!.move(to: .queued, priority: item.priority.value, at: line())
                meta.count(.requeued)
                isAwake = true
                return .ok
            })
    }

    /// What was due before the last gap or step waits until ten regular minutes have passed.
    mutating func prune(limit: Int, now: Int) -> Answer {
        tick(now: now)
        var from = Int.min
        if let moment = meta[.guard], meta[.calm] ?? 0 < Self.calmEnough { from = moment + 1 }
        guard from <= now else { return .pruned(0, isMoreDue: false) }
        var forgotten = 0
        var isMoreDue = false
        for state in [JobState.succeeded, .dead, .cancelled] {
            let due = ids(state).filter { (from...now).contains(jobs[$0]!.at) }.prefix(limit)
            isMoreDue = isMoreDue || due.count == limit
            for id in due { jobs[id] = nil }
            forgotten += due.count
        }
        if forgotten > 0 { meta.count(.forgotten, forgotten) }
        let over = pruneMemories(from: from, limit: limit, now: now)
        return .pruned(forgotten, isMoreDue: isMoreDue || over)
    }

    /// An id is remembered as long as its job or record is there. Answers whether more may be due.
    private mutating func pruneMemories(from: Int, limit: Int, now: Int) -> Bool {
        let due = remembered.filter { (from...now).contains($0.value.until) }
            .sorted { $0.value.until == $1.value.until ? $0.key < $1.key : $0.value.until < $1.value.until }
            .prefix(limit)
        for (id, _) in due {
            if jobs[id] == nil { remembered[id] = nil } else { remembered[id]!.until = now + 60_000 }
        }
        return due.count == limit
    }

    func inspect(_ ids: [String], full: Bool) -> Answer {
        .inspected(ids.map { inspect($0, full: full) })
    }

    func inspect(_ id: String, full: Bool) -> InspectedJob {
        var view = InspectedJob(id: id)
        guard let job = jobs[id] else {
            view.isRemembered = remembered[id] != nil
            return view
        }
        view.state = job.state
        view.score = job.score == ModelJob.forever ? .infinity : Double(job.score)
        view.isAsked = job.isAsked
        view.record = job.record ?? ""
        view.result = ResultRecord(parsing: ArraySlice((job.result ?? "").utf8))
        guard full else { return view }
        view.envelope = job.envelope
        view.errors = job.errors.values.compactMap { ErrorEntry(parsing: ArraySlice($0.utf8)) }
        view.errors.sort { $0.number < $1.number }
        return view
    }

    func snapshot(_ name: QueueName, now: Int) -> Answer {
        var snapshot = QueueSnapshot(
            name: name, now: now, counts: [:], remembered: remembered.count, inbox: inbox.count, meta: [:], workers: [])
        for state in JobState.allCases { snapshot.counts[state] = count(state) }
        snapshot.nextDue = nextDue
        let overdue = jobs.values.filter {
            [.scheduled, .retrying, .suspect].contains($0.state) && $0.score <= now * 10 + 9
        }
        snapshot.overdue = overdue.count
        snapshot.oldestDueMs = (firstInLine.compactMap { dueSince($0, now: now) } + overdue.map(\.at)).min()
        let deaths = now + Limits.deadTTL - 3_600_000...now + Limits.deadTTL
        snapshot.newlyDead = jobs.values.count { $0.state == .dead && deaths.contains($0.at) }
        let slack = max(15_000, (meta[.leaseMs] ?? 0) / 2)
        snapshot.samples = [900_000, 60_000].compactMap { window in
            samples.first { $0.at >= now - window - slack }.flatMap { RateSample(parsing: $0.text) }
        }
        for field in ModelMeta.Field.allCases {
            if let value = meta[field] { snapshot.meta[field.name] = "\(value)" }
        }
        if let note = meta.pauseNote {
            snapshot.meta["paused_by"] = note.by
            snapshot.meta["paused_reason"] = note.reason
        }
        snapshot.workers = leasesByDeadline.map { incarnation, deadline in
            QueueSnapshot.Worker(
                incarnation: Incarnation(incarnation), deadline: Double(deadline),
                about: ArraySlice((about[incarnation] ?? "").utf8),
                held: jobs.values.count { $0.state == .running && Token($0.score).incarnation.number == incarnation })
        }
        return .snapshot(snapshot)
    }

    /// Of each priority the first that was given back, and the first that came; of all but the very first only those with a
    /// small envelope.
    private var firstInLine: [ModelJob] {
        let line = ids(.queued).map { jobs[$0]! }
        let heads = Dictionary(grouping: line) { $0.score >> 48 }.sorted { $0.key < $1.key }.map { $0.value[0] }
        return heads.prefix(1) + heads.dropFirst().filter { $0.envelope.utf8.count <= 32_768 }
    }

    private func dueSince(_ job: ModelJob, now: Int) -> Int? {
        let envelope = try? Envelope(parsing: ArraySlice(job.envelope.utf8))
        let record = RunRecord(parsing: ArraySlice((job.record ?? "").utf8))
        return QueueStore.dueSince(envelope, record, now: now)
    }
}
