import JobModel
import JobStore

// The workers.
extension DashState {
    var workerListing: Listing {
        let filter = filter
        typealias Worker = InfoReport.Worker
        let now = report?.takenAtMs ?? 0
        let workers = (report?.workers ?? []).filter { worker in
            filter.holds { field in
                switch field {
                case .id, .worker: [worker.id]
                case .queue: worker.queues
                case .state: [worker.state.rawValue]
                case .name: worker.names
                case .tag, .error: []
                }
            }
        }
        func count(_ title: String, _ keep: Int, _ path: KeyPath<Worker, Int?>) -> ColumnOf<Worker> {
            .number(
                title, keep: keep, by: { Double($0[keyPath: path] ?? -1) },
                { $0[keyPath: path].map { Quantity.count($0) } ?? "-" })
        }
        let columns: [ColumnOf<Worker>] = [
            .text("WORKER", keep: 0, most: 32, { _ in .bold }, { $0.id }),
            .text("STATE", keep: 2, { Self.style(of: $0.state) }, { $0.state.rawValue }),
            .number("BUSY", keep: 1, by: { Double($0.busy) }, { "\($0.busy)/\($0.slots)" }),
            ColumnOf(
                title: "", side: .left, keep: 9,
                cell: { [look] in Bar(full: max(1, $0.slots), width: 10, isASCII: look.isASCII).gauge($0.busy) }),
            .text("QUEUES", keep: 4, most: 30) { $0.queues.joined(separator: " ") },
            count("DONE", 6, \.done), count("FAILED", 5, \.failed),
            .number(
                "MEM", keep: 7, by: { Double($0.memoryBytes ?? -1) },
                { $0.memoryBytes.map { Quantity.bytes($0) } ?? "-" }),
            .number("UP", keep: 3, by: { Double(now &- $0.startedMs) }, { Quantity.time(ms: now &- $0.startedMs) }),
            .number(
                "OLDEST RUN", keep: 8, by: { Double(now &- ($0.oldestRun?.started ?? now)) },
                { $0.oldestRun.map { Quantity.time(ms: now &- $0.started) } ?? "-" }),
            .text("VERSION", keep: 10, most: 20) { $0.version },
            .text("HANDLERS", keep: 11, open: true, { _ in .dim }, { $0.names.joined(separator: " ") }),
        ]
        var listing = Listing(workers, columns, order: order(screen), isWide: isWide, hasRoom: hasRoom) {
            JobRef(queue: "", id: $0.id)
        }
        listing.empty = emptyText("no workers: queue-worker run")
        return listing
    }

    private static func style(of state: InfoReport.Worker.State) -> Style {
        switch state {
        case .idle: .plain
        case .quiet: Style(.yellow)
        case .busy: Style(.green)
        case .lost: Style(.red, bold: true)
        }
    }
}
