import JobModel
import JobStore

/// What must hold over a whole history, whatever the model thinks: looked at after every step.
struct Ledger: Sendable {
    private var lastEpoch = 0
    /// From state to state: how often.
    private(set) var moves: [String: Int] = [:]

    /// One step. Answers the promise that it broke, or nil.
    mutating func check(_ operation: Operation, _ answer: Answer, before: ModelQueue, after: ModelQueue) -> String? {
        if case .flush = operation.action {
            lastEpoch = 0
            return nil
        }
        if let breach = changes(operation, answer, before, after) { return breach }
        return balance(after) ?? leases(operation, answer, before, after) ?? claims(operation, answer, before, after)
    }

    // MARK: - Each job takes legal steps

    private mutating func changes(
        _ operation: Operation, _ answer: Answer, _ before: ModelQueue, _ after: ModelQueue
    ) -> String? {
        for (id, job) in after.jobs {
            let old = before.jobs[id]
            if job == old { continue }
            if job.state != old?.state { count(old, job) }
            guard isLegal(operation, id, old, job) else {
                return "\(id) went from \(old?.state.rawValue ?? "nothing") to \(job.state.rawValue) in \(operation)"
            }
            if let old, job.envelope != old.envelope, !mayLoseEnvelope(operation, job) {
                return "the envelope of \(id) changed"
            }
            if job.state == .dead, !isComplete(job) { return "the dead letter \(id) is not complete" }
        }
        for (id, job) in before.jobs where after.jobs[id] == nil {
            guard mayBeForgotten(operation, id, job, after) else { return "\(id) (\(job.state)) was lost" }
            count(job, nil)
        }
        return refused(operation, answer, before, after)
    }

    private mutating func count(_ old: ModelJob?, _ new: ModelJob?) {
        let isSlim = new?.envelope.isEmpty == true
        moves["\(old?.state.rawValue ?? "-") → \(isSlim ? "slim" : new?.state.rawValue ?? "-")", default: 0] += 1
    }

    /// A dead letter has its envelope, its record, and the entry that says why.
    private func isComplete(_ job: ModelJob) -> Bool {
        let record = RunRecord(parsing: ArraySlice((job.record ?? "").utf8))
        return !job.envelope.isEmpty && record.errors > 0 && job.errors[ErrorEntry.slot(number: record.errors)] != nil
    }

    private func isLegal(_ operation: Operation, _ id: String, _ old: ModelJob?, _ new: ModelJob) -> Bool {
        switch (operation.action, old?.state, new.state) {
        case (.enqueue, nil, .queued), (.enqueue, nil, .scheduled), (.intake, nil, .queued), (.intake, nil, .scheduled),
            (.intake, nil, .dead), (.restore, nil, .dead):
            true
        case (.promote, .scheduled, .queued), (.promote, .retrying, .queued): old!.at <= operation.now
        case (.claim(let call, _), .queued, .running): !call.alone
        case (.claim(let call, _), .suspect, .running): call.alone && old!.at <= operation.now
        case (.claim(_, let isBreaking), .queued, .dead): isBreaking
        case (.settle(_, let items), .running, .succeeded), (.settle(_, let items), .running, .retrying),
            (.settle(_, let items), .running, .queued), (.settle(_, let items), .running, .suspect),
            (.settle(_, let items), .running, .dead), (.settle(_, let items), .running, .cancelled):
            items.contains { $0.id == id && $0.token.number == old!.at }
        case (.cancel, .running, .running): old!.at == new.at
        case (.cancel, .queued, .cancelled), (.cancel, .scheduled, .cancelled), (.cancel, .retrying, .cancelled),
            (.cancel, .suspect, .cancelled), (.requeue, .dead, .queued), (.requeue, .cancelled, .queued):
            true
        case (.edit(let call), .some(let state), let next):
            call.seen.id == id && state != .running && state != .succeeded
                && (state == next || [state, next] == [.queued, .scheduled]
                    || [.scheduled, .retrying].contains(state) && next == .queued)
        default: false
        }
    }

