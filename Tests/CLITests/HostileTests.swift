import FoundationEssentials
import JobModel
import Testing

@testable import JobQueueCLI
@testable import JobStore
@testable import TerminalDashboard

/// Names, payloads and error texts come from strangers; what is printed must not move anybody's cursor.
@Suite(.timeLimit(.minutes(1))) struct HostileTests {
    @Test(arguments: [40, 80, 200], [false, true])
    func `no name of a worker or server reaches the page as it is`(width: Int, hasColour: Bool) throws {
        let stranger = worker(hostile, busy: 1)
        var facts = server()
        facts.version = hostile
        facts.product = hostile
        facts.evictionPolicy = hostile
        let report = InfoReport(server: facts, snapshots: [try snapshot("q", [.queued: 1], workers: [stranger])])
        let page = InfoPage(report, PageStyle(width: width, hasColour: hasColour))
        #expect(page.lines.contains { $0.contains("\\u{1b}") }, "the name is there, made harmless")
        for line in page.lines { #expect(isHarmless(line, hasColour: hasColour), "\(line.debugDescription)") }
    }

    private func view() throws -> JobView {
        var view = JobView(id: "a")
        view.state = .dead
        view.score = Double(now)
        view.record.by = hostile
        var envelope = Envelope(name: "x", payload: ArraySlice("\"\(hostile)\"".utf8))
        envelope.metadata = [hostile: hostile]
        view.envelope = envelope.encoded()[...]
        var entry = ErrorEntry()
        entry.number = 1
        entry.type = hostile
        entry.message = hostile
        entry.worker = hostile
        view.errors = [entry]
        view.result = ResultRecord(
            result: ArraySlice(hostile.utf8), at: now, ms: 1, attempt: 1, worker: hostile, omitted: hostile)
        return view
    }

    @Test func `a job's sheet is harmless, whatever the job holds`() throws {
        let sheet = JobSheet(try view(), queue: .default)
        #expect(sheet.lines(now: now).count > 8)
        for line in sheet.lines(now: now) { #expect(isHarmless(line), "\(line.debugDescription)") }
    }

    @Test func `a job whose envelope is rubbish has a sheet all the same`() throws {
        var view = try view()
        view.envelope = ArraySlice(hostile.utf8)
        let sheet = JobSheet(view, queue: .default)
        #expect(sheet.name == nil && sheet.payload?.text == hostile)
        for line in sheet.lines(now: now) { #expect(isHarmless(line)) }
    }

    @Test func `as JSON it is harmless too, and says the same`() throws {
        var view = try view()
        view.envelope =
            Envelope(name: "x", payload: ArraySlice("\"\u{7F}\u{85}\u{202E}\u{E0041}\"".utf8)).encoded()[...]
        let json = try Output.encode(JobSheet(view, queue: .default))
        for line in json.split(separator: "\n") { #expect(isHarmless(String(line)), "\(line.debugDescription)") }
        let sheet = try JSONDecoder().decode(Read.self, from: Data(json.utf8))
        #expect(sheet.payload == "\u{7F}\u{85}\u{202E}\u{E0041}" && sheet.runs[0].message == hostile)
    }

    private struct Read: Decodable {
        struct Failure: Decodable { var message: String }
        var payload: String
        var runs: [Failure]
    }

    @Test func `the list of dead jobs is harmless, and a job is one line`() throws {
        let sheets = [DeadSheet(try view(), queue: .default), DeadSheet(try view(), queue: .default)]
        let lines = DeadPage(sheets, now: now).lines(width: 300)
        #expect(lines.count == 3)
        for line in lines { #expect(isHarmless(line)) }
        for line in DeadPage(sheets, now: now).lines(width: nil, plain: true) {
            #expect(isHarmless(line.replacing("\t", with: "")) && line.count { $0 == "\t" } == 6)
        }
    }
}
