import JobModel
package import JobStore

/// The list of `queues ls`: a row for each queue, and below it why those are paused that are.
package struct QueuesPage {
    private let report: InfoReport
    private let style: PageStyle

    package init(_ report: InfoReport, _ style: PageStyle) {
        self.report = report
        self.style = style
    }

    package var lines: [String] {
        let broken = report.attention.filter { $0.code == "unreadable" }.map {
            notice("\($0.queue)  \($0.message)")
        }
        if report.queues.isEmpty {
            return broken.isEmpty ? ["no queues yet: queue-worker enqueue NAME"] : broken
        }
        typealias Row = InfoReport.Queue
        var table = Table<Row>(
            ellipsis: style.ellipsis,
            columns: [
                .init("QUEUE", .left, keep: 0) { Printable.oneLine($0.name) },
                .init("STATE", .left, keep: 1) { $0.isPaused ? "paused" : "open" },
                .init("QUEUED", keep: 1) { Quantity.count($0.queued) },
                .init("OLDEST", keep: 2) { $0.oldestQueuedMs.map { Quantity.time(ms: $0) } ?? "-" },
                .init("RUN", keep: 3) { Quantity.count($0.running) },
                .init("RETRY", keep: 4) { Quantity.count($0.retrying) },
                .init("SCHED", keep: 5) { Quantity.count($0.scheduled) },
                .init("SUSPECT", keep: 6) { Quantity.count($0.suspect) },
                .init("DEAD", keep: 2) { Quantity.count($0.dead) },
                .init("WORKERS", keep: 3) { Quantity.count($0.workers) },
            ])
        return table.page(report.queues, style) + report.queues.filter(\.isPaused).map { notice(pause($0)) } + broken
    }

    /// `mail  paused by ann@web-1 2h 4m ago: the provider is down`.
    private func pause(_ queue: InfoReport.Queue) -> String {
        var text = "\(queue.name)  paused"
        if let person = queue.pausedBy { text += " by \(person)" }
        if let since = queue.pausedAtMs { text += " \(Quantity.time(ms: report.takenAtMs &- since)) ago" }
        if let reason = queue.pausedReason { text += ": \(reason)" }
        return text
    }

    private func notice(_ text: String) -> String { style.warning(style.cut("! " + Printable.oneLine(text))) }
}
