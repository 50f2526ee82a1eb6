import JobModel
import Redis

@testable import JobStore

/// The real queue: does the same operations through the store.
struct RedisSide: Sendable {
    let queue: QueueStore
    private let layout: StateLayout
    private let reader: StateReader

    /// `name` must be nobody else's; client and reader must be of the same server.
    init(_ client: RedisClient, _ reader: StateReader, name: QueueName) {
        queue = Store(client).queue(name)
        layout = StateLayout(name)
        self.reader = reader
    }

    /// Is the whole state what the model says?
    func isEqual(to model: ModelQueue) throws -> Bool { try reader.isAsExpected(StateDigest(model, layout)) }

    func apply(_ operation: Operation, broken: String?) async -> Answer {
        do {
            if let broken { return try await applyBreaking(operation, broken) }
            return try await perform(operation.action, queue.at(operation.now))
        } catch StoreError.badAnswer(let text) {
            return .refused(text)
        } catch {
            return .failed("\(error)")
        }
    }

    /// Takes the envelope away first, and puts it back where the claim did not come to the job.
    private func applyBreaking(_ operation: Operation, _ id: String) async throws -> Answer {
        let envelope = try await send("HGET", .jobs, id).string()
        _ = try await send("HDEL", .jobs, id)
        let answer: Answer
        do {
            answer = try await perform(operation.action, queue.at(operation.now))
        } catch StoreError.badAnswer(let text) { answer = .refused(text) }
        if try await !send("ZSCORE", .queued, id).isNull { _ = try await send("HSET", .jobs, id, envelope) }
        return answer
    }

    private func perform(_ action: Action, _ queue: QueueStore) async throws -> Answer {
        switch action {
        case .enqueue(let jobs, let atomic):
            return .admissions(try await queue.enqueue(jobs, atomic: atomic).admissions)
        case .intake(let good, let bad): return .intake(try await queue.intake(good: good, bad: bad))
        case .join(let number, let leaseMs): return .join(try await queue.join(Incarnation(number), leaseMs: leaseMs))
        case .claim(let call, _): return try await claim(call, queue)
        case .beat(let members, let extend):
            return .beat(
                try await queue.beat(
                    members.map { (incarnation: Incarnation($0.incarnation), about: Array($0.about.utf8)) },
                    extend: extend))
        case .settle(let number, let items): return .settled(try await queue.settle(Incarnation(number), items).answers)
        case .promote(let limit):
            let answer = try await queue.promote(limit: limit)
            return .promoted(answer.moved, nextDue: answer.nextDue)
        case .recover(let number, let limit):
            return answer(try await queue.recover(number.map(Incarnation.init), limit: limit))
        case .cancel(let ids): return .cancelled(try await queue.cancel(ids))
        case .requeue(let items): return .requeued(try await queue.requeue(items))
        case .prune(let limit):
            let answer = try await queue.prune(limit: limit)
            return .pruned(answer.forgotten, isMoreDue: answer.isMoreDue)
        case .inspect(let ids, let full):
            return .inspected(try await queue.inspect(ids, full: full).jobs.map { view($0, full: full) })
        case .snapshot: return .snapshot(try await queue.snapshot())
        case .pause, .remove, .edit, .list: return try await manage(action, queue)
        case .groups, .search, .restore: return try await bury(action, queue)
        case .watch(let ms): return .watched(was: try await queue.watch(ms: ms)?.wasWatched)
        case .drop, .configure, .takeWake, .flush: return try await disturb(action)
        }
    }

    private func manage(_ action: Action, _ queue: QueueStore) async throws -> Answer {
        switch action {
        case .pause(let call?): return .paused(was: try await queue.pause(by: call.by, reason: call.reason))
        case .remove(let items, let state):
            let jobs = items.map { QueueStore.Sighting(id: $0.id, version: $0.seen.map(\.version)) }
            return .removed(try await queue.remove(jobs, in: state))
        case .edit(let call):
            return .edited(
                try await queue.edit(
                    QueueStore.Edit(
                        id: call.seen.id, version: call.seen.version, envelope: call.envelope, priority: call.priority,
                        due: call.due)))
        case .list(let call):
            let place = call.place.flatMap { ListPlace(score: $0.scoreText, id: $0.id) }
            let page = try await queue.list(
                call.state, from: place, backward: call.backward, limit: call.limit, filter: call.filter,
                results: call.results)
            var view = ListView(total: page.total)
            view.jobs = page.jobs.map { self.view($0, full: true) }
            view.searched = page.searched
            view.next = page.next.map {
                ListCall.Place(score: $0.score == "inf" ? ModelJob.forever : Int($0.score) ?? 0, id: $0.id)
            }
            return .listed(view)
        default: return .paused(was: try await queue.resume())
        }
    }

