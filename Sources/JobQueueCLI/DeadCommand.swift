import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Look at dead jobs and give them another life.",
        subcommands: [List.self, Requeue.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List dead jobs, the latest first.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Option(help: "Rows, 1 to 200.")
        var limit = 20

        @Option(help: "Rows to skip.")
        var offset = 0

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let name = try target.name()
            guard (1...200).contains(limit), offset >= 0 else {
                throw Failure(.usage, "use --limit 1 to 200 and --offset 0 or more")
            }
            try await redis.withQueue { queue in
                let store = queue.store.queue(name)
                let ids = try await store.ids(.dead, offset: offset, limit: limit)
                let (now, views) = try await store.inspect(ids, full: true)
                let sheets = views.filter { $0.state == .dead }.map { JobSheet($0, queue: name) }
                if json { return try Output.json(sheets) }
                for line in DeadPage(sheets, now: now).lines(width: Terminal.style.width) { Output.print(line) }
            }
        }
    }

    struct Requeue: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "requeue",
            abstract: "Put dead or cancelled jobs back on their queue, with all attempts before them.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Argument(help: "Ids of the jobs.")
        var ids: [String] = []

        @Flag(help: "All dead jobs of the queue.")
        var all = false

        @Flag(help: "Do not ask before --all.")
        var yes = false

        func run() async throws {
            let name = try target.name()
            guard ids.isEmpty == all else { throw Failure(.usage, "name the jobs, or give --all") }
            try await redis.withQueue { queue in
                let store = queue.store.queue(name)
                if all {
                    try confirm(count: try await store.snapshot().count(.dead), name)
                    Output.print("requeued \(try await Requeuing(store: store).requeueAll()) jobs")
                } else {
                    try await requeueNamed(store)
                }
            }
        }

        private func requeueNamed(_ store: QueueStore) async throws {
            var missing = 0
            for (id, answer) in try await Requeuing(store: store).requeue(ids) {
                Output.print("\(Printable.oneLine(id))  \(answer)")
                if answer != "requeued" { missing += 1 }
            }
            if missing > 0 { throw Failure(.notFound, "\(missing) of \(ids.count) jobs were not requeued") }
        }

        private func confirm(count: Int, _ name: QueueName) throws {
            if yes || count == 0 { return }
            guard isatty(STDIN_FILENO) == 1 else {
                throw Failure(.usage, "this would requeue \(count) jobs of \(name): add --yes")
            }
            Output.error("requeue \(count) dead jobs of \(name)? [y/N]")
            guard readLine()?.lowercased().hasPrefix("y") == true else {
                throw Failure(.failed, "nothing was requeued")
            }
        }
    }
}

/// Gives dead or cancelled jobs another life: reads what the script cannot know, and reads again what changed meanwhile.
struct Requeuing {
    let store: QueueStore

    /// Answers a word for each id: requeued, or why not.
    func requeue(_ ids: [String]) async throws -> [(id: String, answer: String)] {
        var answers: [(String, String)] = []
        for first in stride(from: 0, to: ids.count, by: 200) {
            let slice = Array(ids[first..<min(first + 200, ids.count)])
            for (id, answer) in zip(slice, try await requeueSlice(slice)) { answers.append((id, answer)) }
        }
        return answers
    }

    /// All dead jobs there are now. Those that die again meanwhile are left alone: each id is requeued once.
    func requeueAll() async throws -> Int {
        var done: Set<String> = []
        while true {
            let ids = try await store.ids(.dead, offset: 0, limit: 200).filter { !done.contains($0) }
            if ids.isEmpty { return done.count }
            let answers = try await requeue(ids)
            if let full = answers.first(where: { $0.answer == "the queue is full" }) {
                throw Failure(.failed, "\(full.answer): \(done.count) jobs were requeued, try the others later")
            }
            done.formUnion(answers.map(\.id))
        }
    }

    private func requeueSlice(_ ids: [String]) async throws -> [String] {
        var answers = [String](repeating: "changed all the time, try again", count: ids.count)
        var open = Array(ids.indices)
        for _ in 0..<5 where !open.isEmpty {
            let views = try await store.inspect(open.map { ids[$0] }, full: true).jobs
            let words = try await store.requeue(views.map(Self.request))
            for (position, word) in zip(open, words) {
                switch word {
                case .ok: answers[position] = "requeued"
                case .gone: answers[position] = "neither dead nor cancelled"
                case .full: answers[position] = "the queue is full"
                case .changed: break
                }
            }
            open = zip(open, words).filter { $0.1 == .changed }.map(\.0)
        }
        return answers
    }

    private static func request(_ view: JobView) -> QueueStore.Requeue {
        var record = RunRecord()
        record.generation = view.record.generation + 1
        // The history goes on counting, so that what happened before stays readable.
        record.errors = view.record.errors
        record.last = view.record.last
        record.by = view.record.by
        record.at = view.record.at
        let priority = (try? Envelope(parsing: view.envelope))?.policy.priority ?? .normal
        return QueueStore.Requeue(id: view.id, priority: priority, old: view.recordBytes, new: record)
    }
}
