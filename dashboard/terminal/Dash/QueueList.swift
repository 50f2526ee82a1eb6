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
            isWide: isWide, hasRoom: hasRoom
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
            title: "BACKLOG", side: .left, keep: 7, isOpen: true, most: 60, cell: { _ in [] },
            stretch: { queue, width in
                bar(width).line([
                    (queue.queued, 0), (queue.running, 1), (queue.retrying + queue.suspect, 2), (queue.scheduled, 3),
                ])
            }, legend: { bar($0).legend }, before: { $0.backlog > $1.backlog })
        let titles =
            ["QUEUE", "QUEUED", "AGE", "RUN", "RETRY", "SCHED", "DEAD", "OUT/s"]
            + (size.width < 120 ? [] : ["IN/s", "FAIL/s", "DONE", "WORKERS"])
        var columns = queueColumns.filter { titles.contains($0.title) }
        columns.insert(backlog, at: 1)
        columns.append(.text("ETA", keep: 6, { _ in .plain }) { Self.end(of: $0) })
        return columns
    }

    /// When the queue is empty, as things go.
    private static func end(of queue: Queue) -> String {
        if queue.queued == 0 { return "" }
        if queue.isPaused { return "paused" }
        if queue.workers == 0 { return "no worker" }
        let falls = queue.out1m - queue.in1m
        if falls <= 0 { return falls < 0 ? "grows" : "stands" }
        return Quantity.time(ms: Int(min(1e12, Double(queue.queued) / falls * 1000)))
    }

    private var queueColumns: [ColumnOf<Queue>] {
        func count(
            _ title: String, _ keep: Int, _ path: KeyPath<Queue, Int>, _ style: Style = .plain, wide: Bool = false
        ) -> ColumnOf<Queue> {
            .number(
                title, keep: keep, wide: wide, { $0[keyPath: path] > 0 ? style : .dim },
                by: { Double($0[keyPath: path]) }, { Quantity.count($0[keyPath: path]) })
        }
        func rate(_ title: String, _ keep: Int, _ path: KeyPath<Queue, Double>, wide: Bool = false) -> ColumnOf<Queue> {
            .number(title, keep: keep, wide: wide, { _ in .plain }, by: { $0[keyPath: path] }, { $0.rate(path) })
        }
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
            rate("IN/s", 6, \.in1m),
            rate("OUT/s", 5, \.out1m),
            rate("FAIL/s", 6, \.failed1m),
            rate("IN 15m", 10, \.in15m, wide: true),
            rate("OUT 15m", 10, \.out15m, wide: true),
            rate("FAIL 15m", 10, \.failed15m, wide: true),
            count("WORKERS", 4, \.workers),
        ]
    }
}
