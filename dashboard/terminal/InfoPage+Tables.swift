import JobModel
import JobStore

extension InfoPage {
    // MARK: Queues

    private typealias QueueRow = InfoReport.Queue

    /// Narrower than this there is room for what matters most.
    private var isNarrow: Bool { style.width < 60 }
    /// So much room that all can be shown.
    private var isWide: Bool { style.width >= 120 }

    var queueTable: [String] {
        let queues = view.sorted(report.queues)
        let rows = queues + (queues.count > 1 ? [total] : [])
        var table = Table<QueueRow>(ellipsis: style.ellipsis, columns: queueColumns)
        table.fit(rows, into: style.width)
        let room = min(24, style.width - table.width - 2)
        if !isNarrow, room >= 10 { table.insert(backlog(queues, room), at: 1, rows) }
        return [style.bold(table.heading)] + rows.map(table.line)
    }

    private var queueColumns: [Table<QueueRow>.Column] {
        typealias Column = Table<QueueRow>.Column
        // Seldom more than nothing: workers empty the inboxes.
        let hasInbox = report.queues.contains { $0.inbox > 0 }
        let name = Column("QUEUE", .left, keep: 0) { Printable.oneLine($0.name) }
        let queued = Column("QUEUED", keep: 1) { Quantity.count($0.queued) }
        let age = Column("AGE", keep: 3) { $0.oldestQueuedMs.map { Quantity.time(ms: $0) } ?? "-" }
        let dead = Column("DEAD", keep: 2) { Quantity.count($0.dead) }
        if isNarrow { return [name, queued, age, dead] }
        var columns = [name, queued]
        if hasInbox { columns.append(Column("INBOX", keep: 4) { Quantity.count($0.inbox) }) }
        columns += [
            age, Column("RUN", keep: 5) { "\(Quantity.count($0.running))/\(Quantity.count($0.limit))" },
            Column("RETRY", keep: 7) { Quantity.count($0.retrying + $0.suspect) },
            Column("SCHED", keep: 8) { Quantity.count($0.scheduled) }, dead,
        ]
        if isWide {
            columns.append(Column("IN/s", keep: 9) { $0.rate(\.in1m) })
            columns.append(Column("FAIL/s", keep: 10) { $0.rate(\.failed1m) })
        }
        columns.append(Column("OUT/s", keep: 6) { $0.rate(\.out1m) })
        if isWide { columns.append(Column("DONE", keep: 11) { Quantity.count($0.succeededTotal) }) }
        return columns
    }

    /// A bar, and the word for a queue that is paused.
    private func backlog(_ queues: [InfoReport.Queue], _ room: Int) -> Table<QueueRow>.Column {
        let note = " paused"
        let width = room - (queues.contains(where: \.isPaused) ? note.count : 0)
        let names = Set(queues.map(\.name))
        let scale = BarScale(deepest: queues.map(\.queued).max() ?? 0, isLogarithmic: view.scale == .log)
        return .init(scale.heading(room, bar: width, style: style), .left, keep: 0) { queue in
            // Not of all of them together.
            guard names.contains(queue.name) else { return "" }
            let bar = scale.bar(queue.queued, width: width, style: style)
            guard queue.isPaused else { return bar }
            return bar.isEmpty ? String(note.dropFirst()) : bar + note
        }
    }

    private var total: InfoReport.Queue {
        var total = report.queues[0]
        for queue in report.queues.dropFirst() { total.add(queue) }
        total.name = Quantity.of(report.queues.count, "queue")
        total.isPaused = false
        // A worker of several queues has its slots once.
        total.limit = report.workers.reduce(0) { $0 + ($1.state == .lost ? 0 : $1.slots) }
        total.oldestQueuedMs = report.queues.compactMap(\.oldestQueuedMs).max()
        return total
    }

    // MARK: Workers

    var workerTable: [String] {
        typealias Row = InfoReport.Worker
        typealias Column = Table<Row>.Column
        func count(_ number: Int?) -> String { number.map { Quantity.count($0) } ?? "-" }
        var columns = [
            Column("WORKER", .left, keep: 0) { Printable.oneLine($0.id) },
            Column("STATE", .left, keep: 2) { $0.state.rawValue }, Column("BUSY", keep: 1) { "\($0.busy)/\($0.slots)" },
            Column("QUEUES", .left, keep: 4) {
                Cut.end(Printable.oneLine($0.queues.joined(separator: " ")), to: 30, ellipsis: style.ellipsis)
            },
            Column("DONE", keep: 6) { count($0.done) }, Column("FAILED", keep: 5) { count($0.failed) },
            Column("MEM", keep: 7) { $0.memoryBytes.map { Quantity.bytes($0) } ?? "-" },
            Column("UP", keep: 3) { Quantity.time(ms: report.takenAtMs &- $0.startedMs) },
        ]
        if isWide {
            columns.append(Column("VERSION", .left, keep: 9) { Printable.oneLine($0.version, limit: 20) })
            columns.append(Column("OLDEST RUN", .left, keep: 8) { oldestRun($0) })
        }
        var table = Table<Row>(ellipsis: style.ellipsis, columns: columns)
        return table.page(report.workers, style) + [cut(workerSummary)]
    }

    /// `report.build 12m`
    private func oldestRun(_ worker: InfoReport.Worker) -> String {
        guard let run = worker.oldestRun else { return "-" }
        let name = Cut.middle(Printable.oneLine(run.name), to: 24, ellipsis: style.ellipsis)
        return "\(name) \(Quantity.time(ms: report.takenAtMs &- run.started))"
    }

    private var workerSummary: String {
        let live = report.workers.filter { $0.state != .lost }
        let busy = live.reduce(0) { $0 + $1.busy }
        let slots = live.reduce(0) { $0 + $1.slots }
        let share = slots > 0 ? " (\(busy * 100 / slots)%)" : ""
        let lost = report.workers.count - live.count
        return "\(Quantity.of(live.count, "worker"))\(lost > 0 ? " and \(lost) lost" : ""), "
            + "\(busy) of \(Quantity.of(slots, "slot")) busy\(share)"
    }

    /// `default  web-1:2231 busy, web-2:1187 idle`, a line for each queue.
    var workersByQueue: [String] {
        let queues = view.sorted(report.queues)
        let width = queues.map { Width.printed($0.name) }.max() ?? 0
        return queues.map { queue in
            let workers = report.workers.filter { $0.queues.contains(queue.name) }
            let text = workers.map { "\(Printable.oneLine($0.id)) \($0.state.rawValue)" }.joined(separator: ", ")
            let blanks = String(repeating: " ", count: width - Width.printed(queue.name) + 2)
            let line = queue.name + blanks + (workers.isEmpty ? "no worker" : text)
            return workers.isEmpty ? style.warning(cut(line)) : cut(line)
        }
    }
}

extension InfoReport.Queue {
    fileprivate mutating func add(_ other: InfoReport.Queue) {
        for field in [\Self.queued, \.running, \.inbox, \.retrying, \.scheduled, \.suspect, \.dead, \.succeededTotal] {
            self[keyPath: field] += other[keyPath: field]
        }
        for field in [\Self.in1m, \.out1m, \.failed1m] { self[keyPath: field] += other[keyPath: field] }
    }
}
