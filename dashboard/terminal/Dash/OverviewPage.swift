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
        flow(&frame, y)
        slots(&frame, y + 1)
        y += 3
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

    /// In and out as lines that move.
    private func flow(_ frame: inout Frame, _ y: Int) {
        let width = state.size.width
        let now = state.rates.now()
        let numbers = width < 50
        let room = numbers ? 0 : max(4, (width - 36) / 2)
        func spark(_ part: KeyPath<Rates.Sample, Double>) -> String {
            Sparkline.text(state.rates.samples.map { $0[keyPath: part] }, width: room, ascii: isASCII)
        }
        let into = Rates.text(now?.into)
        let out = Rates.text(now?.out)
        let line: Line = [
            Span("in ", .dim), Span(pad(into, 6) + "/s ", .bold), Span(spark(\.into), Style(.blue)), Span("  "),
            Span("out ", .dim), Span(pad(out, 6) + "/s ", .bold), Span(spark(\.out), Style(.green)),
        ]
        frame.put(line, 2, y)
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

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: Below

    private var attention: [Line] {
        (report?.attention ?? []).map { item in
            [
                Span("! ", Style(.yellow, bold: true)),
                Span((item.queue.isEmpty ? "redis" : item.queue) + "  ", .bold), Span(item.message, Style(.yellow)),
            ]
        }
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
