import ArgumentParser
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension JobsCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List jobs of one state, page by page.",
            discussion: """
                In the order in which they will be claimed, are due, or will be forgotten. With --name, --tag or a time at most
                2,000 jobs are looked at; the page then says how to go on. Dead jobs have a list of their own, dead ls.
                """)

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption
        @OptionGroup var choice: JobChoice

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let name = try target.name()
            _ = try choice.checked(now: 0)
            try await redis.withQueueToRead { queue in
                let choice = try choice.checked(now: try await queue.store.time())
                let store = queue.store.queue(name)
                let page = try await store.list(
                    choice.state, from: choice.place, backward: choice.isBackward, limit: choice.limit,
                    filter: choice.filter)
                // A name that was mistyped must not pass for a queue without jobs.
                if page.total == 0 { _ = try await InfoReader(store: queue.store).report(onKnown: [name]) }
                let views = try await store.inspectAll(page.jobs.map(\.id)).filter { $0.state == choice.state }
                let sheets = views.map { JobSheet($0, queue: name) }
                let listing = JobListing(sheets, page, choice.state)
                if json { return try Output.json(listing) }
                for line in listing.lines(width: Terminal.width) { try Output.print(line) }
                if let footer = listing.footer { Output.error(footer) }
            }
        }
    }
}

/// Which jobs are to be listed.
struct JobChoice: ParsableArguments {
    @Option(help: "\(JobState.allCases.map(\.rawValue).joined(separator: ", ")).")
    var state = "queued"

    @Option(help: "Only jobs of this name.", completion: NameCompletion.jobNames)
    var name: String?

    @Option(help: "Only jobs with this tag.")
    var tag: String?

    @Option(
        parsing: .unconditional, help: "Made at this moment or later: so long ago (2h), ISO 8601, or ms since 1970.")
    var createdAfter: String?

    @Option(parsing: .unconditional, help: "Made before this moment, written likewise.")
    var createdBefore: String?

    @Option(parsing: .unconditional, help: "Rows, 1 to \(QueueStore.pageLimit).")
    var limit = 50

    @Option(help: "Where to begin: first, or last for the end of the list and backward.")
    var order = "first"

    @Option(parsing: .unconditional, help: "Go on behind the page that ended with this word.")
    var after: String?

    struct Checked {
        var state: JobState
        var filter: JobFilter
        var limit: Int
        var isBackward: Bool
        var place: ListPlace?
    }

    /// `now` in ms since 1970.
    func checked(now: Int) throws(Failure) -> Checked {
        guard let known = JobState(rawValue: state) else {
            let states = JobState.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure(.usage, "bad --state \(BadValue.quoted(state)): use one of \(states)")
        }
        for (text, what) in [(name, "job name"), (tag, "tag")] {
            guard let text else { continue }
            do throws(NameError) { try Names.checkName(text, what) } catch { throw Failure(.usage, "\(error)") }
        }
        guard (1...QueueStore.pageLimit).contains(limit) else {
            throw Failure(.usage, "bad --limit \(limit): use 1 to \(QueueStore.pageLimit)")
        }
        guard ["first", "last"].contains(order) else {
            throw Failure(.usage, "bad --order \(BadValue.quoted(order)): use first or last")
        }
        let place = after.flatMap { ListPlace(cursor: $0) }
        if let after, place == nil {
            throw Failure(.usage, "bad --after \(BadValue.quoted(after)): use what the page before it ended with")
        }
        var filter = JobFilter(name: name, tag: tag)
        filter.createdFrom = try createdAfter.map { text throws(Failure) in
            try Moment.parse(text, "--created-after", now)
        }
        filter.createdBefore = try createdBefore.map { text throws(Failure) in
            try Moment.parse(text, "--created-before", now)
        }
        return Checked(state: known, filter: filter, limit: limit, isBackward: order == "last", place: place)
    }
}

extension QueueStore {
    /// Looks at any number of jobs, in full.
    func inspectAll(_ ids: [String]) async throws(StoreError) -> [JobView] {
        var views: [JobView] = []
        for first in stride(from: 0, to: ids.count, by: 200) {
            views += try await inspect(Array(ids[first..<min(first + 200, ids.count)]), full: true).jobs
        }
        return views
    }
}
