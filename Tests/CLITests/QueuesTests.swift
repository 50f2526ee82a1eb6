import JobModel
import JobStore
import Testing

@testable import JobQueueCLI
@testable import TerminalDashboard

/// `queues`: what people see of queues, and what is asked before one is emptied.
@Suite(.timeLimit(.minutes(1))) struct QueuesTests {
    private func paused(by person: String, reason: String, since: Int) throws -> InfoReport {
        var mail = try snapshot("mail", [.queued: 12, .suspect: 1], age: 38_000, isPaused: true)
        mail.meta["paused_by"] = person
        mail.meta["paused_reason"] = reason
        mail.meta["paused_at"] = "\(since)"
        let open = try snapshot("default", [.running: 2, .dead: 3], workers: [worker("w")])
        return InfoReport(server: server(), snapshots: [open, mail])
    }

    // MARK: queues ls

    @Test func `a row for each queue, and below it who paused one, when and why`() throws {
        let report = try paused(by: "ann@web-1", reason: "the provider is down", since: now - 7_440_000)
        #expect(
            QueuesPage(report, PageStyle(width: 100)).lines == [
                "QUEUE    STATE   QUEUED  OLDEST  RUN  RETRY  SCHED  SUSPECT  DEAD  WORKERS",
                "default  open         0       -    2      0      0        0     3        1",
                "mail     paused      12     38s    0      0      0        1     0        0",
                "! mail  paused by ann@web-1 2h 4m ago: the provider is down",
            ])
    }

    @Test func `what does not fit is left out, and no line is wider than the terminal`() throws {
        let report = try paused(by: "ann@web-1", reason: "the provider is down", since: now)
        let lines = QueuesPage(report, PageStyle(width: 40)).lines
        #expect(lines[0] == "QUEUE    STATE   QUEUED  OLDEST  DEAD")
        for width in [30, 40, 60, 80] {
            #expect(QueuesPage(report, PageStyle(width: width)).lines.allSatisfy { $0.count <= width })
        }
    }

    @Test func `a pause that says nothing of itself is one, and hostile text moves no cursor`() throws {
        let silent = InfoReport(server: server(), snapshots: [try snapshot("q", isPaused: true)])
        #expect(QueuesPage(silent, PageStyle()).lines.last == "! q  paused")
        let report = try paused(by: hostile, reason: hostile, since: .min)
        #expect(QueuesPage(report, PageStyle(width: .max)).lines.allSatisfy { isHarmless($0) })
    }

    @Test func `without queues it says what to do, and one that cannot be read is named`() {
        #expect(
            QueuesPage(InfoReport(server: server(), snapshots: []), PageStyle()).lines == [
                "no queues yet: queue-worker enqueue NAME"
            ])
        let finding = InfoReport.Attention(queue: "q", code: "unreadable", message: "wrong \u{1B}[2J")
        let report = InfoReport(server: server(), snapshots: [], findings: [finding])
        #expect(QueuesPage(report, PageStyle()).lines == [#"! q  wrong \u{1b}[2J"#])
    }

    @Test func `as JSON the pause has the names of the API`() throws {
        let report = try paused(by: "ann@web-1", reason: "why", since: 5)
        let text = try Output.encode(report.queues.map(QueueSheet.init))
        for field in [
            #""paused" : true"#, #""paused_at_ms" : 5"#, #""paused_by" : "ann@web-1""#, #""paused_reason" : "why""#,
            #""oldest_queued_ms" : 38000"#,
        ] { #expect(text.contains(field), "\(text)") }
    }

    // MARK: queues purge

    @Test func `only who sits there is asked, and only without --yes`() {
        #expect(Consent.needed(yes: true, isTerminal: true) == .given)
        #expect(Consent.needed(yes: true, isTerminal: false) == .given)
        #expect(Consent.needed(yes: false, isTerminal: true) == .question)
        #expect(Consent.needed(yes: false, isTerminal: false) == .missing)
    }

    @Test func `the queue's name is the only confirmation`() throws {
        let purging = Purging(name: try QueueName("mail"), found: [(.queued, 12), (.dead, 1)])
        #expect(purging.isConfirmed(by: "mail") && purging.isConfirmed(by: " mail "))
        for line in ["y", "yes", "", "Mail", "mail2", nil] { #expect(!purging.isConfirmed(by: line)) }
        #expect(purging.summary == "12 queued and 1 dead job of mail" && purging.total == 13)
        #expect(purging.lines == ["queued  12", "dead  1"])
    }

    @Test func `states are named once or with commas, and what runs is none of them`() throws {
        #expect(try Purging.states([]) == [.queued])
        #expect(try Purging.states(["dead,queued", "dead"]) == [.queued, .dead])
        for wrong in ["running", "blocked", "", "dead,", "Dead", "\u{1B}[2J"] {
            let failure = #expect(throws: Failure.self) { try Purging.states([wrong]) }
            #expect(failure?.code == .usage && failure.map { isHarmless($0.message) } == true)
        }
    }

    // MARK: Several at once

    @Test func `what became of several things is a line for each, and the worst is the exit code`() throws {
        var verdicts = Verdicts("job", "deleted")
        verdicts.add("a", .done("deleted"))
        #expect(verdicts.failure == nil && verdicts.lines == ["a  deleted"])
        verdicts.add("b", .refused("it runs"))
        #expect(verdicts.failure?.code == .failed)
        verdicts.add(hostile, .missing("not there"))
        #expect(verdicts.failure?.code == .notFound)
        #expect(verdicts.failure?.message == "2 of 3 jobs not deleted")
        #expect(verdicts.lines.count == 3 && verdicts.lines.allSatisfy { isHarmless($0) })
    }

    @Test func `of a single thing that could not be done, one line tells`() throws {
        var gone = Verdicts("queue", "paused")
        gone.add("mail", .noQueue(try QueueName("mail")))
        #expect(gone.lines.isEmpty && gone.failure?.code == .notFound)
        #expect(gone.failure?.message == "there is no queue mail: nothing was ever enqueued to it")
        var refused = Verdicts("job", "deleted")
        refused.add("a", .refused("it runs"))
        #expect(refused.lines.isEmpty && refused.failure?.code == .failed)
        #expect(refused.failure?.message == "job a: it runs")
    }
}
