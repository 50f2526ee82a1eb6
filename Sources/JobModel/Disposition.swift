/// How a run ended, as the worker saw it. Every way out of a handler becomes one of these before anything is written.
package enum Outcome: Sendable {
    case succeeded(result: ResultRecord)
    /// `isCrash`: the process that ran this job alone died of it, and the worker lives.
    case failed(RunError, isCrash: Bool = false)
    case permanent(RunError)
    /// The handler chose the wait itself; the attempt counts.
    case retry(afterMs: Int, RunError)
    /// Later again; nothing went wrong and no attempt is spent.
    case snoozed(ms: Int)
    /// The run took too long. `killed`: it did not stop when told, and its process was ended.
    case timedOut(RunError, killed: Bool = false)
    case undecodable(RunError)
    case malformed(RunError)
    case unhandled
    case expired
    /// Cancellation was asked, and the handler stopped.
    case cancelled
    /// Shutdown. `started` tells whether a handler ever saw it.
    case released(started: Bool)
    /// The lease ran out; without proof every held job counts as lost.
    case lost(RunError)
    /// The process died while the job ran, proven by its parent.
    case crashed(RunError, alone: Bool)
}

/// What an error looked like: hostile text, stored as it is and made printable on the way out.
package struct RunError: Equatable, Sendable {
    package var type: String
    package var message: String
    package init(type: String = "", _ message: String) {
        self.type = type
        self.message = message
    }
}

/// What becomes of the job. One case for each group of the `settle` script. All but the ordinary one are boxed: records and
/// history entries would make every successful run carry their size from hand to hand.
package enum Disposition: Equatable, Sendable {
    case done(ttlMs: Int, result: [UInt8])
    indirect case retry(due: Due, Priority, RunRecord, ErrorEntry?)
    /// Back to the front of the queue.
    indirect case front(Priority, RunRecord?, ErrorEntry?)
    indirect case suspect(due: Due, Priority, RunRecord, ErrorEntry?)
    indirect case dead(ttlMs: Int, RunRecord, ErrorEntry, DeadGroup)
    indirect case cancelled(RunRecord, ErrorEntry?)
}

/// Who decides, when, how long the run took, and of what job: goes into the history.
package struct RunFacts: Sendable {
    package var worker: String
    /// ms since 1970 by Redis' clock.
    package var now: Int
    package var ms: Int
    /// Of the job; nil when its envelope cannot be read.
    package var name: String?
    package init(worker: String, now: Int, ms: Int, name: String?) {
        self.worker = worker
        self.now = now
        self.ms = ms
        self.name = name
    }
}

/// The limits that decide between another run and the end.
package enum Limits {
    /// Proven crashes while alone until the job is dead (the rule of Sidekiq Pro's reliable fetch, but per lone run).
    package static let crashes = 3
    /// Lease losses in a row until the job is dead.
    package static let losses = 10
    /// From this many lost runs in a row on, a job runs alone.
    package static let suspicion = 2
    /// First and longest wait for a worker that knows the job's name, ms.
    package static let unhandledWait = 30_000
    package static let unhandledWaitCap = 600_000
    /// Dead jobs are kept for a year, ms.
    package static let deadTTL = 365 * 86_400_000
    /// Cancelled jobs are kept for a week, ms.
    package static let cancelledTTL = 7 * 86_400_000
}

/// The one place that decides what becomes of a job. Pure: `random` (0..<1) feeds the jitter, and is
/// only asked for it.
package func decide(
    _ outcome: Outcome, policy: Policy, record: RunRecord, facts: RunFacts, random: @autoclosure () -> Double
) -> Disposition {
    // The ordinary case first, before anything is copied.
    if case .succeeded(let result) = outcome { return done(result, policy) }
    var next = Verdict(policy: policy, record: record, facts: facts)
    switch outcome {
    case .succeeded(let result): return done(result, policy)
    case .failed(let error, let isCrash): return next.failed(isCrash ? .crash : .failed, error, wait: nil, random())
    case .timedOut(let error, let killed): return next.failed(.timeout, error, wait: nil, random(), killed: killed)
    case .retry(let ms, let error): return next.failed(.failed, error, wait: ms, random())
    case .permanent(let error): return next.dead(.permanent, error, spendsAttempt: true)
    case .undecodable(let error): return next.dead(.payload, error, spendsAttempt: false)
    case .malformed(let error): return next.malformed(error)
    case .expired: return next.dead(.expired, RunError("it did not start in time"), spendsAttempt: false)
    case .snoozed(let ms): return next.snoozed(ms)
    case .unhandled: return next.unhandled()
    case .cancelled: return next.cancelled()
    case .released(let started): return next.released(started: started)
    case .lost(let error): return next.lost(error)
    case .crashed(let error, let alone): return next.crashed(error, alone: alone)
    }
}

