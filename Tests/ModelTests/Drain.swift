import JobModel
import JobStore

/// The end of a walk: one worker that does everything right comes to a queue that was left in any state, and empties it.
struct Drain {
    private var now: Int
    private let leaseMs: Int
    private let incarnation = 1 << 24
    private var claims = 0

    init(after walker: Walker) {
        now = walker.now
        leaseMs = walker.profile.leaseMs
    }

    /// Throws when a job cannot be brought to an end, or something is left behind that should be forgotten.
    mutating func run(_ walk: inout Walk, _ history: inout [Operation]) async throws {
        for field in [ModelMeta.Field.limitWaiting, .limitIdem, .limitSucceeded] {
            try await step(.configure(field, nil), &walk, &history)
        }
        try await step(.pause(nil), &walk, &history)
        try await step(.join(incarnation, leaseMs: leaseMs), &walk, &history)
        var rounds = 0
        while walk.model.jobs.values.contains(where: { !$0.state.isFinal }) || walk.model.leases.count > 1 {
            rounds += 1
            if rounds > 200 { throw Walk.Failure(description: "a good worker cannot empty the queue") }
            try await round(&walk, &history)
        }
        try await forget(&walk, &history)
    }

    private mutating func round(_ walk: inout Walk, _ history: inout [Operation]) async throws {
        now += leaseMs / 3
        let waiting = [JobState.scheduled, .retrying, .suspect]
        let due = waiting.compactMap { walk.model.earliest($0) }.min() ?? now
        if due > now + ModelQueue.day {
            // So far ahead that nobody waits for it.
            try await step(.cancel(waiting.flatMap { walk.model.ids($0) }), &walk, &history)
        } else if due > now + leaseMs {
            now = due
        }
        try await step(.beat([BeatCall(incarnation: incarnation, about: "{}")], extend: true), &walk, &history)
        if case .recovered(let slice) = try await step(.recover(nil, limit: 200), &walk, &history) {
            let items = slice.jobs.map {
                Settlement(id: $0.id, token: Token($0.token), disposition: .front(.normal, nil, nil))
            }
            try await step(.settle(slice.incarnation, items), &walk, &history)
        }
        try await step(.promote(limit: 1000), &walk, &history)
        for alone in [false, true] {
            claims += 1
            let call = ClaimCall(incarnation: incarnation, number: claims, want: 1000, alone: alone)
            guard case .claimed(let claim) = try await step(.claim(call, isBreaking: false), &walk, &history) else {
                throw Walk.Failure(description: "a good worker was refused")
            }
            let items = claim.jobs.map {
                Settlement(id: $0.id, token: Token($0.token), disposition: .done(ttlMs: 1, result: Array("1".utf8)))
            }
            try await step(.settle(incarnation, items), &walk, &history)
        }
    }

    /// When its time has come, nothing is left but what is to be kept for ever.
    private mutating func forget(_ walk: inout Walk, _ history: inout [Operation]) async throws {
        for _ in 0..<2 {
            let times = walk.model.jobs.values.map(\.at) + walk.model.remembered.values.map(\.until)
            now = times.filter { $0 != ModelJob.forever }.reduce(now) { max($0, $1) } + 1
            try await step(.beat([BeatCall(incarnation: incarnation, about: "{}")], extend: true), &walk, &history)
            try await step(.configure(.calm, ModelQueue.calmEnough), &walk, &history)
            try await step(.prune(limit: 500), &walk, &history)
        }
        let jobs = walk.model.jobs.filter { $0.value.at != ModelJob.forever }.keys.sorted()
        let ids = walk.model.remembered.keys.filter { walk.model.jobs[$0] == nil }.sorted()
        if jobs + ids != [] { throw Walk.Failure(description: "not forgotten: jobs \(jobs), ids \(ids)") }
    }

    @discardableResult
    private func step(_ action: Action, _ walk: inout Walk, _ history: inout [Operation]) async throws -> Answer {
        let operation = Operation(now: now, action: action)
        history.append(operation)
        return try await walk.step(operation)
    }
}
