import JobModel
import JobStore

/// The first view: what goes in and out, the queues, what needs attention, and what runs.
struct OverviewPage {
    let state: DashState

    private var isASCII: Bool { state.look.isASCII }
    private var report: InfoReport? { state.report }

    func draw(_ frame: inout Frame, _ rows: Range<Int>) {
        guard report != nil, rows.count > 6 else { return state.draw(state.listing, &frame, rows) }
        var y = rows.lowerBound
        for line in flow(rows.count) {
            frame.put(line, 2, y)
            y += 1
        }
        slots(&frame, y)
        y += 2
        let listing = state.listing
        let attention = self.attention.prefix(max(0, min(4, rows.upperBound - y - 6)))
        let runs = self.runs
        // The queues get what they need, up to half where jobs run.
        let left = rows.upperBound - y - attention.count - (attention.isEmpty ? 0 : 1)
        let most = runs.keys.isEmpty || left < 10 ? left : max(4, left - min(runs.keys.count + 2, left / 2))
        // A heading, and a row at least.
        let queueRows = min(most, max(3, listing.keys.count + 1))
        state.draw(listing, &frame, y..<y + queueRows)
        y += queueRows
        if !attention.isEmpty {
            y += 1
            for item in attention where y < rows.upperBound {
                frame.put(item, 2, y)
                y += 1
            }
        }
        guard rows.upperBound - y > 2, !runs.keys.isEmpty else { return }
        ListingPage(listing: runs, isASCII: isASCII).draw(into: &frame, y + 1..<rows.upperBound)
    }

    // MARK: Numbers

    /// What comes, ends and fails in a second: over a minute, a quarter of an hour, and as it went. All on one row where there
    /// is not room for three.
    private func flow(_ rows: Int) -> [Line] {
        typealias Rate = KeyPath<InfoReport.Queue, Double>
        let queues = report?.queues ?? []
        func rate(_ path: Rate) -> String { Quantity.rate(queues.reduce(0) { $0 + $1[keyPath: path] }) }
        guard rows >= 17 else {
            let words: [(String, Rate)] = [("in", \.in1m), ("out", \.out1m), ("failed", \.failed1m)]
            return [words.flatMap { [Span("\($0) ", .dim), Span("\(rate($1))/s", .bold), Span("  ")] }]
        }
        func line(
            _ word: String, _ minute: Rate, _ quarter: Rate, _ series: KeyPath<Flow, [Double]>, _ colour: Colour
        ) -> Line {
            let numbers: Line = [
                Span(pad(word, -8), .dim), Span(" 1m ", .dim), Span(pad(rate(minute), 6), .bold),
                Span("  15m ", .dim), Span(pad(rate(quarter), 6)), Span("  "),
            ]
            let room = state.size.width - 4 - numbers.reduce(0) { $0 + $1.text.count }
            guard let flow = state.flow, room >= 10 else { return numbers }
            return numbers + [
                Span(Sparkline.text(flow[keyPath: series], width: room, ascii: isASCII), Style(colour))
            ]
        }
        return [
            line("in/s", \.in1m, \.in15m, \.into, .blue), line("out/s", \.out1m, \.out15m, \.out, .green),
            line("failed/s", \.failed1m, \.failed15m, \.failed, .red),
        ]
    }

    private func slots(_ frame: inout Frame, _ y: Int) {
        guard let report else { return }
        let live = report.workers.filter { $0.state != .lost }
        let lost = report.workers.count - live.count
        let busy = live.reduce(0) { $0 + $1.busy }
        let slots = live.reduce(0) { $0 + $1.slots }
        func total(_ path: KeyPath<InfoReport.Queue, Int>) -> Int { report.queues.reduce(0) { $0 + $1[keyPath: path] } }
        let oldest = report.queues.compactMap(\.oldestQueuedMs).max()
        var line: Line = [
            Span("slots ", .dim), Span("\(busy)/\(slots) ", .bold),
        ]
        line += Bar(full: max(1, slots), width: 14, isASCII: isASCII).gauge(busy)
        line += [Span("  workers ", .dim), Span("\(live.count)", .bold)]
        if lost > 0 { line.append(Span(" +\(lost) lost", Style(.red, bold: true))) }
        line += [Span("  queued ", .dim), Span(Quantity.count(total(\.queued)), .bold)]
        line += [Span("  oldest ", .dim), Span(oldest.map { Quantity.time(ms: $0) } ?? "-", .bold)]
        line += [
            Span("  dead ", .dim),
            Span(Quantity.count(total(\.dead)), total(\.dead) > 0 ? Style(.red, bold: true) : .bold),
        ]
        frame.put(line, 2, y)
    }

    /// Blanks before a text, or behind it where the width is negative.
    private func pad(_ text: String, _ width: Int) -> String {
        let blanks = String(repeating: " ", count: max(0, abs(width) - text.count))
        return width < 0 ? text + blanks : blanks + text
    }

    // MARK: Below

    private var attention: [Line] {
        outbox
            + (report?.allAttention ?? []).map { item in
                [
                    Span("! ", Style(.yellow, bold: true)),
                    Span((item.queue.isEmpty ? "redis" : item.queue) + "  ", .bold), Span(item.message, Style(.yellow)),
                ]
            }
    }

    /// What waits in Postgres, where anything does.
    private var outbox: [Line] {
        guard let outbox = report?.outbox, outbox.rows ?? 0 > 0 || outbox.rejected ?? 0 > 0 else { return [] }
        return [[Span("  outbox  ", .bold), Span(outbox.words(hasUnicode: !isASCII))]]
    }

    private struct Run {
        var run: WorkerCard.Run
        var worker: String
    }

    /// What the workers said that they run, the oldest first.
    private var runs: Listing {
        let now = report?.takenAtMs ?? 0
        let runs = (report?.workers ?? []).filter { $0.state != .lost }.flatMap { worker in
            worker.runs.map { Run(run: $0, worker: worker.id) }
        }.sorted { ($0.run.started, $0.run.id) < ($1.run.started, $1.run.id) }
        let columns: [ColumnOf<Run>] = [
            .text("RUNNING", keep: 1, most: 12, { _ in Style(.cyan) }, { $0.run.id }),
            .text("NAME", keep: 0, most: 28, { _ in .bold }, { $0.run.name }),
            .text("WORKER", keep: 4, most: 28) { $0.worker },
            .number("FOR", keep: 2, by: { Double($0.run.started) }, { Quantity.time(ms: now &- $0.run.started) }),
            .number("TRY", keep: 3, by: { Double($0.run.attempt) }, { "\($0.run.attempt)" }),
        ]
        return Listing(runs, columns, order: Order(), isWide: false) { JobRef(queue: $0.worker, id: $0.run.id) }
    }
}