private func done(_ result: ResultRecord, _ policy: Policy) -> Disposition {
    .done(ttlMs: policy.resultTTLMs, result: policy.resultTTLMs == 0 ? [] : result.encoded())
}

/// One decision in the making: the record grows while the verdict is found.
private struct Verdict {
    let policy: Policy
    var record: RunRecord
    let facts: RunFacts
    let attempt: Int

    init(policy: Policy, record: RunRecord, facts: RunFacts) {
        self.policy = policy
        self.record = record
        self.facts = facts
        attempt = record.attempts + 1
        self.record.by = facts.worker
        self.record.at = facts.now
        self.record.due = 0
    }

    /// A run that was killed did not end by itself: a suspect stays one.
    mutating func failed(
        _ reason: Reason, _ error: RunError, wait: Int?, _ random: Double, killed: Bool = false
    ) -> Disposition {
        if !killed { endedByItself() }
        record.attempts += 1
        let entry = note(reason, error)
        if record.attempts >= policy.maxAttempts { return died(entry) }
        let delay = wait ?? policy.backoff.delay(afterFailures: record.attempts, random: random)
        let due = after(ms: delay)
        return isSuspect
            ? .suspect(due: due, policy.priority, record, entry) : .retry(due: due, policy.priority, record, entry)
    }

    mutating func dead(_ reason: Reason, _ error: RunError, spendsAttempt: Bool) -> Disposition {
        if spendsAttempt {
            endedByItself()
            record.attempts += 1
        }
        let entry = note(reason, error)
        return died(entry)
    }

    /// Whatever stands in for the envelope has no name.
    mutating func malformed(_ error: RunError) -> Disposition {
        let entry = note(.malformed, error)
        return .dead(ttlMs: Limits.deadTTL, record, entry, DeadGroup(name: nil, entry))
    }

    private func died(_ entry: ErrorEntry) -> Disposition {
        .dead(ttlMs: Limits.deadTTL, record, entry, DeadGroup(name: facts.name, entry))
    }

    mutating func snoozed(_ ms: Int) -> Disposition {
        endedByItself()
        // Recorded like everything after which a job runs again: a run that nobody can explain is a fault.
        let entry = note(.snoozed, RunError("the handler asked for another run in \(Double(ms) / 1000) s"))
        let due = after(ms: ms)
        return .retry(due: due, policy.priority, record, entry)
    }

    mutating func unhandled() -> Disposition {
        let wait = min(Limits.unhandledWait << min(record.unhandled, 10), Limits.unhandledWaitCap)
        record.unhandled += 1
        record.last = .unhandled
        let due = after(ms: wait)
        return isSuspect
            ? .suspect(due: due, policy.priority, record, nil) : .retry(due: due, policy.priority, record, nil)
    }

    mutating func cancelled() -> Disposition {
        let entry = note(.cancelled, RunError("cancelled on request"))
        return .cancelled(record, entry)
    }

    /// A job that never started leaves no trace; one that did gets its reason recorded, for it will run a second time.
    mutating func released(started: Bool) -> Disposition {
        let entry = started ? note(.released, RunError("given back at shutdown")) : nil
        if isSuspect { return .suspect(due: .now, policy.priority, record, entry) }
        return .front(policy.priority, started ? record : nil, entry)
    }

    mutating func lost(_ error: RunError) -> Disposition {
        record.lost += 1
        let entry = note(.lost, error)
        if record.lost >= Limits.losses { return died(entry) }
        return isSuspect
            ? .suspect(due: .now, policy.priority, record, entry) : .front(policy.priority, record, entry)
    }

    mutating func crashed(_ error: RunError, alone: Bool) -> Disposition {
        if alone { record.crashes += 1 }
        record.lost += 1
        let entry = note(.crash, error)
        if record.crashes >= Limits.crashes || record.lost >= Limits.losses {
            return died(entry)
        }
        return isSuspect
            ? .suspect(due: .now, policy.priority, record, entry) : .front(policy.priority, record, entry)
    }

    private mutating func after(ms: Int) -> Due {
        record.due = facts.now.addingReportingOverflow(max(0, ms)).partialValue
        return .after(ms: ms)
    }

    private var isSuspect: Bool { record.lost >= Limits.suspicion }

    private mutating func endedByItself() {
        record.lost = 0
        record.crashes = 0
        record.unhandled = 0
    }

    private mutating func note(_ reason: Reason, _ error: RunError) -> ErrorEntry {
        record.last = reason
        record.errors += 1
        var entry = ErrorEntry()
        entry.number = record.errors
        entry.at = facts.now
        entry.attempt = attempt
        entry.reason = reason
        entry.type = error.type
        entry.message = error.message
        entry.worker = facts.worker
        entry.ms = facts.ms
        return entry
    }
}
