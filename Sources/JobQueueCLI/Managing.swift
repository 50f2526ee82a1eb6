import JobModel
import JobStore
import TerminalDashboard

/// What people do to single jobs of a queue: asks the store, reads again what changed meanwhile, and has a verdict for each.
struct Managing {
    let store: QueueStore

    private static let tries = 5
    private static let changed = Verdicts.Verdict.refused("changed all the time, try again")

    func cancel(_ ids: [String]) async throws -> Verdicts {
        try await inSlices(ids, "cancelled") { slice in
            zip(slice, try await store.cancel(slice)).map { Self.verdict($1, $0, in: store.name) }
        }
    }

    func delete(_ ids: [String]) async throws -> Verdicts {
        try await inSlices(ids, "deleted") { slice in
            let answers = try await store.remove(slice.map { QueueStore.Sighting(id: $0) })
            return zip(slice, answers).map { Self.verdict($1, $0, in: store.name) }
        }
    }

    /// Makes jobs due that wait for their time.
    func runNow(_ ids: [String]) async throws -> Verdicts {
        var verdicts = Verdicts("job", "made due")
        for id in ids {
            verdicts.add(id, try await change(id, done: "due now") { Self.dueNow($0, in: store.name) })
        }
        return verdicts
    }

    /// Changes one job; `plan` says how, or why not, from what is seen of it.
    func change(
        _ id: String, done: String, plan: (JobView) throws(Failure) -> Plan
    ) async throws -> Verdicts.Verdict {
        for _ in 0..<Self.tries {
            let edit: QueueStore.Edit
            switch try plan(try await store.inspect([id], full: true).jobs[0]) {
            case .end(let verdict): return verdict
            case .edit(let change): edit = change
            }
            let answer = try await store.edit(edit)
            if answer != .changed { return Self.verdict(answer, id, in: store.name, done: done) }
        }
        return Self.changed
    }

    /// As many at a time as the store takes.
    private func inSlices(
        _ ids: [String], _ participle: String, _ ask: ([String]) async throws -> [Verdicts.Verdict]
    ) async throws -> Verdicts {
        var verdicts = Verdicts("job", participle)
        for first in stride(from: 0, to: ids.count, by: 1000) {
            let slice = Array(ids[first..<min(first + 1000, ids.count)])
            for (id, verdict) in zip(slice, try await ask(slice)) { verdicts.add(id, verdict) }
        }
        return verdicts
    }

    // MARK: Decisions

    enum Plan {
        case edit(QueueStore.Edit)
        /// There is nothing to be changed, or it cannot be.
        case end(Verdicts.Verdict)
    }

    static func verdict(_ answer: QueueStore.CancelAnswer, _ id: String, in queue: QueueName) -> Verdicts.Verdict {
        switch answer {
        case .cancelled: .done("cancelled")
        case .asked: .done("asked to stop")
        case .succeeded: .refused("succeeded: it is too late to cancel it")
        case .dead: .refused("dead: there is nothing to cancel")
        case .gone: .noJob(id, in: queue)
        }
    }

    static func verdict(_ answer: QueueStore.RemoveAnswer, _ id: String, in queue: QueueName) -> Verdicts.Verdict {
        switch answer {
        case .ok: .done("deleted")
        case .running: .refused("running: cancel it first")
        case .gone: .noJob(id, in: queue)
        case .changed: changed
        }
    }

    static func verdict(
        _ answer: QueueStore.EditAnswer, _ id: String, in queue: QueueName, done: String
    ) -> Verdicts.Verdict {
        switch answer {
        case .ok: .done(done)
        case .running: .refused("running: it is too late to change it")
        case .succeeded: .refused("succeeded: there is nothing to change")
        case .gone: .noJob(id, in: queue)
        case .changed: changed
        }
    }

    /// The same job, due now.
    static func dueNow(_ view: JobView, in queue: QueueName) -> Plan {
        switch view.state {
        case nil: return .end(.noJob(view.id, in: queue))
        case .queued: return .end(.done("queued already"))
        case .running: return .end(.refused("running already"))
        case .blocked: return .end(.refused("blocked: it waits for other jobs"))
        case .succeeded: return .end(.refused("succeeded: there is nothing to run"))
        case .dead, .cancelled:
            return .end(.refused("\(view.state?.rawValue ?? ""): give it another life with dead requeue"))
        case .scheduled, .retrying, .suspect: break
        }
        guard let version = view.version, let envelope = try? Envelope(parsing: view.envelope) else {
            return .end(.refused("what is stored of it cannot be read"))
        }
        return .edit(
            QueueStore.Edit(
                id: view.id, version: version, envelope: Array(view.envelope), priority: envelope.policy.priority,
                due: .now))
    }
}
