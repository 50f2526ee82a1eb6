import JobModel
package import JobStore

/// How a page may look.
package struct PageStyle: Sendable, Equatable {
    /// Columns of the terminal.
    package var width: Int
    package var hasColour: Bool
    /// Block characters for bars, else `#`.
    package var hasUnicode: Bool

    package init(width: Int = 80, hasColour: Bool = false, hasUnicode: Bool = true) {
        self.width = width
        self.hasColour = hasColour
        self.hasUnicode = hasUnicode
    }

    func bold(_ text: String) -> String { hasColour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    func warning(_ text: String) -> String { hasColour ? "\u{1B}[33m\(text)\u{1B}[0m" : text }
    func failure(_ text: String) -> String { hasColour ? "\u{1B}[31m\(text)\u{1B}[0m" : text }
}

/// The page of `info`: report and size in, lines out. What does not fit is left out column by column; a row never wraps.
package struct InfoPage {
    private let report: InfoReport
    private let style: PageStyle

    package init(_ report: InfoReport, _ style: PageStyle) {
        self.report = report
        self.style = style
    }

    package var lines: [String] {
        var lines = [header, ""]
        lines += report.queues.isEmpty ? [noQueues] : queueTable
        lines += [""]
        lines += report.workers.isEmpty ? ["no workers: queue-worker run"] : workerTable
        if !report.attention.isEmpty { lines += [""] + report.attention.map(attention) }
        return lines
    }

    // MARK: Header

    private var header: String {
        let server = report.redis
        let memory =
            Quantity.bytes(server.usedMemoryBytes)
            + (server.maxMemoryBytes > 0 ? " of " + Quantity.bytes(server.maxMemoryBytes) : "")
        let name = Printable.oneLine("\(server.product) \(server.version)")
        let left = "\(name)  up \(Quantity.time(ms: server.uptimeSeconds * 1000))  \(memory)"
        let right = report.takenAtMs > 0 ? Quantity.utc(ms: report.takenAtMs) : ""
        let gap = style.width - left.count - right.count
        return cut(gap < 2 || right.isEmpty ? left : left + String(repeating: " ", count: gap) + right)
    }

    // MARK: Queues

    private var noQueues: String {
        report.attention.contains { !$0.queue.isEmpty }
            ? "no queue that can be read" : "no queues yet: queue-worker enqueue NAME"
    }

    private var queueTable: [String] {
        let scale = BarScale(deepest: report.queues.map(\.queued).max() ?? 0)
        let barWidth = max(8, min(20, style.width - 60))
        typealias Row = InfoReport.Queue
        // Seldom more than nothing: workers empty the inboxes.
        let hasInbox = report.queues.contains { $0.inbox > 0 }
        var table = Table<Row>(
            ellipsis: style.hasUnicode ? "…" : "~",
            columns: [
                .init("QUEUE", .left, keep: 0) { Printable.oneLine($0.name) },
                .init("BACKLOG \(block)=\(Quantity.count(scale.perBlock(barWidth)))", .left, keep: 6) {
                    scale.bar($0.queued, width: barWidth, style: style)
                },
                .init("QUEUED", keep: 1) { Quantity.count($0.queued) },
                hasInbox ? .init("INBOX", keep: 2) { Quantity.count($0.inbox) } : nil,
                .init("AGE", keep: 2) { $0.oldestQueuedMs.map { Quantity.time(ms: $0) } ?? "-" },
                .init("RUN", keep: 3) { Quantity.count($0.running) },
                .init("RETRY", keep: 4) { Quantity.count($0.retrying + $0.suspect) },
                .init("SCHED", keep: 5) { Quantity.count($0.scheduled) },
                .init("DEAD", keep: 2) { Quantity.count($0.dead) },
                .init("DONE", keep: 7) { Quantity.count($0.succeededTotal) },
            ].compactMap(\.self))
        let rows = report.queues + (report.queues.count > 1 ? [total] : [])
        table.fit(rows, into: style.width)
        return [style.bold(table.heading)] + rows.map(table.line)
    }

    private var block: String { style.hasUnicode ? "█" : "#" }

    private var total: InfoReport.Queue {
        var total = report.queues[0]
        for queue in report.queues.dropFirst() { total.add(queue) }
        total.name = Quantity.of(report.queues.count, "queue")
        total.oldestQueuedMs = report.queues.compactMap(\.oldestQueuedMs).max()
        return total
    }

    // MARK: Workers

    private var workerTable: [String] {
        typealias Row = InfoReport.Worker
        var table = Table<Row>(
            ellipsis: style.hasUnicode ? "…" : "~",
            columns: [
                .init("WORKER", .left, keep: 0) { Printable.oneLine($0.id) },
                .init("STATE", .left, keep: 2) { $0.state.rawValue },
                .init("BUSY", keep: 1) { "\($0.busy)/\($0.slots)" },
                .init("UP", keep: 3) { Quantity.time(ms: report.takenAtMs - $0.startedMs) },
                .init("QUEUES", .left, keep: 4) { $0.queues.joined(separator: " ") },
            ])
        table.fit(report.workers, into: style.width)
        let live = report.workers.filter { $0.state != .lost }
        let busy = live.reduce(0) { $0 + $1.busy }
        let slots = live.reduce(0) { $0 + $1.slots }
        let share = slots > 0 ? " (\(busy * 100 / slots)%)" : ""
        let lost = report.workers.count - live.count
        let summary =
            "\(Quantity.of(live.count, "worker"))\(lost > 0 ? " and \(lost) lost" : ""), "
            + "\(busy) of \(Quantity.of(slots, "slot")) busy\(share)"
        return [style.bold(table.heading)] + report.workers.map(table.line) + [cut(summary)]
    }

    // MARK: Attention

    private func attention(_ item: InfoReport.Attention) -> String {
        let subject = item.queue.isEmpty ? "redis" : item.queue
        return style.warning(cut("! \(Printable.oneLine(subject))  \(Printable.oneLine(item.message))"))
    }

    private func cut(_ line: String) -> String { line.count <= style.width ? line : String(line.prefix(style.width)) }
}

extension InfoReport.Queue {
    fileprivate mutating func add(_ other: InfoReport.Queue) {
        for field in [\Self.queued, \.running, \.inbox, \.retrying, \.scheduled, \.suspect, \.dead, \.succeededTotal] {
            self[keyPath: field] += other[keyPath: field]
        }
    }
}
