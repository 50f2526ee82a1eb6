import FoundationEssentials
import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore

/// One job as `jobs show` prints it.
@Suite(.timeLimit(.minutes(1))) struct JobSheetTests {
    private func view(_ state: JobState?, score: Double? = nil) -> JobView {
        var view = JobView(id: "01J")
        view.state = state
        view.score = score
        var envelope = Envelope(name: "email.send", payload: ArraySlice(#"{"to":"a"}"#.utf8))
        envelope.createdMs = now - 61_000
        envelope.tags = ["a", "b"]
        envelope.metadata = ["z": "1", "a": "2"]
        view.envelope = envelope.encoded()[...]
        return view
    }

    @Test func `a job that a request brought says which`() throws {
        var view = view(.queued)
        var envelope = try Envelope(parsing: view.envelope)
        #expect(JobSheet(view, queue: .default).requestID == nil)
        envelope.requestID = "r-1"
        view.envelope = envelope.encoded()[...]
        let sheet = JobSheet(view, queue: .default)
        #expect(sheet.lines(now: now).contains("request     r-1"))
        #expect(try Output.encode(sheet).contains(#""request_id" : "r-1""#))
    }

    @Test func `a waiting job`() {
        let lines = JobSheet(view(.scheduled, score: Double((now + 90_000) * 10 + 5)), queue: .default).lines(now: now)
        #expect(
            lines == [
                "job         01J", "name        email.send", "queue       default", "state       scheduled",
                "attempts    0 failed of 25", "created     2026-11-21 04:11:08Z  (1m ago)",
                "due         2026-11-21 04:13:39Z  (in 1m)", "tags        a b", "metadata    a=2 z=1",
                #"payload     {"to":"a"}"#,
            ])
    }

    @Test func `a dead job, with its history`() {
        var view = view(.dead, score: Double(now + 1000))
        view.record.attempts = 2
        view.record.last = .timeout
        view.record.generation = 1
        var entry = ErrorEntry()
        (entry.number, entry.at, entry.attempt, entry.reason) = (1, now, 2, .timeout)
        (entry.type, entry.message, entry.worker, entry.ms) = ("Timeout", "too slow", "w1", 1500)
        view.errors = [entry]
        let lines = JobSheet(view, queue: .default).lines(now: now)
        #expect(lines.contains("reason      timeout"))
        #expect(lines.contains("kept until  2026-11-21 04:12:10Z"))
        #expect(lines.contains("requeued    1 time"))
        #expect(
            lines.suffix(4) == [
                "runs", "  1. 2026-11-21 04:12:07Z  attempt 2 on w1: timeout after 1s", "     | Timeout: too slow",
                "     -> dead: all 25 attempts are spent",
            ])
    }

    @Test func `a job that succeeded, and one whose result was not kept`() {
        var view = view(.succeeded, score: .infinity)
        view.record.last = .failed
        view.result = ResultRecord(result: ArraySlice("[1]".utf8), at: now, ms: 1, attempt: 1, worker: "w")
        let sheet = JobSheet(view, queue: .default)
        let lines = sheet.lines(now: now)
        #expect(lines.contains("result      [1]"))
        #expect(lines.contains("ended       2026-11-21 04:12:09Z"))
        #expect(!lines.contains { $0.contains("reason") || $0.hasPrefix("kept until") })
        #expect(sheet.forgetAtMs == nil, "kept for ever")
        view.result?.omitted = "too large"
        #expect(JobSheet(view, queue: .default).lines(now: now).contains("result      (omitted: too large)"))
    }

    @Test func `a running job that was asked to stop, and one that is forgotten`() {
        var running = view(.running, score: 12345)
        running.isAsked = true
        let sheet = JobSheet(running, queue: .default)
        #expect(sheet.lines(now: now).contains("state       running, asked to stop"))
        #expect(sheet.dueMs == nil && sheet.forgetAtMs == nil, "a token is no time")
        #expect(!sheet.lines(now: now).contains { $0.hasPrefix("worker") })
        #expect(JobSheet(view(nil), queue: .default).state == "forgotten")
    }

    @Test func `a running job says who runs it, and since when if that worker told`() {
        var running = view(.running, score: Double(Incarnation(2).token(claim: 9).number))
        running.record.last = .failed
        let run = WorkerCard.Run(id: "01J", name: "email.send", attempt: 2, started: now - 125_000)
        let others = [worker("w1", number: 1), worker("w3", number: 3)]
        let told = JobSheet(running, queue: .default, workers: others + [worker("w2", number: 2, runs: [run])])
        let lines = told.lines(now: now)
        #expect(lines.contains("worker      w2  since 2026-11-21 04:10:04Z  (2m ago)"))
        #expect(lines.contains("last reason failed") && !lines.contains { $0.hasPrefix("reason") })
        let untold = JobSheet(running, queue: .default, workers: others + [worker("w2", number: 2)])
        #expect(untold.lines(now: now).contains("worker      w2"))
        #expect(JobSheet(running, queue: .default, workers: others).worker == nil)
    }

    @Test func `payload and result are JSON within JSON, to the digit`() throws {
        var view = view(.succeeded)
        let payload = #"{"z":1.0,"a":123456789012345678901234567890,"s":"\\\"\ud83d\ude00/é"}"#
        view.envelope = Envelope(name: "x", payload: ArraySlice(payload.utf8)).encoded()[...]
        view.result = ResultRecord(result: ArraySlice("[]".utf8), at: now, ms: 1, attempt: 1, worker: "w")
        let json = try Output.encode([JobSheet(view, queue: .default), JobSheet(view, queue: .default)])
        #expect(json.components(separatedBy: "\"payload\" : \(payload),\n").count == 3, "\(json)")
        #expect(json.components(separatedBy: "\"result\" : [],\n").count == 3)
        view.envelope = ArraySlice("no \"JSON\"".utf8)
        #expect(try Output.encode(JobSheet(view, queue: .default)).contains(#""payload" : "no \"JSON\"""#))
    }

    @Test func `as JSON it has the same words as everywhere`() throws {
        let sheet = JobSheet(view(.scheduled, score: Double((now + 90_000) * 10 + 5)), queue: .default)
        let json = try Output.encode(sheet)
        let value = try JSONDecoder().decode([String: Anything].self, from: Data(json.utf8))
        let always: Set = [
            "id", "queue", "state", "name", "priority", "created_ms", "due_ms", "cancel_requested", "attempts",
            "max_attempts",
            "timeout_ms", "requeued", "lost", "tags", "metadata", "payload", "runs",
            "runs_forgotten",
        ]
        #expect(Set(value.keys) == always)
    }

    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }
}

