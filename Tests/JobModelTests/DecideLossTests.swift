import JobModel
import Testing

/// Runs that did not end by themselves: given back, lost, crashed, or met nobody who knew the job.
@Suite(.timeLimit(.minutes(1))) struct DecideLossTests {
    private let error = RunError("gone")

    private func decide(_ outcome: Outcome, lost: Int = 0, crashes: Int = 0, unhandled: Int = 0) -> Disposition {
        var record = RunRecord()
        record.attempts = 2
        record.lost = lost
        record.crashes = crashes
        record.unhandled = unhandled
        return JobModel.decide(
            outcome, policy: .standard, record: record, facts: RunFacts(worker: "w", now: 1, ms: 2, name: "n"),
            random: 0.5)
    }

    /// The group, the due time, the record and the reason noted.
    private func parts(_ disposition: Disposition) -> (group: String, due: Due?, record: RunRecord?, reason: Reason?) {
        switch disposition {
        case .done: ("done", nil, nil, nil)
        case .retry(let due, _, let record, let entry): ("retry", due, record, entry?.reason)
        case .front(_, let record, let entry): ("front", nil, record, entry?.reason)
        case .suspect(let due, _, let record, let entry): ("suspect", due, record, entry?.reason)
        case .dead(_, let record, let entry, _): ("dead", nil, record, entry.reason)
        case .cancelled(let record, let entry): ("cancelled", nil, record, entry?.reason)
        }
    }

    @Test(arguments: [(0, "front"), (1, "suspect"), (2, "suspect"), (8, "suspect"), (9, "dead"), (50, "dead")])
    func `a lost run goes to the front, then alone, after ten in a row to the dead`(lost: Int, group: String) {
        let found = parts(decide(.lost(error), lost: lost))
        #expect(found.group == group)
        #expect(found.record?.lost == lost + 1)
        #expect(found.record?.attempts == 2)
        #expect(found.record?.errors == 1)
        #expect(found.record?.last == .lost)
        #expect(found.reason == .lost)
        #expect(found.due == (group == "suspect" ? .now : nil))
    }

    @Test(arguments: [
        (0, 0, false, "front", 0), (1, 0, false, "suspect", 0), (2, 0, true, "suspect", 1), (2, 1, true, "suspect", 2),
        (2, 2, true, "dead", 3), (2, 2, false, "suspect", 2), (9, 0, false, "dead", 0), (0, 2, true, "dead", 3),
    ])
    func `the third crash alone in a row is the end`(
        lost: Int, crashes: Int, alone: Bool, group: String, crashesAfter: Int
    ) {
        let found = parts(decide(.crashed(error, alone: alone), lost: lost, crashes: crashes))
        #expect(found.group == group)
        #expect(found.record?.crashes == crashesAfter)
        #expect(found.record?.lost == lost + 1)
        #expect(found.record?.attempts == 2)
        #expect(found.reason == .crash)
        #expect(found.record?.last == .crash)
    }

    @Test func `a job given back before its start leaves no trace`() {
        #expect(decide(.released(started: false)) == .front(.normal, nil, nil))
        #expect(decide(.released(started: false), lost: 1) == .front(.normal, nil, nil))
    }

    @Test func `a job given back after its start is noted, and spends nothing`() {
        let found = parts(decide(.released(started: true), lost: 1, unhandled: 1))
        #expect(found.group == "front")
        #expect(found.record?.attempts == 2)
        #expect(found.record?.lost == 1)
        #expect(found.record?.errors == 1)
        #expect(found.record?.last == .released)
        #expect(found.reason == .released)
    }

    @Test(arguments: [true, false]) func `a suspect that is given back stays one`(started: Bool) {
        let found = parts(decide(.released(started: started), lost: 2, crashes: 1))
        #expect(found.group == "suspect")
        #expect(found.due == .now)
        #expect(found.record?.lost == 2)
        #expect(found.record?.crashes == 1)
        #expect(found.reason == (started ? .released : nil))
    }

    @Test(arguments: [
        (0, 30_000), (1, 60_000), (2, 120_000), (3, 240_000), (4, 480_000), (5, 600_000), (99, 600_000),
        (Int(1e17), 600_000),
    ])
    func `a job that nobody knows waits longer each time`(times: Int, wait: Int) {
        let found = parts(decide(.unhandled, unhandled: times))
        #expect(found.group == "retry")
        #expect(found.due == .after(ms: wait))
        #expect(found.record?.unhandled == times + 1)
        #expect(found.record?.attempts == 2)
        #expect(found.record?.errors == 0)
        #expect(found.record?.last == .unhandled)
        #expect(found.reason == nil)
    }

    @Test func `a suspect that nobody knows stays one, with its due time`() {
        let found = parts(decide(.unhandled, lost: 2))
        #expect(found.group == "suspect")
        #expect(found.due == .after(ms: 30_000))
    }

    @Test func `only a run that ended by itself clears losses and crashes`() {
        let ending: [Outcome] = [
            .failed(error), .timedOut(error), .retry(afterMs: 1, error), .snoozed(ms: 1), .permanent(error),
        ]
        for outcome in ending {
            let record = parts(decide(outcome, lost: 3, crashes: 2, unhandled: 4)).record
            #expect(record?.lost == 0)
            #expect(record?.crashes == 0)
            #expect(record?.unhandled == 0)
        }
        let others: [Outcome] = [
            .unhandled, .expired, .undecodable(error), .malformed(error), .released(started: true), .cancelled,
            .timedOut(error, killed: true),
        ]
        for outcome in others {
            let record = parts(decide(outcome, lost: 3, crashes: 2)).record
            #expect(record?.lost == 3)
            #expect(record?.crashes == 2)
        }
    }

    @Test func `a job with two losses never goes where others are claimed beside it`() {
        let outcomes: [Outcome] = [
            .lost(error), .crashed(error, alone: false), .crashed(error, alone: true), .released(started: true),
            .released(started: false), .unhandled, .timedOut(error, killed: true),
        ]
        for outcome in outcomes {
            for lost in 2...8 {
                #expect(["suspect", "dead"].contains(parts(decide(outcome, lost: lost)).group), "\(outcome)")
            }
        }
    }
}