    private func mayLoseEnvelope(_ operation: Operation, _ job: ModelJob) -> Bool {
        switch operation.action {
        case .settle: job.state == .succeeded && job.envelope.isEmpty
        case .claim(_, let isBreaking): isBreaking && job.state == .dead
        case .edit, .requeue: true
        default: false
        }
    }

    private func mayBeForgotten(_ operation: Operation, _ id: String, _ job: ModelJob, _ after: ModelQueue) -> Bool {
        switch operation.action {
        case .settle(_, let items):
            items.contains { item in
                guard item.id == id, item.token.number == job.at, case .done(0, _) = item.disposition else {
                    return false
                }
                return job.state == .running
            }
        case .prune:
            job.state.isFinal && job.at <= operation.now
                && (job.at > after.meta[.guard] ?? .min || after.meta[.calm] ?? 0 >= ModelQueue.calmEnough)
        case .remove(let items, let state):
            items.contains { $0.id == id } && job.state != .running && (state ?? job.state) == job.state
        default: false
        }
    }

    /// Who does not have the token changes nothing, nor does an atomic call that was refused in part.
    private func refused(
        _ operation: Operation, _ answer: Answer, _ before: ModelQueue, _ after: ModelQueue
    ) -> String? {
        if case .admissions(let admissions) = answer, admissions.contains(.held), before != after {
            return "a call of all or none was taken in in part"
        }
        if case .edited(let word) = answer, word != .ok, before != after { return "a refused edit changed something" }
        guard case .settle(_, let items) = operation.action, case .settled(let answers) = answer else { return nil }
        for (item, answer) in zip(items, answers) where answer == .stale || answer == .gone {
            if before.jobs[item.id] != after.jobs[item.id] { return "\(item.id) was changed by a refused call" }
        }
        return nil
    }

    // MARK: - The queue as a whole

    /// What came in and did not end is there.
    private func balance(_ after: ModelQueue) -> String? {
        func total(_ field: ModelMeta.Field) -> Int { after.meta[field] ?? 0 }
        let live = after.jobs.values.count { !$0.state.isFinal }
        let flow =
            total(.enqueued) + total(.requeued) - total(.succeeded) - total(.dead) - total(.cancelled)
            - total(.removed)
        return live == flow ? nil : "\(live) jobs live, but the totals say \(flow)"
    }

    private func leases(
        _ operation: Operation, _ answer: Answer, _ before: ModelQueue, _ after: ModelQueue
    ) -> String? {
        for (id, job) in after.jobs where job.state == .running {
            if after.leases[Token(job.at).incarnation.number] == nil { return "\(id) runs without a lease" }
        }
        for (incarnation, deadline) in after.leases where deadline > 0 {
            if let old = before.leases[incarnation], old < 0 { return "the condemned \(incarnation) came back to life" }
        }
        if case .recover(nil, _) = operation.action, case .recovered(let recovery) = answer {
            guard let old = before.leases[recovery.incarnation], old <= operation.now else {
                return "\(recovery.incarnation) was recovered although its lease lasts"
            }
            if operation.now < before.meta[.grace] ?? 0 { return "recovered within a grace window" }
        }
        return nil
    }

    private mutating func claims(
        _ operation: Operation, _ answer: Answer, _ before: ModelQueue, _ after: ModelQueue
    ) -> String? {
        guard case .claim(let call, _) = operation.action, case .claimed(let claim) = answer else { return nil }
        let new = claim.jobs.filter { before.jobs[$0.id]?.state != .running }
        guard !new.isEmpty else { return nil }
        if claim.epoch <= lastEpoch { return "epoch \(claim.epoch) after \(lastEpoch)" }
        lastEpoch = claim.epoch
        if (before.leases[call.incarnation] ?? -1) < 0 { return "claimed without a lease" }
        if call.alone { return nil }
        let last = claim.jobs.map { before.jobs[$0.id]!.score }.max()!
        let overtaken = after.jobs.first { $0.value.state == .queued && $0.value.score < last }
        return overtaken.map { "\($0.key) was overtaken" }
    }
}
