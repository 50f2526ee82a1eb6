import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore

/// Why a job ran again, as `jobs show` tells it.
@Suite struct JobRunTests {
    private func entry(
        _ number: Int, _ reason: Reason, attempt: Int, ms: Int = 2000, _ message: String = ""
    ) -> ErrorEntry {
        var entry = ErrorEntry()
        (entry.number, entry.at, entry.attempt, entry.reason) = (number, now + number * 10_000, attempt, reason)
        (entry.message, entry.worker, entry.ms) = (message, "w\(number)", ms)
        return entry
    }

    private func view(_ state: JobState, _ entries: [ErrorEntry], attempts: Int = 0, lost: Int = 0) -> JobView {
        var view = JobView(id: "a")
        view.state = state
        view.errors = entries
        view.record.attempts = attempts
        view.record.lost = lost
        view.record.errors = entries.last?.number ?? 0
        return view
    }

    private func sequels(_ view: JobView, maxAttempts: Int? = 3, worker: String? = nil) -> [String?] {
        JobRun.all(view, maxAttempts: maxAttempts, worker: worker, startedMs: nil).map(\.next)
    }

    @Test func `each run says who had it, when, how it ended, and why there was another`() {
        var view = view(
            .succeeded,
            [
                entry(1, .failed, attempt: 1, "no luck"), entry(2, .released, attempt: 2),
                entry(3, .lost, attempt: 2, ms: 0), entry(4, .crash, attempt: 2), entry(5, .snoozed, attempt: 2),
                entry(6, .timeout, attempt: 2),
            ], attempts: 2)
        view.result = ResultRecord(
            result: ArraySlice("1".utf8), at: now + 100_000, ms: 3000, attempt: 3, worker: "w7")
        let runs = JobRun.all(view, maxAttempts: 5, worker: nil, startedMs: nil)
        #expect(
            runs.map(\.next) == [
                "tried again, an attempt was spent", "given back, no attempt spent",
                "given to another worker, no attempt spent", "run again, no attempt spent",
                "again later, as it asked; no attempt spent", "tried again, an attempt was spent", "done",
            ])
        #expect(runs.map(\.outcome) == ["failed", "released", "lost", "crash", "snoozed", "timeout", "succeeded"])
        #expect(runs.map(\.worker) == (1...7).map { "w\($0)" } && runs[6].attempt == 3)
        #expect(runs[0].startedMs == now + 8000 && runs[0].endedMs == now + 10_000)
        #expect(runs[2].startedMs == nil, "nobody knows when it began")
        #expect(
            runs[0].lines(1, now: now) == [
                "  1. 2026-11-21 04:12:17Z  attempt 1 on w1: failed after 2s", "     | no luck",
                "     -> tried again, an attempt was spent",
            ])
        #expect(runs[2].lines(3, now: now)[0] == "  3. until 2026-11-21 04:12:39Z  attempt 2 on w3: lost")
        #expect(runs[6].lines(7, now: now) == ["  7. 2026-11-21 04:13:46Z  attempt 3 on w7: succeeded after 3s"])
    }

    @Test func `a job that waits says for what`() {
        let failed = entry(1, .failed, attempt: 1)
        var retrying = view(.retrying, [failed], attempts: 1)
        retrying.score = Double(now * 10)
        #expect(sequels(retrying) == ["tried again, an attempt was spent; due 2026-11-21 04:12:09Z"])
        #expect(
            sequels(view(.queued, [entry(1, .lost, attempt: 1)], lost: 1))
                == ["given to another worker, no attempt spent; waits in the queue"])
        #expect(
            sequels(view(.suspect, [entry(1, .crash, attempt: 1)], lost: 2))
                == ["run again, no attempt spent; waits to run with nothing beside it"])
    }

    @Test func `a run that goes on is the last one`() {
        let view = view(.running, [entry(1, .failed, attempt: 1)], attempts: 1)
        let runs = JobRun.all(view, maxAttempts: 3, worker: "w9", startedMs: now - 65_000)
        #expect(runs.map(\.outcome) == ["failed", "running"] && runs[1].attempt == 2 && runs[1].next == nil)
        #expect(runs[1].lines(2, now: now) == ["  2. 2026-11-21 04:11:04Z  attempt 2 on w9: running for 1m"])
        let unknown = JobRun.all(view, maxAttempts: 3, worker: "w9", startedMs: nil)[1]
        #expect(unknown.lines(2, now: now) == ["  2. started  attempt 2 on w9: running"])
    }

    @Test(arguments: [
        (Reason.failed, 3, 0, 0, "dead: all 3 attempts are spent"),
        (.crash, 0, 3, 5, "dead: its process died 3 times with nothing beside it"),
        (.crash, 0, 0, 10, "dead: its process died 10 times in a row"),
        (.lost, 0, 0, 10, "dead: lost 10 times in a row"),
        (.payload, 0, 0, 0, "dead: the payload does not fit the handler"),
        (.permanent, 1, 0, 0, "dead: the handler said that another run would not help"),
        (.expired, 0, 0, 0, "dead: it did not start in time"),
        (.malformed, 0, 0, 0, "dead: the stored job cannot be read"),
    ])
    func `a dead job says what it died of`(_ reason: Reason, attempts: Int, crashes: Int, lost: Int, words: String) {
        var view = view(.dead, [entry(1, reason, attempt: max(1, attempts))], attempts: attempts, lost: lost)
        view.record.crashes = crashes
        #expect(sequels(view) == [words])
        if reason == .failed { #expect(sequels(view, maxAttempts: 1) == ["dead: its only attempt is spent"]) }
    }

    @Test func `what somebody requeued says so`() {
        let permanent = view(.running, [entry(1, .permanent, attempt: 1)])
        #expect(sequels(permanent, worker: "w")[0] == "requeued by hand")
        let spent = view(.queued, [entry(1, .failed, attempt: 2), entry(2, .failed, attempt: 3)])
        #expect(sequels(spent) == ["tried again, an attempt was spent", "dead, and requeued by hand"])
        let once = view(.dead, [entry(1, .failed, attempt: 1), entry(2, .failed, attempt: 1)], attempts: 1)
        #expect(sequels(once, maxAttempts: 1) == ["dead, and requeued by hand", "dead: its only attempt is spent"])
    }

    @Test func `a cancelled job was cancelled`() {
        #expect(sequels(view(.cancelled, [entry(1, .cancelled, attempt: 1)])) == ["cancelled"])
    }

    @Test func `runs that nobody remembers are counted`() {
        var view = view(
            .queued, [entry(1, .failed, attempt: 1)] + (4...12).map { entry($0, .failed, attempt: $0) }, attempts: 12)
        view.envelope = Envelope(name: "x", payload: ArraySlice("1".utf8)).encoded()[...]
        let sheet = JobSheet(view, queue: .default)
        #expect(sheet.runsForgotten == 2)
        let lines = sheet.lines(now: now)
        let first = lines.firstIndex { $0.hasPrefix("  1. ") } ?? 0
        #expect(lines[first + 2] == "  … 2 runs that did not succeed and are not remembered")
        #expect(lines[first + 3].hasPrefix("  4. "))
    }

    @Test func `an error of several lines cannot pass for anything else`() {
        let hostile = "one\n  2. 2026-11-21 04:12:17Z  attempt 9 on w: succeeded\r\n   -> done\u{1B}[2J"
        let run = JobRun.all(
            view(.queued, [entry(1, .failed, attempt: 1, hostile)]), maxAttempts: 3, worker: nil, startedMs: nil)
        let lines = run[0].lines(1, now: now)
        #expect(
            lines[1...3] == [
                "     | one", "     |   2. 2026-11-21 04:12:17Z  attempt 9 on w: succeeded",
                #"     |    -> done\u{1b}[2J"#,
            ])
        let long = entry(1, .failed, attempt: 1, Array(repeating: "x", count: 100).joined(separator: "\n"))
        #expect(
            JobRun.all(view(.queued, [long]), maxAttempts: 3, worker: nil, startedMs: nil)[0].lines(1, now: now).count
                == 27)
    }
}
