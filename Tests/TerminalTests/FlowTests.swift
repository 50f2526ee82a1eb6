import JobModel
import Testing

@testable import JobStore
@testable import TerminalDashboard

/// What the overview says of rates is what the store says, from the first look on.
@Suite(.timeLimit(.minutes(1))) struct FlowTests {
    private func report(_ series: [[InfoReport.Point]?]) -> InfoReport {
        var queues = Samples.queues("default")
        for (index, series) in series.enumerated() { queues[index].series = series }
        return Samples.report(Array(queues.prefix(series.count)), workers: [])
    }

    /// Seconds before now.
    private func point(_ from: Int, _ to: Int, into: Double, out: Double = 0, failed: Double = 0) -> InfoReport.Point {
        InfoReport.Point(
            atMs: now - to * 1000, into: into, out: out, failed: failed, sinceMs: now - from * 1000)
    }

    @Test func `rates of queues are added up where they hold at the same time`() throws {
        let flow = try #require(
            Flow(
                report([
                    [point(20, 10, into: 4, out: 1), point(10, 0, into: 8, failed: 2)],
                    [point(15, 5, into: 100), point(5, 0, into: 0)], [],
                ])))
        #expect(flow.into.suffix(3) == [0, 54, 58])
        #expect(flow.out.suffix(3) == [0, 1, 0] && flow.failed.suffix(3) == [0, 0, 2])
        #expect(flow.into.count == Flow.columns)
    }

    @Test func `what is older than a quarter of an hour, or of a clock that went wrong, does no harm`() throws {
        let flow = try #require(
            Flow(report([[point(5000, 895, into: 6), point(10, 20, into: 9), point(5, -500, into: 2)]])))
        #expect(flow.into.first == 3 && flow.into.last == 1)
        #expect(flow.into.reduce(0, +) == 4)
        var far = point(1, 0, into: 1)
        (far.atMs, far.sinceMs) = (1 << 60, 0)
        #expect(Flow(report([[far]]))?.into.allSatisfy { $0 == 1 } == true)
    }

    @Test func `numbers are those of the report, and lines stay while other views ask for none`() throws {
        var state = DashState(.overview, .empty, size: Extent(100, 30))
        _ = state.reduce(.loaded(.report(report([[point(10, 0, into: 5)]])), nowMs: now, pingMs: 1))
        let lines = state.layout().lines
        #expect(lines.contains { $0.contains("in/s     1m   40.0  15m   27.0  ▁▁") && $0.hasSuffix("▁█") })
        #expect(lines.contains { $0.contains("failed/s 1m    0.2  15m    0.3") })
        let flow = try #require(state.flow)
        _ = state.reduce(.loaded(.report(report([nil])), nowMs: now, pingMs: 1))
        #expect(state.flow == flow)
    }

    @Test func `a sparkline shows all its numbers in the room that it has`() {
        #expect(Sparkline.text([0, 1, 7, 0.01], width: 9, ascii: false) == "▁▂█▂")
        #expect(Sparkline.text([2, 2, 4, 4], width: 2, ascii: true) == "=#")
        #expect(Sparkline.text([0, 0, 9], width: 2, ascii: true) == "_#")
        #expect(Sparkline.text([], width: 5, ascii: true) == "" && Sparkline.text([1], width: 0, ascii: true) == "")
    }

    @Test func `a queue says when it is empty, or why not`() {
        func end(_ into: Double, _ out: Double, workers: Int = 1) -> String {
            var queue = Samples.queues("default")[0]
            (queue.in1m, queue.out1m, queue.workers, queue.queued) = (into, out, workers, 120)
            let listing = DashState(.overview, .data, size: Extent(100, 30)).with([queue]).listing
            let column = listing.columns.first { $0.title == "ETA" }
            return column?.cell(0).map(\.text).joined() ?? "no column"
        }
        #expect(end(1, 3) == "1m" && end(3, 1) == "grows" && end(2, 2) == "stands" && end(0, 0) == "stands")
        #expect(end(1, 3, workers: 0) == "no worker")
    }
}

extension DashState {
    fileprivate func with(_ queues: [InfoReport.Queue]) -> DashState {
        var state = self
        state.report?.queues = queues
        return state
    }
}
