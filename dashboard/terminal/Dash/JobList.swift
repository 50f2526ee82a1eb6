import JobModel
import JobStore

// Jobs of one state, and those of a group of dead ones.
extension DashState {
    /// The jobs of a group of dead ones.
    func groupListing(_ key: JobRef) -> Listing {
        let group = groups.first { $0.key == key }
        let rows = group?.jobs ?? []
        var listing = rowsListing(rows, .dead)
        if let group, group.count > rows.count {
            // Just opened: only their number is known.
            if rows.isEmpty { listing.empty = "reading…" }
            listing.footer = "\(rows.count) of \(Quantity.count(group.count)) are here; m brings more"
        }
        return listing
    }

    var jobListing: Listing {
        var listing = rowsListing(jobs?.rows ?? [], jobState)
        if let jobs, jobs.total > jobs.rows.count {
            listing.footer = "\(jobs.rows.count) of \(Quantity.count(jobs.total)) are here; m brings more"
        }
        return listing
    }

    private func rowsListing(_ rows: [JobRow], _ state: JobState) -> Listing {
        let filter = filter
        var listing = Listing(
            filter.terms.isEmpty ? rows : rows.filter { filter.holds($0.fields) }, jobColumns(state),
            order: order(screen), isWide: isWide, hasRoom: hasRoom, key: \.ref)
        listing.empty = emptyText("no \(state.rawValue) jobs")
        return listing
    }

    private func jobColumns(_ state: JobState) -> [ColumnOf<JobRow>] {
        let now = screen == .jobs ? jobs?.nowMs ?? 0 : dead?.nowMs ?? 0
        func ago(_ ms: Int) -> String { ms > 0 ? Quantity.time(ms: now &- ms) : "-" }
        let all: [ColumnOf<JobRow>?] = [
            .text("ID", keep: 1, most: 12, { _ in Style(.cyan) }, { $0.ref.id }),
            .text("NAME", keep: 0, most: 24, { _ in .bold }, { $0.name ?? "(unreadable)" }),
            .text("QUEUE", keep: 4, most: 14) { $0.ref.queue },
            .number("PRIO", keep: 8, wide: true, by: { -Double($0.priority) }, { "\($0.priority)" }),
            .number("TRY", keep: 5, by: { Double($0.attempts) }, { "\($0.attempts)/\($0.maxAttempts)" }),
            .number("AGE", keep: 3, { _ in .plain }, by: { Double(now &- $0.createdMs) }, { ago($0.createdMs) }),
            [.scheduled, .retrying, .suspect].contains(state)
                ? .number(
                    "DUE IN", keep: 2, by: { -Double($0.dueMs ?? 0) },
                    { row in
                        row.dueMs.map { $0 > now ? Quantity.time(ms: $0 &- now) : "now" } ?? "-"
                    }) : nil,
            state == .running
                ? .number("FOR", keep: 2, by: { Double(now &- ($0.startedMs ?? now)) }, { ago($0.startedMs ?? 0) })
                : nil,
            state == .running ? .text("WORKER", keep: 4, most: 24) { $0.worker.isEmpty ? "-" : $0.worker } : nil,
            state == .dead || state == .cancelled
                ? .number("AGO", keep: 2, by: { -Double($0.endedMs) }, { ago($0.endedMs) }) : nil,
            .text("TAGS", keep: 7, wide: true, most: 30) { $0.tags.joined(separator: ",") },
            state == .queued || state == .succeeded
                ? nil
                : .text(
                    "ERROR", keep: 6, open: true, { _ in state == .dead ? Style(.red) : .plain },
                    {
                        $0.isAsked ? "asked to stop" : $0.error
                    }),
        ]
        return all.compactMap(\.self)
    }
}
