import JobModel
import JobStore

/// What workers do: most of the time as the rules say, sometimes late, twice or with what is not theirs.
extension Walker {
    mutating func join(_ index: Int, _ queue: ModelQueue) -> Action {
        let taken = queue.leasesByDeadline.map(\.incarnation)
        let number = !taken.isEmpty && chance(15) ? pick(taken) : incarnation()
        return .join(number, leaseMs: profile.leaseMs)
    }

    mutating func claim(_ index: Int, _ queue: ModelQueue) -> Action {
        guard let incarnation = workers[index].incarnation else {
            if chance(60) { return join(index, queue) }
            return .claim(ClaimCall(incarnation: self.incarnation(), number: 1, want: 1), isBreaking: false)
        }
        if let open = workers[index].openClaims.first, chance(70) { return .claim(open, isBreaking: false) }
        if roll(25) == 0 { return .claim(oddClaim(index, incarnation), isBreaking: false) }
        let number = workers[index].nextClaim
        var call = ClaimCall(incarnation: incarnation, number: number, want: pick([1, 1, 2, 5, 1000]))
        call.alone = chance(queue.count(.suspect) > 0 ? 40 : 4)
        workers[index].nextClaim += 1
        return .claim(call, isBreaking: !call.alone && roll(40) == 0)
    }

    private mutating func oddClaim(_ index: Int, _ incarnation: Int) -> ClaimCall {
        let next = workers[index].nextClaim
        switch roll(4) {
        case 0:
            workers[index].nextClaim += 3
            return ClaimCall(incarnation: incarnation, number: next + 2, want: 2)
        case 1: return ClaimCall(incarnation: incarnation, number: pick([0, -1, Token.lastClaim + 1]), want: 1)
        case 2: return ClaimCall(incarnation: incarnation, number: max(1, next - range(1...4)), want: 3)
        default: return ClaimCall(incarnation: incarnation, number: max(1, next - 1), want: 1, alone: true)
        }
    }

    mutating func beat(_ index: Int, _ queue: ModelQueue) -> Action {
        var numbers = workers[index].former
        if let incarnation = workers[index].incarnation { numbers.append(incarnation) }
        if numbers.isEmpty || roll(25) == 0 { numbers.append(incarnation()) }
        let about = #"{"worker":"\#(workers[index].name)","at":\#(now)}"#
        return .beat(numbers.map { BeatCall(incarnation: $0, about: about) }, extend: chance(75))
    }

    mutating func recover(_ index: Int, _ queue: ModelQueue) -> Action {
        let limit = pick([1, 2, 200])
        switch roll(20) {
        case 0: return .recover(incarnation(), limit: limit)
        // Leaving: its own lease ends by its own hand.
        case 1: return .recover(workers[index].incarnation, limit: limit)
        // Proven dead, or the next slice.
        case 2, 3:
            let known = queue.leasesByDeadline.map(\.incarnation)
            return .recover(known.isEmpty ? nil : pick(known), limit: limit)
        case 4, 5, 6:
            let condemned = queue.leasesByDeadline.filter { $0.deadline < 0 }.map(\.incarnation)
            return .recover(condemned.isEmpty ? nil : pick(condemned), limit: limit)
        default: return .recover(nil, limit: limit)
        }
    }

    // MARK: - Settling

    /// A worker that has something to settle, if there is one.
    mutating func settler() -> Int {
        for _ in 0..<4 {
            let index = roll(workers.count)
            if !workers[index].held.isEmpty || !workers[index].openSettles.isEmpty { return index }
        }
        return roll(workers.count)
    }

    mutating func settle(_ index: Int, _ queue: ModelQueue) -> Action {
        if let open = workers[index].openSettles.first, chance(60) {
            workers[index].openSettles.removeFirst()
            return .settle(open.incarnation, open.items)
        }
        let held = workers[index].held
        let incarnation = held.isEmpty ? workers[index].incarnation ?? self.incarnation() : pick(held).incarnation
        var items: [Settlement] = []
        for run in held where run.incarnation == incarnation && items.count < 6 && chance(70) {
            if items.contains(where: { $0.id == run.id }) { continue }
            items.append(settlement(run, worker: workers[index].name))
        }
        if items.isEmpty || roll(8) == 0, let odd = oddSettlement(queue), !items.contains(where: { $0.id == odd.id }) {
            items.append(odd)
        }
        return .settle(incarnation, items)
    }

    private mutating func settlement(_ run: SimulatedWorker.Run, worker: String) -> Settlement {
        let policy = (try? Envelope(parsing: ArraySlice(run.envelope.utf8)))?.policy ?? .standard
        let facts = RunFacts(worker: worker, now: now, ms: roll(50), name: pick(["n", "n-", "m", nil]))
        var disposition = decide(
            run.isRecovered ? recoveredOutcome() : outcome(run), policy: policy,
            record: RunRecord(parsing: ArraySlice(run.record.utf8)), facts: facts, random: 0)
        if case .dead(_, let record, let entry, let group) = disposition, chance(50) {
            disposition = .dead(ttlMs: pick([0, 5_000, -1]), record, entry, group)
        }
        if case .retry(_, let priority, let record, let entry) = disposition, roll(6) == 0 {
            disposition = .retry(due: pick([.now, .at(ms: now - 5), .at(ms: now + 9)]), priority, record, entry)
        }
        return Settlement(id: run.id, token: Token(run.token), disposition: disposition)
    }

    private mutating func outcome(_ run: SimulatedWorker.Run) -> Outcome {
        let error = RunError(type: "E", "it broke")
        switch roll(20) {
        case ..<7: return .succeeded(result: result())
        case 7: return .failed(error)
        case 8: return .permanent(error)
        case 9: return .retry(afterMs: range(1...profile.leaseMs), error)
        case 10: return .snoozed(ms: range(1...profile.leaseMs))
        case 11: return .timedOut(error)
        case 12: return roll(2) == 0 ? .undecodable(error) : .malformed(error)
        case 13: return .unhandled
        case 14: return roll(2) == 0 ? .expired : .cancelled
        case 15, 16: return .released(started: roll(2) == 0)
        case 17: return .lost(error)
        default: return .crashed(error, alone: run.isAlone)
        }
    }

    private mutating func recoveredOutcome() -> Outcome {
        switch roll(6) {
        case 0: .crashed(RunError("signal 9"), alone: roll(3) == 0)
        case 1: .released(started: false)
        default: .lost(RunError("the lease ran out"))
        }
    }

    private mutating func result() -> ResultRecord {
        ResultRecord(result: ArraySlice("\(roll(10))".utf8), at: now, ms: 1, attempt: 1, worker: "w")
    }

    /// A token that is wrong, one of somebody else, or a job that nobody runs.
    private mutating func oddSettlement(_ queue: ModelQueue) -> Settlement? {
        let id = id(queue)
        var token = Incarnation(incarnation()).token(claim: range(1...40)).number
        if let job = queue.jobs[id], job.state == .running, chance(60) {
            token = job.at + pick([-1, 0, 0, 1, 1 << 28])
        }
        let run = SimulatedWorker.Run(
            id: id, token: token, envelope: queue.jobs[id]?.envelope ?? "", record: queue.jobs[id]?.record ?? "")
        return settlement(run, worker: "z")
    }
}
