import JobModel
import JobStore
import Testing

@testable import JobQueueCLI
@testable import TerminalDashboard

/// The page of `info`, line by line.
@Suite(.timeLimit(.minutes(1))) struct InfoPageTests {
    private func lines(_ style: PageStyle) throws -> [String] { try InfoPage(sampleReport(), style).lines }

    @Test func `without blocks the bars are made of signs, and nothing else is beyond ASCII`() throws {
        let page = try lines(PageStyle(width: 120, hasUnicode: false))
        #expect(page[2].contains("BACKLOG #="))
        #expect(page[3].hasPrefix("default                ####################"))
        for width in [20, 30, 40, 80] {
            let page = try lines(PageStyle(width: width, hasUnicode: false))
            #expect(page.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }, "\(page)")
        }
    }

    @Test(arguments: [40, 60, 80, 120])
    func `colour changes headings and warnings, and no letter`(width: Int) throws {
        let plain = try lines(PageStyle(width: width))
        let coloured = try lines(PageStyle(width: width, hasColour: true))
        #expect(coloured[2] == "\u{1B}[1m\(plain[2])\u{1B}[0m")
        #expect(coloured.last == "\u{1B}[33m\(plain.last ?? "")\u{1B}[0m")
        let stripped = coloured.map { line in
            ["\u{1B}[1m", "\u{1B}[33m", "\u{1B}[0m"].reduce(line) { $0.replacing($1, with: "") }
        }
        #expect(stripped == plain)
    }

    @Test(arguments: [30, 40, 60, 80, 100, 120, 200])
    func `no line is wider than the terminal`(width: Int) throws {
        for line in try lines(PageStyle(width: width)) { #expect(line.count <= width, "\(line)") }
    }

    @Test func `an empty Redis says what to do`() {
        let page = InfoPage(InfoReport(server: server("maxmemory:104857600\n"), snapshots: []), PageStyle())
        #expect(
            page.lines == [
                "redis 7.2.4  up 3d 4h  14.2M of 100M", "", "no queues yet: queue-worker enqueue NAME", "",
                "no workers: queue-worker run",
            ])
    }

    @Test func `the sum of the queues may be wider than each of them`() throws {
        let counts = [JobState.running: 600, .dead: 700]
        let report = InfoReport(server: server(), snapshots: [try snapshot("a", counts), try snapshot("b", counts)])
        let page = InfoPage(report, PageStyle()).lines
        #expect(page[5].contains("1,200") && page[5].contains("1,400"), "\(page[5])")
    }

    @Test func `what needs attention is named`() throws {
        let report = InfoReport(
            server: ServerFacts(info: "redis_version:7.2.4\nmaxmemory_policy:allkeys-lru\n"),
            snapshots: [
                try snapshot(
                    "q", [.queued: 2, .running: 1], isPaused: true, workers: [worker("w", busy: 1, isLost: true)])
            ])
        #expect(report.attention.map(\.code) == ["paused", "no-worker", "unsafe-redis", "redis"])
        #expect(report.workers.map(\.state) == [.lost])
        #expect(report.attention[1].message == "3 jobs and no worker listens")
    }

    @Test func `a paused queue says why`() throws {
        var snapshot = try snapshot("q", [:], isPaused: true)
        #expect(InfoReport(server: server(), snapshots: [snapshot]).attention.map(\.message) == ["paused"])
        snapshot.meta["paused_reason"] = "it \u{1b}burns"
        #expect(
            InfoReport(server: server(), snapshots: [snapshot]).attention.map(\.message) == ["paused: it \\u{1b}burns"])
    }

    @Test func `jobs that wait for their time want a worker too`() throws {
        for state in [JobState.retrying, .scheduled, .suspect, .queued, .running] {
            let report = InfoReport(server: server(), snapshots: [try snapshot("q", [state: 1])])
            #expect(report.attention.first?.code == "no-worker")
            #expect(report.attention.first?.message == "1 job and no worker listens")
        }
        #expect(try InfoReport(server: server(), snapshots: [snapshot("q", [.dead: 1])]).attention.isEmpty)
    }

    @Test func `a worker is busy with what it holds, not with what it said at its last beat`() throws {
        let workers = [
            worker("a", busy: 0, held: 3, number: 1), worker("b", busy: 3, held: 0, number: 2),
            worker("c", held: 12, number: 3),
        ]
        let report = InfoReport(server: server(), snapshots: [try snapshot("q", workers: workers)])
        #expect(report.workers.map(\.state) == [.busy, .idle, .busy])
        #expect(report.workers.map(\.busy) == [3, 0, 10], "what waits for a slot is not at work")
    }

    @Test func `lost workers have no slots to fill`() throws {
        let workers = [worker("a", held: 5, number: 1), worker("b", held: 7, number: 2, isLost: true)]
        let report = InfoReport(server: server(), snapshots: [try snapshot("q", workers: workers)])
        #expect(InfoPage(report, PageStyle()).lines.contains("1 worker and 1 lost, 5 of 10 slots busy (50%)"))
    }

    @Test func `a worker that joined again is not lost`() throws {
        let workers = [worker("a", held: 2, number: 1, isLost: true), worker("a", held: 3, number: 2)]
        let report = InfoReport(server: server(), snapshots: [try snapshot("q", workers: workers)])
        #expect(report.workers.map(\.state) == [.busy])
        #expect(report.workers.map(\.busy) == [5])
        #expect(report.workers[0].queues == ["q"])
    }

    @Test func `an inbox shows while something is in it`() throws {
        let report = InfoReport(server: server(), snapshots: [try snapshot("a", inbox: 3), try snapshot("b")])
        let page = InfoPage(report, PageStyle(width: 60)).lines
        let column = try #require(page[2].firstRange(of: "INBOX")?.upperBound)
        for line in page[3...5] { #expect(line[..<column].hasSuffix(line.hasPrefix("b ") ? " 0" : " 3"), "\(line)") }
        #expect(!(try lines(PageStyle()).contains { $0.contains("INBOX") }))
    }

    @Test func `a queue that cannot be read does not pass for a new Redis`() {
        let finding = InfoReport.Attention(queue: "q", code: "unreadable", message: "wrong")
        let report = InfoReport(server: server(), snapshots: [], findings: [finding])
        let page = InfoPage(report, PageStyle()).lines
        #expect(page.last == "! q  wrong" && !page.contains { $0.hasPrefix("no queues") })
    }

    // MARK: The outbox

    private func outbox(_ outbox: InfoReport.Outbox?) -> InfoReport {
        var report = InfoReport(server: server("maxmemory:104857600\n"), snapshots: [])
        report.outbox = outbox
        return report
    }

    @Test(arguments: [
        (0, nil, 0, "outbox  no row waits"), (1, 2500, 0, "outbox  1 row waits, the oldest for 2s"),
        (1204, 3000, 2, "outbox  1,204 rows wait, the oldest for 3s · 2 rejected"),
        (0, nil, 12_345, "outbox  no row waits · 12.3k rejected"),
    ])
    func `what waits in Postgres has a line`(rows: Int, oldestMs: Int?, rejected: Int, line: String) {
        let report = outbox(.init(rows: rows, oldestMs: oldestMs, rejected: rejected))
        #expect(InfoPage(report, PageStyle()).lines.suffix(2) == ["", line])
        #expect(InfoPage(report, PageStyle(hasUnicode: false)).lines.last?.utf8.allSatisfy { $0 < 0x80 } == true)
        #expect(InfoPage(report, PageStyle(width: 20)).lines.last?.count ?? 99 <= 20)
    }

    @Test func `a Postgres that cannot be asked wants attention, whatever it said`() {
        let page = InfoPage(outbox(.init(error: hostile)), PageStyle(width: 60)).lines
        #expect(page.last?.hasPrefix("! outbox  a\\u{1b}[2J") == true && page.allSatisfy { isHarmless($0) }, "\(page)")
        #expect(!page.contains { $0.hasPrefix("outbox") })
    }

    @Test func `the document says what waits, or why that is not known, and nothing where there is no Postgres`() throws
    {
        func document(_ report: InfoReport) throws -> String { try Output.encode(report, pretty: false) }
        #expect(!(try document(outbox(nil)).contains("outbox")))
        #expect(
            try document(outbox(.init(rows: 3, oldestMs: 2500, rejected: 1))).contains(
                #""outbox":{"oldest_ms":2500,"rejected":1,"rows":3}"#))
        #expect(try document(outbox(.init(error: "no"))).contains(#""outbox":{"error":"no"}"#))
    }
}
