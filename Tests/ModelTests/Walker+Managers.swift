import JobModel
import JobStore

/// What people do: most of the time to what they have seen, sometimes to what is no longer so.
extension Walker {
    mutating func pause(_ queue: ModelQueue) -> Action {
        let pauses = queue.meta.isPaused ? chance(20) : chance(12)
        return .pause(pauses ? PauseCall(by: pick(["a", ""]), reason: pick(["", "it burns"])) : nil)
    }

    mutating func remove(_ queue: ModelQueue) -> Action {
        let state = chance(20) ? pick(JobState.allCases) : nil
        return .remove(ids(1...3, queue).map { SeenJob(id: $0, seen: chance(50) ? seen($0, queue) : nil) }, in: state)
    }

    mutating func edit(_ queue: ModelQueue) -> Action {
        var id = id(queue)
        for _ in 0..<3 where [.running, .succeeded, nil].contains(queue.jobs[id]?.state) { id = self.id(queue) }
        let (envelope, priority) = envelope()
        return .edit(
            EditCall(seen: seen(id, queue), envelope: envelope, priority: priority, due: chance(50) ? due() : nil))
    }

    /// How it looks, or looked.
    private mutating func seen(_ id: String, _ queue: ModelQueue) -> InspectedJob {
        var seen = queue.inspect(id, full: true)
        if chance(80) { return seen }
        switch roll(4) {
        case 0: seen.record += " "
        case 1: seen.envelope += " "
        case 2: seen.score = (seen.score ?? 0) + 1
        default: seen.isAsked = true
        }
        return seen
    }

    mutating func list(_ queue: ModelQueue) -> Action {
        let state = pick(JobState.allCases + [.queued, .succeeded])
        var call = ListCall(state: state, place: place(state, queue), backward: chance(50), limit: range(1...5))
        call.results = chance(50)
        if !profile.isHeavy, chance(30) {
            call.filter = JobFilter(name: pick(["n", "inbox", "x", nil]), createdFrom: pick([nil, now - 5_000]))
        }
        return .list(call)
    }

    /// Behind a job of the state, beside one, or where never any was.
    private mutating func place(_ state: JobState, _ queue: ModelQueue) -> ListCall.Place? {
        guard chance(75) else { return nil }
        guard let job = queue.ids(state).randomElement(using: &random) else {
            return ListCall.Place(score: roll(1000), id: pick(Self.pool))
        }
        let score = queue.jobs[job]!.score
        return ListCall.Place(
            score: score == ModelJob.forever ? score : score + pick([0, 0, 0, 1, -1]),
            id: chance(50) ? job : pick(Self.pool))
    }

    // MARK: - Dead jobs

    /// By name or group, mostly of one that there is.
    mutating func search(_ queue: ModelQueue) -> Action {
        var call = SearchCall(backward: chance(50), limit: range(1...4))
        let causes = Self.pool.compactMap { id in queue.jobs[id]?.cause.map { "\($0)/\(id)" } }
        if let member = causes.isEmpty ? nil : pick(causes), chance(70) {
            let parts = member.split(separator: "/")
            if chance(60) {
                call.group = DeadGroup("\(parts[0])/\(parts[1])")
                call.place = chance(30) ? member : nil
            }
        }
        if call.group == nil { call.name = pick(["n", "n-", "m"]) }
        if chance(25) { call.diedFrom = now - roll(20_000) }
        if chance(25) { call.diedBefore = now - roll(5_000) }
        return .search(call)
    }

    /// Copies of what may be there, or be long forgotten.
    mutating func restore(_ queue: ModelQueue) -> Action {
        .restore(
            ids(1...3, queue).map { id in
                var record = RunRecord()
                (record.errors, record.at, record.last) = (pick([1, 2, 12]), now, .failed)
                var entry = ErrorEntry()
                (entry.number, entry.message) = (record.errors, pick(["it broke", "it burns"]))
                return DeadCopy(
                    id: roll(20) == 0 ? "a b" : id, envelope: ArraySlice(envelope().0),
                    forgetMs: pick([nil, now - 1, now + 5_000]), diedMs: now - roll(3_000),
                    record: ArraySlice(record.encoded()),
                    errors: [ErrorEntry.slot(number: entry.number): ArraySlice(entry.encoded())])
            })
    }
}