    private func bury(_ action: Action, _ queue: QueueStore) async throws -> Answer {
        switch action {
        case .groups(let name, let limit):
            return .groups(try await queue.deadGroups(name: name, limit: limit, samples: false))
        case .search(let call):
            var filter = DeadFilter()
            filter.jobs.name = call.name
            (filter.group, filter.diedFrom, filter.diedBefore) = (call.group, call.diedFrom, call.diedBefore)
            let place = call.place.flatMap { ListPlace(score: "0", id: $0) }
            let page = try await queue.searchDead(filter)
                .page(from: place, backward: call.backward, limit: call.limit)
            // A page that is full may be the last one without knowing it.
            let isFull = page.jobs.count == call.limit
            return .searched(page.jobs.map { view($0, full: true) }, next: isFull ? page.next?.id : nil)
        case .restore(let copies): return .restored(try await queue.restore(copies))
        default: return .done
        }
    }

    /// What others do to the queue, without a script.
    private func disturb(_ action: Action) async throws -> Answer {
        switch action {
        case .drop(let entry, let envelope): _ = try await send("XADD", .inbox, entry, "job", envelope)
        case .configure(let field, let value?): _ = try await send("HSET", .meta, field.name, "\(value)")
        case .configure(let field, nil): _ = try await send("HDEL", .meta, field.name)
        case .takeWake: _ = try await send("ZPOPMIN", .wake)
        default: try await clear()
        }
        return .done
    }

    private func claim(_ call: ClaimCall, _ queue: QueueStore) async throws -> Answer {
        let incarnation = Incarnation(call.incarnation)
        switch try await queue.claim(incarnation, number: call.number, want: call.want, alone: call.alone) {
        case .stale: return .stale
        case .skipped: return .skipped
        case .claimed(let claim):
            return .claimed(
                ClaimView(
                    now: claim.now, epoch: claim.epoch, nextDue: claim.nextDue, inbox: claim.inbox,
                    isSuspectDue: claim.isSuspectDue, born: claim.born, left: claim.left, jobs: claim.jobs.map(view)))
        }
    }

    private func answer(_ answer: RecoverAnswer) -> Answer {
        switch answer {
        case .none: .nothing
        case .grace(let until): .grace(until: until)
        case .recovered(let recovery):
            .recovered(
                RecoveryView(
                    now: recovery.now, incarnation: recovery.incarnation.number, about: text(recovery.about),
                    left: recovery.left, jobs: recovery.jobs.map(view)))
        }
    }

    private func view(_ job: ClaimedJob) -> HeldJob {
        HeldJob(id: job.id, token: job.token.number, envelope: text(job.envelope), record: text(job.record))
    }

    private func view(_ job: JobView, full: Bool) -> InspectedJob {
        InspectedJob(
            id: job.id, state: job.state, isRemembered: job.isRemembered, isAsked: job.isAsked, score: job.score,
            record: text(job.recordBytes), result: job.result, envelope: text(job.envelope), errors: job.errors)
    }

    // MARK: - Beside the scripts

    func send(_ command: String, _ key: Key, _ arguments: String...) async throws -> Reply {
        var all = Arguments()
        all.append(key.name(in: queue.name))
        for argument in arguments { all.append(argument) }
        return try await queue.client.send(Command(command, all))
    }

    /// Takes away all keys of the queue.
    func clear() async throws {
        var keys = Arguments()
        for key in Key.allCases { keys.append(key.name(in: queue.name)) }
        _ = try await queue.client.send(Command("DEL", keys))
    }
}

extension ListCall.Place {
    fileprivate var scoreText: String { score == ModelJob.forever ? "inf" : "\(score)" }
}

extension InspectedJob {
    /// As the store makes it of a job that looks like this.
    fileprivate var version: String {
        guard let state, let score else { return "never seen" }
        return JobView.version(
            state: state, score: score.isInfinite ? "inf" : "\(Int(score))", isAsked: isAsked,
            record: ArraySlice(record.utf8), envelope: ArraySlice(envelope.utf8))
    }
}
