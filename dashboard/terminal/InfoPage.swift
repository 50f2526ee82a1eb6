import JobModel
package import JobStore

/// What of a report `info` shows, and how.
package struct InfoView: Sendable, Equatable {
    /// By name, or the greatest first; equal ones by name.
    package enum Order: String, CaseIterable, Sendable { case name, age, queued, dead }
    package enum Scale: String, CaseIterable, Sendable { case linear, log }

    package var order = Order.name
    package var scale = Scale.linear
    package var showsQueues = true
    package var showsWorkers = true
    /// The workers of each queue instead of the table of workers.
    package var isByQueue = false

    /// Queues and workers, by name.
    package init() {}

    func sorted(_ queues: [InfoReport.Queue]) -> [InfoReport.Queue] {
        func weight(_ queue: InfoReport.Queue) -> Int {
            switch order {
            case .name: 0
            case .age: queue.oldestQueuedMs ?? -1
            case .queued: queue.queued
            case .dead: queue.dead
            }
        }
        return queues.sorted { (weight($1), $0.name) < (weight($0), $1.name) }
    }
}

/// The page of `info`: report and size in, lines out. What does not fit is left out column by column; a row never wraps.
package struct InfoPage {
    let report: InfoReport
    let style: PageStyle
    let view: InfoView
    private let trouble: String?

    /// `trouble`: why there is no newer report. It stands above the last one.
    package init(_ report: InfoReport, _ style: PageStyle, _ view: InfoView = InfoView(), trouble: String? = nil) {
        self.report = report
        self.style = style
        self.view = view
        self.trouble = trouble
    }

    package var lines: [String] {
        var lines = [header]
        if let trouble { lines.append(style.failure(cut("! \(Printable.oneLine(trouble))"))) }
        if view.showsQueues { lines += [""] + (report.queues.isEmpty ? [cut(noQueues)] : queueTable) }
        if view.isByQueue {
            lines += [""] + workersByQueue
        } else if view.showsWorkers {
            lines += [""] + (report.workers.isEmpty ? [cut("no workers: queue-worker run")] : workerTable)
        }
        if let outbox = report.outbox, outbox.error == nil {
            lines += ["", cut("outbox  " + outbox.words(hasUnicode: style.hasUnicode))]
        }
        let items = report.allAttention
        if !items.isEmpty { lines += [""] + items.map(attention) }
        return lines
    }

    // MARK: Header

    /// As many facts as fit, the first ones first, and the time where there is room for it.
    private var header: String {
        let server = report.redis
        let memory =
            Quantity.bytes(server.usedMemoryBytes)
            + (server.maxMemoryBytes > 0 ? " of " + Quantity.bytes(server.maxMemoryBytes) : "")
        var facts = ["up \(Quantity.time(ms: server.uptimeSeconds * 1000))", memory]
        if let ping = server.pingMs { facts.append("ping \(Quantity.rate(ping)) ms") }
        if let url = server.url { facts.append(Printable.oneLine(url)) }
        let time = report.takenAtMs > 0 ? Quantity.utc(ms: report.takenAtMs) : ""
        var left = cut(Printable.oneLine("\(server.product) \(server.version)"))
        for fact in facts where Width.printed(left) + 2 + Width.printed(fact) <= style.width { left += "  " + fact }
        let gap = style.width - Width.printed(left) - time.count
        return gap < 2 || time.isEmpty ? left : left + String(repeating: " ", count: min(gap, 1 << 10)) + time
    }

    private var noQueues: String {
        report.attention.contains { !$0.queue.isEmpty }
            ? "no queue that can be read" : "no queues yet: queue-worker enqueue NAME"
    }

    // MARK: Attention

    private func attention(_ item: InfoReport.Attention) -> String {
        let subject = item.queue.isEmpty ? "redis" : item.queue
        return style.warning(cut("! \(Printable.oneLine(subject))  \(Printable.oneLine(item.message))"))
    }

    func cut(_ line: String) -> String { style.cut(line) }
}
