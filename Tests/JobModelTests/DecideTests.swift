import JobModel
import Testing

/// What becomes of a job, by how its run ended.
@Suite(.timeLimit(.minutes(1))) struct DecideTests {
    private let facts = RunFacts(worker: "w", now: 1000, ms: 7, name: "n")
    private let error = RunError(type: "Oops", "no")

    private func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
        var policy = Policy.standard
        policy.priority = Priority(3)!
        policy.maxAttempts = 3
        policy.backoff = .fixed(.seconds(5))
        change(&policy)
        return policy
    }

    private func record(
        attempts: Int = 0, lost: Int = 0, crashes: Int = 0, unhandled: Int = 0, errors: Int = 0
    ) -> RunRecord {
        var record = RunRecord()
        record.attempts = attempts
        record.lost = lost
        record.crashes = crashes
        record.unhandled = unhandled
        record.errors = errors
        return record
    }

    /// The record after a run of this worker.
    private func after(_ reason: Reason?, _ record: RunRecord, due: Int = 0) -> RunRecord {
        var record = record
        record.last = reason
        record.by = "w"
        record.at = 1000
        record.due = due
        return record
    }

    private func entry(_ number: Int, _ reason: Reason, attempt: Int = 1, _ error: RunError? = nil) -> ErrorEntry {
        var entry = ErrorEntry()
        entry.number = number
        entry.at = 1000
        entry.attempt = attempt
        entry.reason = reason
        entry.type = (error ?? self.error).type
        entry.message = (error ?? self.error).message
        entry.worker = "w"
        entry.ms = 7
        return entry
    }

    /// Of a malformed job the name is not known, whatever stands in for it.
    private func dead(_ record: RunRecord, _ entry: ErrorEntry) -> Disposition {
        let group = DeadGroup(name: entry.reason == .malformed ? nil : "n", entry)
        return .dead(ttlMs: Limits.deadTTL, record, entry, group)
    }

    private func decide(_ outcome: Outcome, _ record: RunRecord = RunRecord(), policy: Policy? = nil) -> Disposition {
        JobModel.decide(outcome, policy: policy ?? self.policy(), record: record, facts: facts, random: 0)
    }

    @Test func `success keeps its result for the time it was asked to`() {
        let result = ResultRecord(result: bytes("[1]"), at: 1, ms: 2, attempt: 3, worker: "w")
        #expect(decide(.succeeded(result: result)) == .done(ttlMs: 500_000, result: result.encoded()))
        let none = policy { $0.resultTTLMs = 0 }
        #expect(decide(.succeeded(result: result), policy: none) == .done(ttlMs: 0, result: []))
        let forever = policy { $0.resultTTLMs = -1 }
        #expect(decide(.succeeded(result: result), policy: forever) == .done(ttlMs: -1, result: result.encoded()))
    }

    @Test func `a failed run is tried again, and clears what was lost`() {
        let before = record(attempts: 1, lost: 5, crashes: 2, unhandled: 4, errors: 6)
        let expected = after(.failed, record(attempts: 2, errors: 7), due: 6000)
        #expect(
            decide(.failed(error), before)
                == .retry(due: .after(ms: 5000), Priority(3)!, expected, entry(7, .failed, attempt: 2)))
    }

    @Test func `a crash of a process that ran one job alone spends an attempt and says so`() {
        let before = record(attempts: 1)
        let expected = after(.crash, record(attempts: 2, errors: 1), due: 6000)
        #expect(
            decide(.failed(error, isCrash: true), before)
                == .retry(due: .after(ms: 5000), Priority(3)!, expected, entry(1, .crash, attempt: 2)))
        let last = after(.crash, record(attempts: 4, errors: 1))
        #expect(
            decide(.failed(error, isCrash: true), record(attempts: 3))
                == dead(last, entry(1, .crash, attempt: 4)))
    }

    @Test(arguments: [(0, false), (1, false), (2, true), (3, true), (99, true)])
    func `the last attempt is the last`(attempts: Int, isDead: Bool) {
        let expected = after(.failed, record(attempts: attempts + 1, errors: 1), due: isDead ? 0 : 6000)
        let note = entry(1, .failed, attempt: attempts + 1)
        #expect(
            decide(.failed(error), record(attempts: attempts))
                == (isDead
                    ? dead(expected, note)
                    : .retry(due: .after(ms: 5000), Priority(3)!, expected, note)))
    }

    @Test func `the wait grows with the attempts that failed`() {
        let policy = policy {
            $0.maxAttempts = 25
            $0.backoff = .standard
        }
        for (attempts, wait) in [(0, 5000), (1, 10_000), (2, 20_000), (5, 160_000)] {
            guard case .retry(let due, _, _, _) = decide(.failed(error), record(attempts: attempts), policy: policy)
            else {
                Issue.record("not tried again")
                continue
            }
            #expect(due == .after(ms: wait))
        }
    }

    @Test func `a handler may choose the wait; the attempt counts`() {
        let expected = after(.failed, record(attempts: 1, errors: 1), due: 1077)
        #expect(
            decide(.retry(afterMs: 77, error)) == .retry(due: .after(ms: 77), Priority(3)!, expected, entry(1, .failed))
        )
        let last = after(.failed, record(attempts: 3, errors: 1))
        #expect(
            decide(.retry(afterMs: 77, error), record(attempts: 2))
                == dead(last, entry(1, .failed, attempt: 3)))
    }

    @Test func `a run that took too long and stopped when told is a failed attempt`() {
        let expected = after(.timeout, record(attempts: 1, errors: 1), due: 6000)
        #expect(
            decide(.timedOut(error), record(lost: 2, crashes: 1))
                == .retry(due: .after(ms: 5000), Priority(3)!, expected, entry(1, .timeout)))
    }

    @Test func `a run killed for its time limit is a failed attempt that clears nothing`() {
        let suspect = after(.timeout, record(attempts: 1, lost: 2, crashes: 1, errors: 1), due: 6000)
        #expect(
            decide(.timedOut(error, killed: true), record(lost: 2, crashes: 1))
                == .suspect(due: .after(ms: 5000), Priority(3)!, suspect, entry(1, .timeout)))
        let innocent = after(.timeout, record(attempts: 1, lost: 1, errors: 1), due: 6000)
        #expect(
            decide(.timedOut(error, killed: true), record(lost: 1))
                == .retry(due: .after(ms: 5000), Priority(3)!, innocent, entry(1, .timeout)))
        let last = after(.timeout, record(attempts: 3, lost: 2, errors: 1))
        #expect(
            decide(.timedOut(error, killed: true), record(attempts: 2, lost: 2))
                == dead(last, entry(1, .timeout, attempt: 3)))
    }

    @Test func `a permanent error is the end, and spends the attempt`() {
        let expected = after(.permanent, record(attempts: 1, errors: 1))
        #expect(
            decide(.permanent(error), record(lost: 1, unhandled: 1))
                == dead(expected, entry(1, .permanent)))
    }

    @Test func `what never ran is dead without an attempt`() {
        let late = RunError("it did not start in time")
        let outcomes: [(Outcome, Reason, RunError)] = [
            (.undecodable(error), .payload, error), (.malformed(error), .malformed, error), (.expired, .expired, late),
        ]
        for (outcome, reason, error) in outcomes {
            let expected = after(reason, record(attempts: 1, errors: 3))
            #expect(
                decide(outcome, record(attempts: 1, errors: 2))
                    == dead(expected, entry(3, reason, attempt: 2, error)))
        }
    }

    @Test func `a snoozed run spends nothing, clears what was lost, and says why there will be another`() {
        let expected = after(.snoozed, record(attempts: 2, errors: 5), due: 61_000)
        let reason = RunError("the handler asked for another run in 60.0 s")
        #expect(
            decide(.snoozed(ms: 60_000), record(attempts: 2, lost: 3, crashes: 1, unhandled: 2, errors: 4))
                == .retry(
                    due: .after(ms: 60_000), Priority(3)!, expected, entry(5, .snoozed, attempt: 3, reason)))
    }

    @Test func `a cancelled run is noted`() {
        let expected = after(.cancelled, record(attempts: 2, errors: 1))
        #expect(
            decide(.cancelled, record(attempts: 2))
                == .cancelled(expected, entry(1, .cancelled, attempt: 3, RunError("cancelled on request"))))
    }
}
