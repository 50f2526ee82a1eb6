import ArgumentParser
import JobModel
import JobQueueClient
import JobStore
import Redis

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Follow what happens to jobs: a JSON document a line, as it happens.",
        discussion: """
            queue-worker events                                  all queues, new ones among them
            queue-worker events -q 'mail*' --state dead          what dies in some of them
            queue-worker events --event claimed,succeeded        as jobs begin and end well

            From now on, and no longer than it is watched: Redis keeps none of it. It is a view and no record: what it misses, because
            Redis was away or more happened than was read, happened all the same, and standard error says so. Ctrl-C ends it.
            """)

    @OptionGroup var redis: RedisOptions

    @Option(
        name: [.customShort("q"), .long], help: "Only these queues; a star stands for anything. Repeatable.",
        completion: NameCompletion.queues)
    var queue: [String] = []

    @Option(help: "Only what brings jobs into these states, such as dead,cancelled. Repeatable.")
    var state: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only these events: \(JobEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")). Repeatable.",
            valueName: "event"))
    var event: [String] = []

    func run() async throws {
        let filter = try filter()
        // Else it would watch for nobody, and keep the queues telling, until something happens.
        if Output.isClosed { throw Failure(.cannotWrite, "standard output is closed: there is nobody to tell") }
        try await redis.withQueueToRead { queue in
            let client = RedisClient(queue.store.client.configuration)
            do {
                try await follow(EventTail(store: queue.store, sleeping: client, filter: filter))
                await client.close()
            } catch {
                await client.close()
                throw error
            }
        }
    }

    private func follow(_ start: EventTail) async throws {
        var tail = start
        try await tail.begin()
        while !Output.isUnreadNow {
            let lines = try await tail.next()
            if !lines.isEmpty { try Output.print(lines.joined(separator: "\n")) }
        }
    }

    func filter() throws(Failure) -> EventFilter {
        for pattern in queue where !Glob.isPattern(pattern) {
            throw Failure(
                .usage, "bad queue \"\(Printable.oneLine(pattern, limit: 80))\": use a name, with stars in it or not")
        }
        return EventFilter(
            queues: queue, states: try Self.chosen(state, "--state"), kinds: try Self.chosen(event, "--event"))
    }

    /// Values of an option that may come several times, and with commas.
    private static func chosen<Choice: RawRepresentable<String> & CaseIterable & Hashable>(
        _ texts: [String], _ option: String
    ) throws(Failure) -> Set<Choice> {
        var chosen: Set<Choice> = []
        for word in texts.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) }) {
            guard let choice = Choice(rawValue: String(word)) else {
                let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
                throw Failure(.usage, "bad \(option) \"\(Printable.oneLine(String(word), limit: 80))\": use \(all)")
            }
            chosen.insert(choice)
        }
        return chosen
    }
}

/// Which events are shown; of what is empty all.
struct EventFilter {
    /// Names or patterns.
    var queues: [String] = []
    var states: Set<JobState> = []
    var kinds: Set<JobEvent.Kind> = []

    func follows(_ queue: QueueName) -> Bool {
        queues.isEmpty || queues.contains { Glob.matches(queue.text, $0) }
    }

    func shows(_ event: JobEvent) -> Bool {
        (states.isEmpty || event.state.map(states.contains) ?? false) && (kinds.isEmpty || kinds.contains(event.kind))
    }

    /// Names without a star: a typing error among them must not pass for a queue where nothing happens.
    var names: [QueueName] { queues.filter { !$0.contains("*") }.compactMap { try? QueueName($0) } }
}
