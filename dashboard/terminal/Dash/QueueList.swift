import JobModel
import JobStore

// The queues, in the overview and in a view of their own.
extension DashState {
    var queueListing: Listing {
        let filter = filter
        let queues = (report?.queues ?? []).filter { queue in
            filter.holds { field in
                switch field {
                case .name, .queue: [queue.name]
                case .state: [queue.isPaused ? "paused" : "open"]
                default: []
                }
            }
        }
        var listing = Listing(
            queues, screen == .overview ? overviewColumns(queues) : queueColumns, order: order(screen),
            isWide: isWide
        ) { JobRef(queue: $0.name, id: "") }
        listing.empty = emptyText("no queues yet: queue-worker enqueue NAME")
        return listing
    }

    private typealias Queue = InfoReport.Queue

    private func overviewColumns(_ queues: [Queue]) -> [ColumnOf<Queue>] {
        let deepest = queues.map { $0.queued + $0.running + $0.retrying + $0.scheduled }.max() ?? 0
        let isASCII = look.isASCII
        func bar(_ width: Int) -> Bar { Bar(full: max(1, deepest), width: width, isASCII: isASCII) }
        let backlog = ColumnOf<Queue>(
            title: "BACKLOG", side: .left, keep: 7, isOpen: true, cell: { _ in [] },
            stretch: { queue, width in
                bar(width).line([
                    (queue.queued, 0), (queue.running, 1), (queue.retrying + queue.suspect, 2), (queue.scheduled, 3),
                ])
            }, legend: { bar($0).legend }, before: { $0.backlog > $1.backlog })
        var columns = queueColumns.filter {
            ["QUEUE", "QUEUED", "AGE", "RUN", "RETRY", "SCHED", "DEAD"].contains($0.title)
        }
        columns.insert(backlog, at: 1)
        let rates = rates
        columns.append(
            .number("OUT/S", keep: 5, by: { rates.now($0.name)?.out ?? 0 }) { Rates.text(rates.now($0.name)?.out) })
        columns.append(.text("ETA", keep: 6, { _ in .plain }) { Self.end(of: $0, rates.now($0.name)) })
        return columns
    }

    /// When the queue is empty, as things go.
    private static func end(of queue: Queue, _ rate: Rates.Sample?) -> String {
        if queue.queued == 0 { return "" }
        if queue.isPaused { return "paused" }
        if queue.workers == 0 { return "no worker" }
        guard let rate else { return "" }
        if rate.out <= rate.into || rate.out == 0 { return rate.into > 0 ? "grows" : "stands" }
        return Quantity.time(ms: Int(min(1e12, Double(queue.queued) / (rate.out - rate.into) * 1000)))
    }

    private var queueColumns: [ColumnOf<Queue>] {
        func count(
            _ title: String, _ keep: Int, _ path: KeyPath<Queue, Int>, _ style: Style = .plain, wide: Bool = false
        ) -> ColumnOf<Queue> {
            .number(
                title, keep: keep, wide: wide, { $0[keyPath: path] > 0 ? style : .dim },
                by: { Double($0[keyPath: path]) }, { Quantity.count($0[keyPath: path]) })
        }
        let rates = rates
        return [
            .text("QUEUE", keep: 0, most: 28, { $0.isPaused ? Style(.yellow) : Style(bold: true) }, { $0.name }),
            .text("STATE", keep: 3, { $0.isPaused ? Style(.yellow) : .plain }, { $0.isPaused ? "paused" : "open" }),
            count("QUEUED", 1, \.queued),
            .number(
                "AGE", keep: 2, { _ in .plain }, by: { Double($0.oldestQueuedMs ?? -1) },
                {
                    $0.oldestQueuedMs.map { Quantity.time(ms: $0) } ?? "-"
                }),
            count("RUN", 3, \.running, Style(.green)),
            count("RETRY", 4, \.retrying, Style(.yellow)),
            count("SCHED", 5, \.scheduled),
            count("INBOX", 9, \.inbox, wide: true),
            count("BLOCKED", 9, \.blocked, wide: true),
            count("SUSPECT", 8, \.suspect, Style(.yellow), wide: true),
            count("DEAD", 2, \.dead, Style(.red, bold: true)),
            count("KEPT", 9, \.succeeded, wide: true),
            count("DONE", 7, \.succeededTotal),
            .number(
                "IN/S", keep: 6, { _ in .plain }, by: { rates.now($0.name)?.into ?? 0 },
                {
                    Rates.text(rates.now($0.name)?.into)
                }),
            .number(
                "OUT/S", keep: 5, { _ in .plain }, by: { rates.now($0.name)?.out ?? 0 },
                {
                    Rates.text(rates.now($0.name)?.out)
                }),
            count("WORKERS", 4, \.workers),
        ]
    }
}
