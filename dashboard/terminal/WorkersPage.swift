import JobModel
package import JobStore

/// The list of `workers ls`: a row for each worker.
package struct WorkersPage {
    private let report: InfoReport
    private let style: PageStyle

    package init(_ report: InfoReport, _ style: PageStyle) {
        self.report = report
        self.style = style
    }

    package var lines: [String] {
        if report.workers.isEmpty { return ["no workers: queue-worker run"] }
        typealias Row = InfoReport.Worker
        var table = Table<Row>(
            ellipsis: style.ellipsis,
            columns: [
                .init("WORKER", .left, keep: 0) { Printable.oneLine($0.id) },
                .init("STATE", .left, keep: 1) { $0.state.rawValue },
                .init("BUSY", keep: 1) { "\($0.busy)/\($0.slots)" },
                .init("UP", keep: 3) { Quantity.time(ms: max(0, report.takenAtMs &- $0.startedMs)) },
                .init("OLDEST RUN", keep: 4) { worker in
                    guard worker.busy > 0 else { return "-" }
                    return worker.oldestRun.map { Quantity.time(ms: max(0, report.takenAtMs &- $0.started)) } ?? "-"
                },
                .init("QUEUES", .left, keep: 2) { Printable.oneLine($0.queues.joined(separator: " ")) },
            ])
        return table.page(report.workers, style)
    }
}
