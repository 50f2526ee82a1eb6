import JobModel
import TestSupport
import Testing

@testable import JobStore

/// Why a job is where it is: each reason once, as an operator meets it.
@Suite(.timeLimit(.minutes(1))) struct ExplainTests {
    private let envelope = #"jobs a = {"name":"n","max_attempts":5}"#

    private func about(
        _ names: [String]?, slots: Int = 2, busy: Int = 0, run: String? = nil, of incarnation: Int = 7,
        isQuiet: Bool = false
    ) -> String {
        let runs = run.map { [WorkerCard.Run(id: $0, name: "n", attempt: 1, started: start - 7)] } ?? []
        var card = WorkerCard(
            id: incarnation == 7 ? "web-1" : "web-\(incarnation)", host: "h", pid: 1, version: "1", started: 1,
            slots: slots, busy: busy, runs: runs, names: names
        )
        if isQuiet { card.quiet = true }
        return "about \(incarnation) = \(text(card.encoded()))"
    }

    private func reasons(_ lines: [String], _ id: String = "a", at moment: Int = start) async throws -> [Explanation] {
        try await stage([envelope] + lines).at(moment).explain(id).reasons
    }

    @Test func `who waits in line knows its place, and who is busy`() async throws {
        let line = ["queued x = \(place(1))", "queued a = \(place(2))", "queued y = \(place(3))"]
        #expect(
            try await reasons(line + [about(["n"], busy: 1), "running r = \(token(1).number)"]) == [
                .inLine(ahead: 1, busy: 1, slots: 2)
            ])
    }

    @Test func `a pause, nobody at work and no handler are obstacles, told first`() async throws {
        let pause = ["meta paused = 1", "meta paused_by = ann", "meta paused_reason = why", "meta paused_at = 5"]
        let line = ["queued a = \(place(1))"]
        #expect(
            try await reasons(line + pause + [about(nil)]) == [
                .paused(by: "ann", reason: "why", sinceMs: 5), .inLine(ahead: 0, busy: 0, slots: 2),
            ])
        #expect(
            try await reasons(line + [about(["n"])], at: start + 30_000) == [
                .noWorker(waiting: 1), .inLine(ahead: 0, busy: 0, slots: 0),
            ])
        #expect(
            try await reasons(line + [about(["m"])]) == [
                .noHandler(name: "n", workers: 1), .inLine(ahead: 0, busy: 0, slots: 2),
            ])
        let many = (0..<WorkerCard.nameLimit).map { "m\($0)" }
        #expect(try await reasons(line + [about(many)]).map(\.code) == ["in-line"], "the list may have been cut")
        #expect(try await reasons(line + ["leases 8 = \(start + 9)", about(["m"])]).map(\.code) == ["in-line"])
    }

    @Test func `workers that claim nothing are an obstacle when no other one could run it`() async throws {
        let line = ["queued a = \(place(1))"]
        let second = "leases 8 = \(start + 9)"
        let inLine = Explanation.inLine(ahead: 0, busy: 0, slots: 2)
        let quiet = about(["n"], isQuiet: true)
        #expect(try await reasons(line + [quiet]) == [.quiet(workers: ["web-1"], waiting: 1), inLine])
        #expect(
            try await reasons(line + [quiet, second, about(nil, slots: 0, of: 8, isQuiet: true)]) == [
                .quiet(workers: ["web-1", "web-8"], waiting: 1), inLine,
            ])
        #expect(
            try await reasons(line + [quiet, second, about(["m"], slots: 0, of: 8)]) == [
                .quiet(workers: ["web-1"], waiting: 1), inLine,
            ], "the one that claims has no handler for it")
        #expect(try await reasons(line + [quiet, second, about(["n"], slots: 0, of: 8)]) == [inLine])
        #expect(try await reasons(line + [quiet, second]) == [inLine], "one has not said anything yet")
        #expect(
            try await reasons(line + [about(["m"], isQuiet: true)]).map(\.code) == ["no-handler", "in-line"],
            "to resume it would not help")
        #expect(
            try await stage([envelope] + line + [quiet]).at(start).explain().reasons == [
                .quiet(workers: ["web-1"], waiting: 1)
            ])
        #expect(try await stage([envelope, quiet]).at(start).explain().reasons == [.idle(nextDueMs: nil)])
    }

    @Test func `it is said who is quiet and what wakes them, and no id becomes a command of a shell`() throws {
        let one = ExplanationSheet(.quiet(workers: ["web-1:7:k3"], waiting: 2), now: 7)
        #expect(
            one.message == "the only worker for it, web-1:7:k3, is quiet and claims nothing; 2 jobs to start: "
                + "queue-worker workers resume web-1:7:k3")
        #expect(one.code == "quiet" && one.workers == ["web-1:7:k3"] && one.waiting == 2)
        let many = Explanation.quiet(workers: ["a", "b", "c", "d"], waiting: 1).sentence(now: 7)
        #expect(
            many == "all 4 workers for it are quiet and claim nothing: a, b, c and 1 more; 1 job to start: "
                + "queue-worker workers resume WORKER…")
        for id in ["$(reboot)", "-x", "a b", "a;b", "`a`", "a\nb"] {
            #expect(Explanation.resume(["a", id]).hasSuffix(" resume WORKER…"), "\(id)")
        }
    }

    @Test func `who waits for a time knows it, and why`() async throws {
        let due = (start + 60_000) * 10 + 5
        let card = about(["n"])
        #expect(try await reasons([card, "scheduled a = \(due)"]) == [.scheduled(dueMs: start + 60_000)])
        let lines = [
            card, "runs a = \(text(record(attempts: 2, errors: 1).encoded()))",
            "errors a/0 = \(text(entry().encoded()))",
        ]
        #expect(
            try await reasons(lines + ["retrying a = \(due)"]) == [
                .retrying(dueMs: start + 60_000, failed: 2, maxAttempts: 5, error: entry())
            ])
        #expect(try await reasons([card, "retrying a = \(start * 10)"]) == [.overdue(dueMs: start)])
        #expect(try await reasons([card, "blocked a = 5"]) == [.blocked])
        var lost = RunRecord()
        lost.lost = 2
        #expect(
            try await reasons([card, "suspect a = \(start * 10)", "runs a = \(text(lost.encoded()))"]) == [
                .suspect(dueMs: start, lost: 2)
            ])
    }

    @Test func `who runs knows where, and whether its worker is still there`() async throws {
        let running = ["running a = \(token(1).number)"]
        #expect(
            try await reasons(running + [about(["n"], run: "a"), "asked a = \(token(1).number)"]) == [
                .running(worker: "web-1", sinceMs: start - 7, isAsked: true)
            ])
        #expect(
            try await reasons(running + [about(["n"])]) == [.running(worker: "web-1", sinceMs: nil, isAsked: false)])
        #expect(
            try await reasons(running + [about(["n"]), "meta grace = \(start + 60_000)"], at: start + 30_000) == [
                .lost(worker: "web-1", sinceMs: start + 20_000, afterMs: start + 60_000)
            ])
        #expect(try await reasons(running + [about(["n"]), "leases 7 = -5"]) == [.recovering(worker: "web-1")])
        #expect(
            try await reasons(["running a = \(other.token(claim: 1).number)"]) == [
                .running(worker: nil, sinceMs: nil, isAsked: false)
            ])
    }

    @Test func `who has ended says how`() async throws {
        var last = record()
        (last.at, last.last) = (77, .failed)
        let history = ["runs a = \(text(last.encoded()))", "errors a/0 = \(text(entry().encoded()))"]
        #expect(
            try await reasons(history + ["dead a = inf"]) == [.dead(atMs: 0, reason: .failed, error: entry())])
        #expect(
            try await reasons(["cancelled a = \(start + Limits.cancelledTTL)"]) == [.cancelled(atMs: start)])
        let result = ResultRecord(result: ArraySlice("1".utf8), at: 5, ms: 1, attempt: 1, worker: "w")
        #expect(
            try await reasons(["succeeded a = 9e15", "results a = \(text(result.encoded()))"]) == [.succeeded(atMs: 5)])
        #expect(try await reasons(["idem b = d"], "b") == [.remembered])
        #expect(try await reasons([], "nobody") == [.unknown])
    }

    @Test func `who is in the inbox is not unknown`() async throws {
        let lines = [
            about(["n"]), "inbox 1-0 = job {\"name\":\"n\"}", "inbox 2-0 = job {\"name\":\"n\",\"id\":\"own\"}",
        ]
        #expect(try await reasons(lines, "inbox:1-0") == [.inInbox])
        #expect(try await reasons(lines, "own") == [.inInbox])
        #expect(try await reasons(lines, "inbox:3-0") == [.unknown])
    }

    @Test func `a queue says what it does`() async throws {
        func queue(_ lines: [String], at moment: Int = start) async throws -> [Explanation] {
            try await stage([envelope] + lines).at(moment).explain().reasons
        }
        let line = ["queued a = \(place(1))"]
        #expect(try await queue([about(["n"])]) == [.idle(nextDueMs: nil)])
        #expect(try await queue(["scheduled a = \((start + 5) * 10)"]) == [.idle(nextDueMs: start + 5)])
        #expect(try await queue(line + [about(["n"])]) == [.working(waiting: 1, busy: 0, slots: 2)])
        #expect(
            try await queue(
                line + [about(["n"], busy: 2), "running r = \(token(1).number)", "running s = \(token(1).number)"]) == [
                    .slotsBusy(waiting: 1, slots: 2)
                ])
        #expect(try await queue(line, at: start + 30_000) == [.noWorker(waiting: 1)])
        #expect(
            try await queue(line + [about([])]) == [
                .noHandler(name: "n", workers: 1), .working(waiting: 1, busy: 0, slots: 2),
            ])
        #expect(try await queue([about(["n"]), "meta paused = 1"]).map(\.code) == ["paused", "idle"])
    }

    @Test func `sentences are one harmless line, and facts for programs have their code`() throws {
        var error = entry()
        error.message = "a\u{1B}[2J\nb"
        let all: [Explanation] = [
            .unknown, .remembered, .inInbox, .scheduled(dueMs: 5),
            .retrying(dueMs: 5, failed: 1, maxAttempts: 2, error: error),
            .overdue(dueMs: 5), .blocked, .suspect(dueMs: 5, lost: 2), .inLine(ahead: 3, busy: 1, slots: 2),
            .running(worker: "w\n", sinceMs: 5, isAsked: true), .lost(worker: nil, sinceMs: 5, afterMs: 9),
            .recovering(worker: nil), .succeeded(atMs: 5), .dead(atMs: 5, reason: .timeout, error: error),
            .cancelled(atMs: nil), .paused(by: "a", reason: "b\nc", sinceMs: 5), .noWorker(waiting: 3),
            .quiet(workers: ["w\u{1B}[2J\n", "x"], waiting: 1), .noHandler(name: "n", workers: 2),
            .slotsBusy(waiting: 1, slots: 2),
            .working(waiting: 1, busy: 0, slots: 2),
            .idle(nextDueMs: 5),
        ]
        #expect(Set(all.map(\.code)).count == all.count)
        for reason in all {
            let sheet = ExplanationSheet(reason, now: 7)
            #expect(!sheet.message.contains("\n") && !sheet.message.contains("\u{1B}") && sheet.code == reason.code)
        }
        #expect(
            Explanation.inLine(ahead: 3, busy: 1, slots: 2).sentence(now: 7)
                == "it is number 4 in line; 1 of 2 slots are busy")
        #expect(
            Explanation.scheduled(dueMs: 60_007).sentence(now: 7)
                == "its time comes at 1970-01-01T00:01:00.007Z (in 1m)")
    }
}
