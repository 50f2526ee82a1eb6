import ArgumentParser
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension JobsCommand {
    struct Watch: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "watch", abstract: "Follow one job: a line for each change, until it has ended.",
            discussion:
                "Ends with 0 when the job has succeeded, 1 when it is dead or cancelled, 75 when --timeout is over.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Argument(help: "The job's id.")
        var id: String

        @Option(
            parsing: .unconditional, help: "How long to follow it, such as 60s. (default: for ever)",
            transform: TimeSpan.parse)
        var timeout: TimeSpan?

        @Flag(help: "Changes as JSON, one document a line.")
        var json = false

        func run() async throws {
            let name = try target.name()
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
            let end = timeout.map { ContinuousClock.now + $0.duration }
            try await redis.withQueueToRead { queue in
                var watch = JobWatch(store: queue.store.queue(name), id: id)
                while true {
                    if let change = try await watch.look() {
                        let sheet = JobSheet(change.view, queue: name)
                        try Output.print(json ? try line(of: sheet) : change.line(maxAttempts: sheet.maxAttempts))
                        if let end = change.end { return try end.get() }
                    }
                    if let end, ContinuousClock.now >= end {
                        throw Failure(.timedOut, "the job has not ended within \(timeout?.description ?? "")")
                    }
                    if Output.isUnread { return }
                    try await Task.sleep(for: JobWatch.pause)
                }
            }
        }
    }
}

extension JobsCommand.Watch {
    /// A stored payload stands there as it is, and may have line breaks between its values.
    private func line(of sheet: JobSheet) throws -> String {
        try Output.encode(sheet, pretty: false).replacing("\n", with: " ")
    }
}

/// Looks at one job again and again, and tells what is new.
struct JobWatch {
    let store: QueueStore
    let id: String
    private var last: String?
    private var isAway = false

    /// As often as the API's streams look.
    static let pause = Duration.milliseconds(250)

    init(store: QueueStore, id: String) {
        self.store = store
        self.id = id
    }

    /// Nil when nothing is new. A Redis that goes away while the job is followed is said once, and waited for.
    mutating func look() async throws(Failure) -> Change? {
        let view: JobView
        let now: Int
        do throws(StoreError) {
            let found = try await store.inspect([id], full: true)
            (now, view) = (found.now, found.jobs[0])
        } catch {
            let failure = Failure(error)
            guard last != nil, failure.code == .unreachable else { throw failure }
            if !isAway { Output.warning("\(failure.message); waiting for it") }
            isAway = true
            return nil
        }
        isAway = false
        if view.state == nil, last == nil, !view.isRemembered {
            throw Failure(
                .notFound, "there is no job \(id) in the queue \(store.name): it never was, or it is forgotten")
        }
        let seen = view.progress
        defer { last = seen }
        return seen == last ? nil : Change(view: view, now: now)
    }

    /// What became of the job.
    struct Change {
        var view: JobView
        /// ms since 1970 by Redis' clock.
        var now: Int

        /// `2026-11-21T04:12:09.114Z  retrying  attempt 3 of 8, due 2026-11-21T04:12:14Z: TimeoutError: …`.
        func line(maxAttempts: Int?) -> String {
            var text = "\(Timestamp.text(now))  \(view.state?.rawValue ?? "forgotten")"
            if view.state == .running, view.isAsked { text += ", asked to stop" }
            let attempts = view.record.attempts + (view.state == .running ? 1 : 0)
            if attempts > 0 { text += "  attempt \(attempts)" + (maxAttempts.map { " of \($0)" } ?? "") }
            if view.state != .running, view.state != .succeeded, let error = view.errors.last {
                text += "  " + error.reason.rawValue
                if !error.message.isEmpty { text += ": " + error.message }
            }
            return Printable.oneLine(text, limit: 300)
        }

        /// Nil while it goes on.
        var end: Result<Void, Failure>? {
            switch view.state {
            case .succeeded: .success(())
            case .dead: .failure(Failure(.failed, "the job is dead: queue-worker dead show \(view.id) tells why"))
            case .cancelled: .failure(Failure(.failed, "the job was cancelled"))
            case nil: .failure(Failure(.notFound, "the job has ended and is forgotten"))
            case .scheduled, .blocked, .queued, .running, .retrying, .suspect: nil
            }
        }
    }
}
