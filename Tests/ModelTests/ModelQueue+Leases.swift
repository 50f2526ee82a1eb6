import JobModel

@testable import JobStore

extension ModelQueue {
    /// A number that nobody has, neither as a member nor in the token of a job.
    mutating func join(_ incarnation: Int, leaseMs: Int, now: Int) -> Answer {
        guard leases[incarnation] == nil, claims[incarnation] == nil, held(by: incarnation).isEmpty else {
            return .join(.taken)
        }
        meta[.format] = StoreScript.format
        meta[.born] = meta[.born] ?? now * 1000
        meta[.leaseMs] = min(max(meta[.leaseMs] ?? leaseMs, 100), 3_600_000)
        meta[.tick] = meta[.tick] ?? now
        leases[incarnation] = now + meta.leaseMs
        return .join(.joined(now: now, born: "\(meta[.born]!)", leaseMs: meta.leaseMs))
    }

    /// `broken` is a job whose envelope was taken away just before: it is given up where it would have been claimed.
    mutating func claim(_ claim: ClaimCall, broken: String? = nil, now: Int) -> Answer {
        guard (1...Token.lastClaim).contains(claim.number) else { return .refused("claim: invalid") }
        guard let lease = leases[claim.incarnation], lease >= 0 else { return .stale }
        let token = Incarnation(claim.incarnation).token(claim: claim.number).number
        if claim.number <= claims[claim.incarnation] ?? 0 {
            let again = ids(.running).filter { jobs[$0]!.at == token }
            return again.isEmpty ? .skipped : .claimed(answer(again, now: now))
        }
        claims[claim.incarnation] = claim.number
        let candidates = candidates(claim, now: now)
        let slice = slice(candidates, broken: broken)
        for id in slice where id == broken { giveUp(id, now: now) }
        let taken = slice.filter { $0 != broken }
        guard !taken.isEmpty else { return .claimed(answer([], now: now)) }
        for id in taken { jobs[id]!.move(to: .running, at: token) }
        meta[.epoch] = max((meta[.epoch] ?? 0) + 1, now * 1000)
        if !claim.alone, count(.queued) > 0 { isAwake = true }
        return .claimed(answer(taken, now: now))
    }

    /// Nothing while paused; a suspect only for a worker that holds nothing.
    private func candidates(_ claim: ClaimCall, now: Int) -> [String] {
        if meta.isPaused { return [] }
        guard claim.alone else { return Array(ids(.queued).prefix(claim.want)) }
        guard held(by: claim.incarnation).isEmpty else { return [] }
        return ids(.suspect).filter { jobs[$0]!.at <= now }.prefix(1).map { $0 }
    }

    /// As many as fit into one answer, but at least one.
    private func slice(_ candidates: [String], broken: String? = nil) -> [String] {
        var size = 0
        var slice: [String] = []
        for id in candidates {
            size += id == broken ? 0 : jobs[id]!.envelope.utf8.count
            if size > QueueStore.batchBytes, slice.contains(where: { $0 != broken }) { break }
            slice.append(id)
        }
        return slice
    }

    private mutating func giveUp(_ id: String, now: Int) {
        var job = jobs[id]!
        job.envelope = "{}"
        job.move(to: .dead, at: Self.forget(after: Limits.deadTTL, now))
        job.record = #"{"attempts":0,"errors":1,"last":"malformed","by":"","at":\#(now)}"#
        job.errors[0] =
            #"{"n":1,"at":\#(now),"attempt":1,"reason":"malformed","message":"the envelope is missing","worker":"","ms":0}"#
        var entry = ErrorEntry()
        (entry.reason, entry.message) = (.malformed, "the envelope is missing")
        job.cause = Self.cause(DeadGroup(name: nil, entry), now)
        jobs[id] = job
        meta.count(.dead)
    }

    private func answer(_ ids: [String], now: Int) -> ClaimView {
        ClaimView(
            now: now, epoch: meta[.epoch] ?? 0, nextDue: nextDue, inbox: inbox.count,
            isSuspectDue: !meta.isPaused && (earliest(.suspect) ?? .max) <= now, born: "\(meta[.born]!)",
            left: count(.queued),
            jobs: ids.map(view))
    }

    private func view(_ id: String) -> HeldJob {
        let job = jobs[id]!
        return HeldJob(id: id, token: job.at, envelope: job.envelope, record: job.record ?? "")
    }

    mutating func beat(_ members: [BeatCall], extend: Bool, now: Int) -> Answer {
        if extend { tick(now: now) }
        if extend, meta[.born] != nil { sample(now: now) }
        var beat = Beat(
            now: now, born: meta[.born].map { "\($0)" } ?? "", leaseMs: meta.leaseMs, workers: 0, isPromoteDue: false,
            isRecoverDue: false, isPruneDue: false, members: [])
        for member in members {
            let held = held(by: member.incarnation)
            let isLive = (leases[member.incarnation] ?? -1) > 0
            let asked = held.filter { isLive && jobs[$0]!.isAsked }
            beat.members.append(
                Beat.Member(
                    incarnation: Incarnation(member.incarnation), isLive: isLive, held: held.count,
                    asked: asked.map { Beat.Asked(id: $0, token: Token(jobs[$0]!.at)) }))
            guard isLive, extend else { continue }
            leases[member.incarnation] = now + meta.leaseMs
            about[member.incarnation] = member.about
        }
        beat.workers = leases.values.count { $0 > now }
        beat.isPromoteDue = (nextDue ?? .max) <= now
        beat.isRecoverDue = now >= meta[.grace] ?? 0 && leases.values.contains { (-now...now).contains($0) }
        beat.isPruneDue =
            jobs.values.contains { $0.state.isFinal && $0.at <= now }
            || remembered.values.contains { $0.until <= now }
        return .beat(beat)
    }

    /// By name whoever is known to be over; else the first lease that ran out, or whose recoverer was too slow.
    mutating func recover(_ named: Int?, limit: Int, now: Int) -> Answer {
        tick(now: now)
        let incarnation: Int
        if let named {
            guard leases[named] != nil else { return .nothing }
            incarnation = named
        } else {
            if let grace = meta[.grace], now < grace { return .grace(until: grace) }
            let due = leasesByDeadline.first { (-now...now).contains($0.deadline) }
            guard let due else { return .nothing }
            incarnation = due.incarnation
        }
        let held = held(by: incarnation)
        var recovery = RecoveryView(
            now: now, incarnation: incarnation, about: about[incarnation] ?? "", left: 0, jobs: [])
        if held.isEmpty {
            end(incarnation)
        } else {
            recovery.jobs = slice(Array(held.prefix(limit))).map(view)
            recovery.left = held.count - recovery.jobs.count
            leases[incarnation] = -(now + QueueStore.recoveryHoldMs)
        }
        return .recovered(recovery)
    }

    mutating func end(_ incarnation: Int) {
        leases[incarnation] = nil
        claims[incarnation] = nil
        about[incarnation] = nil
    }
}
