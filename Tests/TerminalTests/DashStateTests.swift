import JobModel
import Testing

@testable import JobStore
@testable import TerminalDashboard

/// What the keys do, without a terminal and without Redis.
@Suite(.timeLimit(.minutes(3))) struct DashStateTests {
    /// Presses keys one after the other and answers what is to be done.
    @discardableResult
    private func press(_ text: String, _ state: inout DashState) -> [DashEffect] {
        text.flatMap { state.reduce(.key($0 == "\n" ? .enter : .text($0))) }
    }

    @Test func `numbers lead to views, q back and at the top out`() {
        var state = DashState(.overview, .data, size: Extent(80, 24))
        for (number, screen) in zip(1...6, Screen.tabs) {
            #expect(press("\(number)", &state) == [.refresh] && state.screen == screen)
        }
        press("5", &state)
        press("\n", &state)
        #expect(state.stack.count == 2)
        #expect(press("q", &state) == [.refresh] && state.stack == [.dead])
        #expect(press("q", &state) == [.quit])
    }

    @Test func `only what is on the screen is read`() {
        var state = DashState(.overview, .data, size: Extent(80, 24))
        #expect(state.request == .report(series: true))
        press("2", &state)
        #expect(state.request == .report(series: false))
        press("3", &state)
        #expect(state.request == .jobs(queue: nil, state: .running, limit: 500))
        press("/queue:mail\n", &state)
        #expect(state.request == .jobs(queue: "mail", state: .running, limit: 500))
        press("5", &state)
        #expect(state.request == .dead(limit: DashState.deadLimit))
        press("\n", &state)
        #expect(state.request == .group(state.groups[0].key, limit: DashState.firstLimit))
        press("6", &state)
        #expect(state.request == .redis)
    }

    @Test func `many jobs are changed only once their number was typed`() throws {
        var state = DashState(.jobs, .data, size: Extent(80, 24))
        state.jobState = .dead
        _ = state.reduce(.loaded(.jobs(try #require(state.dead), try #require(state.report)), nowMs: now, pingMs: 1))
        press("A", &state)
        #expect(state.marks.count == 12)
        #expect(press("R", &state) == [] && state.prompt != nil)
        #expect(press("y\n", &state) == [] && state.notice?.isError == true)
        press("R", &state)
        let effects = press("12\n", &state)
        guard case .perform(.requeue(let jobs)) = effects.first else { return #expect(Bool(false), "\(effects)") }
        #expect(Set(jobs) == state.marks)
        #expect(state.busy == 1 && press("q", &state) == [], "it does not leave in the middle of it")
        _ = state.reduce(.done("requeued: 12 jobs", isError: false))
        #expect(press("q", &state) == [.quit])
    }

    @Test func `one job is deleted with y, and with nothing else`() {
        var state = DashState(.job(Samples.job), .data, size: Extent(80, 24))
        press("D", &state)
        #expect(press("n", &state) == [] && state.prompt == nil)
        press("D", &state)
        #expect(press("y", &state) == [.perform(.delete([Samples.job]))])
        #expect(press("R", &state) == [.perform(.requeue([Samples.job]))])
        #expect(press("E", &state) == [.edit(Samples.job)])
    }

    @Test(arguments: Samples.screens)
    func `read-only, no key changes anything`(screen: Screen) {
        var state = DashState(screen, .data, size: Extent(80, 24))
        state.look.isReadOnly = true
        for key in "pRKDEQAR\nyD1\nQ2\nK2\n" {
            for effect in press(String(key), &state) {
                switch effect {
                case .perform, .edit: #expect(Bool(false), "\(key) on \(screen): \(effect)")
                default: break
                }
            }
        }
    }

    @Test func `a worker is told to be quiet and to go on at once, and to stop after a y`() {
        var state = DashState(.workers, .data, size: Extent(80, 24))
        let id = "web-1:4242:k3j5n7p9"
        #expect(press("Q", &state) == [.perform(.tell(.quiet, [id]))])
        #expect(press("R", &state) == [.perform(.tell(.work, [id]))])
        #expect(press("K", &state) == [] && state.prompt?.question.contains(id) == true)
        #expect(press("n", &state) == [] && state.prompt == nil)
        #expect(press("Ky", &state) == [.perform(.tell(.stop, [id]))])
        press(" K", &state)
        #expect(press("n", &state) == [], "the marked one, not the one in focus")
        #expect(press("Ky", &state) == [.perform(.tell(.stop, [id]))])
    }

    @Test func `several workers are told once their number was typed, and a lost one is not told`() {
        var state = DashState(.workers, .many, size: Extent(80, 24))
        for _ in 0..<7 { _ = state.reduce(.key(.down)) }
        #expect(press("K", &state) == [] && state.prompt == nil && state.notice?.isError == true)
        for (key, order) in [("Q", WorkerOrder.quiet), ("R", .work), ("K", .stop)] {
            press("g  ", &state)
            #expect(press(key + "3\n", &state) == [])
            let effects = press(key + "2\n", &state)
            let ids = ["web-1:4242:k3j5n7p9", "web-2:4242:k3j5n7p9"]
            #expect(effects == [.perform(.tell(order, ids))])
            _ = state.reduce(.key(.escape))
        }
    }

    @Test func `a group of dead jobs is requeued as a whole`() throws {
        var state = DashState(.dead, .data, size: Extent(80, 24))
        #expect(state.groups.map(\.jobs.count) == [8, 4])
        press("R8\n", &state)
        #expect(state.busy == 1)
    }

    @Test func `the focus follows its row while others come and go`() throws {
        var state = DashState(.queues, .data, size: Extent(80, 24))
        press("jj", &state)
        #expect(state.current?.queue == "mail")
        var report = try #require(state.report)
        report.queues.removeFirst()
        _ = state.reduce(.loaded(.report(report), nowMs: now, pingMs: 1))
        #expect(state.current?.queue == "mail" && state.focus[.queues]?.row == 1)
        report.queues.removeAll { $0.name == "mail" }
        _ = state.reduce(.loaded(.report(report), nowMs: now, pingMs: 1))
        #expect(state.current?.queue == "reports")
    }

    @Test func `s sorts by each column and S the other way round`() {
        var state = DashState(.queues, .data, size: Extent(120, 24))
        press("sss", &state)
        #expect(state.listing.keys.first?.queue == "default")
        press("S", &state)
        #expect(state.listing.keys.first?.queue == "mail")
        #expect(state.layout().lines.contains { $0.contains("QUEUED▲") })
    }

    @Test func `a pasted text is no command, and a click goes where it points`() {
        var state = DashState(.queues, .data, size: Extent(80, 24))
        #expect(state.reduce(.key(.paste("qD1"))) == [] && state.prompt == nil)
        _ = state.reduce(.key(.click(4, 6)))
        #expect(state.focus[.queues]?.row == 2)
        #expect(state.reduce(.key(.click(4, 6))) == [.refresh] && state.screen == .jobs)
        _ = state.reduce(.key(.click(1, 1)))
        #expect(state.screen == .overview)
    }

    @Test(arguments: [
        ("name:image", 8), ("!name:image", 4), ("route", 4), ("error:\"no decoder\"", 8), ("tag:month-end !route", 8),
        ("state:dead", 12), ("id:00003", 1), ("QUEUE:Default", 12), ("nothing", 0), ("name:", 12),
        ("name:route", 0), ("error:image.resize", 0), ("\"decoder no\"", 0), ("\"no decoder\" image", 8),
    ])
    func `the filter keeps what it says`(text: String, count: Int) {
        let filter = Filter(text)
        #expect(Samples.jobs(12, name: "image.resize", queue: "default").count { filter.holds($0.fields) } == count)
    }

    @Test func `groups of the store are counted and acted on as a whole, whatever was read of them`() throws {
        func group(_ name: String) -> JobModel.DeadGroup {
            var entry = ErrorEntry()
            entry.message = "no route"
            return JobModel.DeadGroup(name: name, entry)
        }
        func count(_ name: String, _ queue: String, _ count: Int) throws -> DeadCount {
            DeadCount(
                DeadGroupView(group: group(name), count: count, firstMs: 5, lastMs: 9, sampleID: "x", sample: nil),
                in: try QueueName(queue))
        }
        var rows = JobRows(state: .dead, rows: [], total: 20_100, nowMs: 10)
        rows.groups = [try count("a", "q", 15_000), try count("a", "r", 5000), try count("b", "q", 100)]
        var row = JobRow(ref: JobRef(queue: "q", id: "1"), state: .dead)
        row.group = "\(group("a"))"
        rows.rows = [row]
        let groups = DeadGroup.all(of: rows)
        #expect(groups.map(\.count) == [20_000, 100] && groups.map(\.jobs.count) == [1, 0])
        #expect(groups[0].queues == ["q", "r"])

        var state = DashState(.dead, .data, size: Extent(80, 24))
        _ = state.reduce(.loaded(.dead(rows, try #require(state.report)), nowMs: now, pingMs: 1))
        press("gR20000", &state)
        let places = ["q", "r"].map { JobRef(queue: $0, id: "\(group("a"))") }
        guard case .perform(.requeueGroups(let meant)) = press("\n", &state).first else {
            Issue.record("asked: \(String(describing: state.prompt))")
            return
        }
        #expect(Set(meant) == Set(places))
    }

    @Test func `dead jobs that the store has in no group yet are in the groups that it would put them in`() {
        let rows = Samples.jobs(9, name: "a", queue: "q")
        let groups = DeadGroup.all(of: JobRows(state: .dead, rows: rows, total: 9, nowMs: now))
        #expect(groups.map(\.name) == ["a", "mail.send"] && groups.map(\.count) == [6, 3])
        #expect(groups.map(\.group) == [rows[0].group, rows[2].group])
        #expect(groups[0].firstMs == rows[7].endedMs && groups[0].lastMs == rows[0].endedMs)
    }

    @Test func `a payload is shown with its numbers as they were sent, and can be put back`() {
        let text = #"{"a":1.10000000000000000001,"b":[1,2,{}],"c":"x \"{,}\" y","d":[]}"#
        let lines = PrettyJSON.lines(text, most: 100)
        #expect(lines.contains(#"  "a": 1.10000000000000000001,"#) && lines.contains(#"  "d": []"#))
        #expect(PrettyJSON.compact(lines.joined(separator: "\n")) == PrettyJSON.compact(text))
        #expect(PrettyJSON.lines("no JSON\nat all", most: 9) == ["no JSON", "at all"])
    }

    @Test(arguments: [
        ("a", 1), ("é", 1), ("字", 2), ("e\u{301}", 1), ("ｗ", 2), ("한", 2), ("😀", 1), ("❤\u{FE0F}", 1), ("\u{1B}", 6),
    ])
    func `characters have the columns that they take`(text: String, width: Int) {
        #expect(Width.of(text) == width)
        #expect(Glyph.all(in: text).reduce(0) { $0 + $1.width } == width)
    }

    @Test(arguments: [("report.yearly.summary", "report…ummary"), ("画像処理キューの名前", "画像処…の名前"), ("😀😀😀😀😀😀😀😀", "😀😀😀…😀😀😀")])
    func `what is cut keeps both its ends and takes no more columns than it was given`(text: String, cut: String) {
        #expect(Cut.middle(text, to: 13, ellipsis: "…") == cut)
        for width in 0...20 {
            for cut in [
                Cut.middle(text, to: width, ellipsis: "…"), Cut.end(text, to: width, ellipsis: "~"),
                Cut.end(text, to: width),
            ] {
                #expect(Width.printed(cut) <= width)
                #expect(text.hasPrefix(cut.prefix { !"…~".contains($0) }))
            }
        }
    }
}
