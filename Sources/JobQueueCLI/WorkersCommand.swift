import ArgumentParser
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

struct WorkersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workers", abstract: "Look at workers, and tell them from afar to rest, go on or end.",
        discussion: """
            A worker hears what it is told with its next beat, within a third of its lease: 10 s by default. A worker is named
            by its id, by `host:pid`, or with all others of its machine by `host`.
            """,
        subcommands: [List.self, Quiet.self, Resume.self, Stop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List workers with what they do and where.")

        @OptionGroup var list: ReportList

        func run() async throws {
            let report = try await list.read()
            try list.show(report.workers, WorkersPage(report, Terminal.listStyle).lines)
        }
    }

    struct Quiet: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "quiet", abstract: "Let workers claim nothing more. What they have runs to its end.")

        @OptionGroup var target: WorkerTarget

        func run() async throws { try await target.tell(.quiet) }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Let workers claim again that were told to be quiet.",
            discussion: "A worker that was made quiet by the signal TSTP stays so.")

        @OptionGroup var target: WorkerTarget

        func run() async throws { try await target.tell(.work) }
    }

    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "stop", abstract: "End workers in order, as the signal TERM does.",
            discussion: """
                Running jobs have the drain timeout, then they are given back without an attempt being spent. A supervisor, \
                systemd or Kubernetes starts another worker in its place: to be rid of it for good, stop those.
                """)

        @OptionGroup var target: WorkerTarget

        func run() async throws { try await target.tell(.stop) }
    }
}

/// Which workers are meant.
struct WorkerTarget: ParsableArguments {
    @OptionGroup var redis: RedisOptions

    @Argument(help: "Workers: an id, host:pid or host.")
    var names: [String] = []

    @Flag(help: "All workers.")
    var all = false

    func tell(_ order: WorkerOrder) async throws {
        guard names.isEmpty == all else { throw Failure(.usage, "name the workers, or give --all") }
        try await redis.withQueue { queue in
            let roll = WorkerRoll(try await queue.store.snapshots())
            let telling = Telling(roll: roll, order: order)
            try await telling.tell(all ? nil : names, queue.store).report()
        }
    }
}

extension Store {
    /// Of all queues, in the order of their names.
    func snapshots() async throws(StoreError) -> [QueueSnapshot] {
        var all: [QueueSnapshot] = []
        for name in try await queues() { all.append(try await queue(name).snapshot()) }
        return all
    }
}

/// Who is a member of which queues.
struct WorkerRoll {
    struct Entry: Equatable {
        var id: String
        /// Live memberships.
        var members: [QueueName: [Incarnation]]
    }

    private(set) var entries: [Entry] = []

    init(_ snapshots: [QueueSnapshot]) {
        var found: [String: Entry] = [:]
        for snapshot in snapshots {
            for member in snapshot.workers where member.deadline > 0 {
                guard let id = WorkerCard(parsing: member.about)?.id else { continue }
                found[id, default: Entry(id: id, members: [:])].members[snapshot.name, default: []]
                    .append(member.incarnation)
            }
        }
        entries = found.values.sorted { $0.id < $1.id }
    }

    /// Those that are meant by an id, `host:pid` or `host`.
    func entries(meantBy name: String) -> [Entry] {
        entries.filter { $0.id == name || $0.id.hasPrefix(name + ":") }
    }
}

/// Tells workers something in each of their queues.
struct Telling {
    let roll: WorkerRoll
    let order: WorkerOrder

    /// What becomes of who is told.
    var participle: String {
        switch order {
        case .quiet: "told to be quiet"
        case .work: "told to go on"
        case .stop: "told to stop"
        }
    }

    /// Exactly these, by their whole ids.
    func tell(ids: [String], _ store: Store) async throws -> Verdicts {
        var verdicts = Verdicts("worker", participle)
        for id in ids {
            guard let entry = roll.entries.first(where: { $0.id == id }) else {
                verdicts.add(id, .missing("it is gone"))
                continue
            }
            verdicts.add(id, try await tell(entry, store))
        }
        return verdicts
    }

    /// nil: all of them.
    func tell(_ names: [String]?, _ store: Store) async throws -> Verdicts {
        var verdicts = Verdicts("worker", participle)
        var meant: [WorkerRoll.Entry] = names == nil ? roll.entries : []
        for name in names ?? [] {
            let found = roll.entries(meantBy: name)
            if found.isEmpty { verdicts.add(name, .missing("there is no worker \(name): see queue-worker workers ls")) }
            meant += found.filter { !meant.contains($0) }
        }
        if names == nil, meant.isEmpty { throw Failure(.notFound, "there are no workers") }
        for entry in meant { verdicts.add(entry.id, try await tell(entry, store)) }
        return verdicts
    }

    /// It is enough to reach it in one queue: it hears in all, and one lease may just have run out.
    private func tell(_ entry: WorkerRoll.Entry, _ store: Store) async throws -> Verdicts.Verdict {
        var isReached = false
        for (queue, members) in entry.members.sorted(by: { $0.key < $1.key }) {
            let answers = try await store.queue(queue).order(order, members)
            isReached = isReached || answers.contains(true)
        }
        return isReached ? .done(participle) : .missing("it is gone")
    }
}
