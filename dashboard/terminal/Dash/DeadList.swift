import JobModel
import JobStore

// Dead jobs in groups: what died, of what, and how many of it.
extension DashState {
    var deadListing: Listing {
        let filter = filter
        let now = dead?.nowMs ?? 0
        let groups = groups.filter { group in
            filter.terms.isEmpty || (group.jobs + group.specimens).contains { filter.holds($0.fields) }
        }
        let columns: [ColumnOf<DeadGroup>] = [
            .number(
                "JOBS", keep: 1, { _ in Style(.red, bold: true) }, by: { Double($0.count) },
                {
                    Quantity.count($0.count)
                }),
            .text("NAME", keep: 0, most: 28, { _ in .bold }, { $0.name }),
            .text("QUEUE", keep: 4, most: 20) { $0.queues.joined(separator: " ") },
            .number(
                "FIRST", keep: 5, by: { -Double($0.firstMs) },
                {
                    $0.firstMs > 0 ? Quantity.time(ms: now &- $0.firstMs) : "-"
                }),
            .number(
                "LAST", keep: 3, by: { Double($0.lastMs) },
                {
                    $0.lastMs > 0 ? Quantity.time(ms: now &- $0.lastMs) : "-"
                }),
            .text("ERROR", keep: 2, open: true, { _ in Style(.red) }, { $0.sample }),
        ]
        var listing = Listing(groups, columns, order: order(screen), isWide: isWide, hasRoom: hasRoom, key: \.key)
        listing.empty = emptyText("no dead jobs")
        let seen = groups.reduce(0) { $0 + $1.count }
        if let dead, dead.total > seen {
            listing.footer =
                "made of \(Quantity.count(seen)) of \(Quantity.count(dead.total)): the others died before there were groups"
        }
        return listing
    }
}
