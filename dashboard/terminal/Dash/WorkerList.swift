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
        let columns: [ColumnOf<Worker>] = [
            .text("WORKER", keep: 0, most: 32, { _ in .bold }, { $0.id }),
            .text("STATE", keep: 2, { Self.style(of: $0.state) }, { $0.state.rawValue }),
            .number("BUSY", keep: 1, by: { Double($0.busy) }, { "\($0.busy)/\($0.slots)" }),
            ColumnOf(
                title: "", side: .left, keep: 6,
                cell: { [look] in Bar(full: max(1, $0.slots), width: 10, isASCII: look.isASCII).gauge($0.busy) }),
            .number("UP", keep: 3, by: { Double(now &- $0.startedMs) }, { Quantity.time(ms: now &- $0.startedMs) }),
            .text("QUEUES", keep: 4, most: 30) { $0.queues.joined(separator: " ") },
            .number(
                "LONGEST", keep: 5, by: { Double(now &- ($0.runs.map(\.started).min() ?? now)) },
                {
                    $0.runs.map(\.started).min().map { Quantity.time(ms: now &- $0) } ?? "-"
                }),
            .text("HANDLERS", keep: 7, wide: false, open: true, { _ in .dim }, { $0.names.joined(separator: " ") }),
        ]
        var listing = Listing(workers, columns, order: order(screen), isWide: isWide) { JobRef(queue: "", id: $0.id) }
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
