import JobModel
import JobStore

// The lists of the dashboard: which rows a screen has, and what stands in their columns.

extension DashState {
    /// The list of the screen; empty where there is none.
    var listing: Listing {
        switch screen {
        case .overview, .queues: queueListing
        case .jobs: jobListing
        case .workers: workerListing
        case .dead: deadListing
        case .group(let key): groupListing(key)
        case .redis, .job, .help, .log: Listing()
        }
    }

    /// So wide that everything has its place.
    var hasRoom: Bool { size.width >= 160 }

    func order(_ screen: Screen) -> Order { orders[screen.kind] ?? Order() }

    func emptyText(_ text: String) -> String {
        if nowMs == 0 || (trouble != nil && report == nil) {
            return trouble == nil ? "reading…" : "nothing was read yet"
        }
        return filterText.isEmpty ? text : "\(text) among those that the filter shows"
    }
}