/// The list of `dead ls`.
@Suite(.timeLimit(.minutes(1))) struct DeadPageTests {
    private func sheet(_ id: String, _ name: String, _ message: String) -> DeadSheet {
        var view = JobView(id: id)
        view.state = .dead
        view.record.attempts = 25
        view.record.last = .failed
        view.envelope = Envelope(name: name, payload: ArraySlice("1".utf8)).encoded()[...]
        var entry = ErrorEntry()
        (entry.number, entry.at, entry.message) = (1, now, message)
        view.errors = [entry]
        return DeadSheet(view, queue: .default)
    }

    @Test func `columns are as wide as their widest cell, and lines end at the edge`() {
        let sheets = [sheet("a", "email.send", "no luck"), sheet("order:1", "x", "the other side does not answer")]
        #expect(
            DeadPage(sheets, now: now + 125_000).lines(width: 71) == [
                "ID       NAME        REASON  FAILED  AGO  ERROR",
                "a        email.send  failed  25      2m   no luck",
                "order:1  x           failed  25      2m   the other side does not answ…",
            ])
        #expect(
            DeadPage(sheets, now: now).lines(width: nil)[2].hasSuffix("does not answer"), "nobody's screen ends there")
        for width in [0, 40, 60, 120] {
            #expect(DeadPage(sheets, now: now + 125_000).lines(width: width).allSatisfy { $0.count <= max(40, width) })
        }
    }

    @Test func `no dead jobs are one line`() { #expect(DeadPage([], now: now).lines(width: 71) == ["no dead jobs"]) }
}
