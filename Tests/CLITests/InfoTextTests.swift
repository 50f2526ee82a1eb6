import ArgumentParser
import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore
@testable import TerminalDashboard

/// `info` for programs, and what the look options do.
@Suite(.timeLimit(.minutes(1))) struct InfoTextTests {
    @Test func `raw lines are those of rq info`() throws {
        let report = try InfoGoldenTests.busyReport()
        #expect(
            InfoText(report).raw == [
                "queue default 1204, 8 executing, 0 finished, 3 failed",
                "queue high 20, 4 executing, 0 finished, 0 failed",
                "queue mail 1, 0 executing, 0 finished, 0 failed",
                "queue reports 41, 0 executing, 0 finished, 0 failed",
                "worker batch-1:88:zzzzzzzz (web-1 - 7) quiet reports. jobs: 0 finished, 0 failed",
                "worker web-1:2231:k3j5n7p9 (web-1 - 7) busy default, high. jobs: 81217 finished, 14 failed",
                "worker web-2:1187:a1b2c3d4 (web-1 - 7) busy default, high, mail. jobs: 9911 finished, 2 failed",
            ])
        let queues = InfoLook.parsed(["--raw", "-Q"])
        #expect(InfoText(report, queues.view).raw.count == 4)
    }

    @Test func `plain lines have a heading, and tabs between their cells`() throws {
        let report = try InfoGoldenTests.busyReport()
        let lines = InfoText(report).plain.map { $0.split(separator: "\t", omittingEmptySubsequences: false) }
        #expect(lines.count == 5)
        #expect(Set(lines.map(\.count)).count == 1)
        #expect(lines[0].starts(with: ["queue", "state", "queued", "oldest_age_ms", "running", "limit"]))
        #expect(lines[1].starts(with: ["default", "active", "1204", "38000", "8", "18", "12", "310", "0", "3"]))
        #expect(lines[4].starts(with: ["reports", "paused", "41"]))
        let workers = InfoText(report, InfoLook.parsed(["--plain", "-W"]).view).plain
        #expect(workers.count == 4 && workers[0].hasPrefix("worker\tstate\tbusy\tslots"))
    }

    @Test func `queues stand in the order that was asked for, and equal ones by name`() throws {
        let report = try InfoGoldenTests.busyReport()
        func names(_ order: InfoView.Order) -> [String] {
            var view = InfoView()
            view.order = order
            return view.sorted(report.queues).map(\.name)
        }
        #expect(names(.name) == ["default", "high", "mail", "reports"])
        #expect(names(.age) == ["reports", "default", "high", "mail"])
        #expect(names(.queued) == ["default", "reports", "high", "mail"])
        #expect(names(.dead) == ["default", "high", "mail", "reports"])
    }

    @Test func `the workers of each queue stand behind it`() throws {
        var view = InfoView()
        view.isByQueue = true
        view.showsQueues = false
        let idle = InfoReport(server: server(), snapshots: [try snapshot("q", [.queued: 1])])
        #expect(InfoPage(idle, PageStyle(), view).lines[2] == "q  no worker")
        let page = InfoPage(try InfoGoldenTests.busyReport(), PageStyle(), view).lines
        #expect(page[2] == "default  web-1:2231:k3j5n7p9 busy, web-2:1187:a1b2c3d4 busy")
        #expect(page[5] == "reports  batch-1:88:zzzzzzzz quiet")
    }

    @Test func `any number of jobs has a bar, and a logarithm keeps small ones apart`() {
        let style = PageStyle()
        let linear = BarScale(deepest: 1_000_000)
        #expect(linear.bar(1, width: 20, style: style) == "▏" && linear.bar(900, width: 20, style: style) == "▏")
        #expect(linear.bar(1_000_000, width: 20, style: style) == String(repeating: "█", count: 20))
        #expect(linear.bar(0, width: 20, style: style) == "")
        let log = BarScale(deepest: 1_000_000, isLogarithmic: true)
        let lengths = [1, 10, 100, 1000, 10_000, 1_000_000].map { log.bar($0, width: 20, style: style).count }
        #expect(lengths == lengths.sorted() && Set(lengths).count == lengths.count, "\(lengths)")
        #expect(lengths.last == 20)
        let plain = PageStyle(hasUnicode: false)
        #expect(linear.bar(1, width: 20, style: plain) == "#")
        #expect(log.heading(24, bar: 20, style: style) == "BACKLOG log")
        #expect(linear.heading(24, bar: 20, style: style) == "BACKLOG █=50.0k")
        #expect(linear.heading(9, bar: 9, style: style) == "BACKLOG")
    }

    @Test func `forms that exclude each other are refused`() {
        #expect(throws: Failure.self) { try InfoLook.parsed(["--json", "--plain"]).check() }
        #expect(throws: Failure.self) { try InfoLook.parsed(["-Q", "-W"]).check() }
        #expect(throws: Never.self) { try InfoLook.parsed(["--raw", "-Q", "--sort", "dead"]).check() }
    }

    @Test func `colour is what option, environment and terminal agree on`() {
        func has(_ environment: [String: String], isTerminal: Bool = true, _ colour: Terminal.Colour = .auto) -> Bool {
            Terminal.style(environment, isTerminal: isTerminal, colour).hasColour
        }
        #expect(has(["TERM": "xterm"]) && !has(["TERM": "dumb"]) && !has([:], isTerminal: false))
        #expect(!has(["NO_COLOR": "1"]) && has(["NO_COLOR": ""]), "an empty variable is none")
        #expect(has(["CLICOLOR_FORCE": "1"], isTerminal: false) && !has(["CLICOLOR_FORCE": "0"], isTerminal: false))
        #expect(!has(["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]))
        #expect(has(["NO_COLOR": "1", "TERM": "dumb"], .always) && !has(["CLICOLOR_FORCE": "1"], .never))
    }

    @Test func `blocks are for terminals that know them`() {
        func has(_ environment: [String: String]) -> Bool {
            Terminal.style(environment, isTerminal: true).hasUnicode
        }
        #expect(has(["LANG": "en_US.UTF-8"]) && has(["LC_ALL": "C.utf8", "LANG": "C"]))
        #expect(!has([:]) && !has(["LANG": "C"]) && !has(["LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"]))
        #expect(has(["LC_ALL": "", "LANG": "en_US.UTF-8"]), "an empty variable is none")
    }

    // MARK: Strangers

    /// Every kind of character that has moved a cursor, rung a bell or turned a line round, and texts of odd widths.
    static let strangers: [String] = {
        let controls = (UInt32(0)..<0x20).map { "a\(UnicodeScalar($0)!)b" }
        let others = [
            "\u{7F}", "\u{9B}31m", "\u{85}", "\u{1B}[2J", "\u{1B}]0;title\u{7}", "\u{1B}[31mred", "\u{1B}P+q\u{1B}\\",
            "\u{202E}drow", "\u{2066}x\u{2069}", "\u{200B}zero", "\u{FEFF}mark", "\u{2028}line", "\u{E0041}tag",
            String(repeating: "x", count: 5000), String(repeating: "界", count: 300),
            "e" + String(repeating: "\u{301}", count: 40),
            "👩‍👩‍👧‍👦 family", "\t\t\t", "",
        ]
        return controls + others
    }()

    @Test(arguments: strangers) func `nothing that a stranger wrote reaches a terminal as it is`(text: String) throws {
        var member = worker(text, busy: 1) {
            $0.host = text
            $0.version = text
            $0.runs = [.init(id: text, name: text, attempt: 1, started: now)]
        }
        member.held = 1
        var queue = try snapshot("q", [.queued: 3, .running: 1], age: 5, isPaused: true, workers: [member])
        queue.meta["paused_by"] = text
        queue.meta["paused_reason"] = text
        var facts = server()
        (facts.version, facts.product) = (text, text)
        let finding = InfoReport.Attention(queue: "q", code: "unreadable", message: text)
        var report = InfoReport(server: facts, snapshots: [queue], findings: [finding])
        report.redis.url = text
        for width in [1, 7, 20, 59, 80, 130] {
            for isByQueue in [true, false] {
                var view = InfoView()
                view.isByQueue = isByQueue
                for line in InfoPage(report, PageStyle(width: width), view, trouble: text).lines {
                    #expect(isHarmless(line), "\(line.debugDescription)")
                    #expect(width < 20 || Width.printed(line) <= width, "\(width): \(line.debugDescription)")
                }
            }
        }
        for line in InfoText(report).raw { #expect(isHarmless(line), "\(line.debugDescription)") }
        for line in InfoText(report).plain {
            #expect(isHarmless(line.replacing("\t", with: "")), "\(line.debugDescription)")
        }
        #expect(isHarmless(try Output.encode(report, pretty: false)))
    }
}

extension InfoLook {
    /// As if it had been typed.
    fileprivate static func parsed(_ words: [String]) -> InfoLook {
        // What the parser refuses fails the test that typed it.
        try! InfoLook.parse(words)
    }
}
