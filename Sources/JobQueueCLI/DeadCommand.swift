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

        @Option(parsing: .unconditional, help: "Rows, 1 to 200.")
        var limit = 20

        @Option(parsing: .unconditional, help: "Rows to skip.")
        var offset = 0

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let name = try target.name()
            guard (1...200).contains(limit), offset >= 0 else {
                throw Failure(.usage, "use --limit 1 to 200 and --offset 0 or more")
            }
            try await redis.withQueueToRead { queue in
                let store = queue.store.queue(name)
                let ids = try await store.ids(.dead, offset: offset, limit: limit)
                let (now, views) = try await store.inspect(ids, full: true)
                let sheets = views.filter { $0.state == .dead }.map { JobSheet($0, queue: name) }
                if json { return try Output.json(sheets) }
                for line in DeadPage(sheets, now: now).lines(width: Terminal.width) { try Output.print(line) }
                let total = try await store.snapshot().count(.dead)
                if total > sheets.count { Output.error("\(sheets.count) of \(total): --limit, --offset") }
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
                if all { try await requeueAll(store) } else { try await requeueNamed(store) }
            }
        }

        private func requeueAll(_ store: QueueStore) async throws {
            let start = try await store.snapshot()
            try confirm(count: start.count(.dead), store.name)
            let result = try await Requeuing(store: store).requeueAll(deadAt: start.now)
            try Output.print("requeued \(Quantity.of(result.requeued, "job"))")
            guard let left = result.left.first else { return }
            throw Failure(
                .failed, "\(Quantity.of(result.left.count, "job")) not requeued, such as \(left.id): \(left.answer)")
        }

        private func requeueNamed(_ store: QueueStore) async throws {
            var missing = 0
            for (id, answer) in try await Requeuing(store: store).requeue(ids) {
                try Output.print("\(Printable.oneLine(id))  \(answer)")
                if answer != "requeued" { missing += 1 }
            }
            if missing > 0 { throw Failure(.notFound, "\(missing) of \(Quantity.of(ids.count, "job")) not requeued") }
        }

        private func confirm(count: Int, _ name: QueueName) throws {
            if yes || count == 0 { return }
            guard isatty(STDIN_FILENO) == 1 else {
                throw Failure(.usage, "this would requeue \(Quantity.of(count, "job")) of \(name): add --yes")
            }
            Output.error("requeue \(Quantity.of(count, "dead job")) of \(name)? [y/N]")
            guard readLine()?.lowercased().hasPrefix("y") == true else {
                throw Failure(.failed, "nothing was requeued")
            }
        }
    }
}

/// Gives dead or cancelled jobs another life: reads what the script cannot know, and reads again what changed meanwhile.
struct Requeuing {
    let store: QueueStore

    /// A word for each id: requeued, or why not.
    typealias Answers = [(id: String, answer: String)]
    private static let requeued = "requeued"
    private static let full = "the queue is full"

    func requeue(_ ids: [String]) async throws -> Answers {
        var answers: Answers = []
        for first in stride(from: 0, to: ids.count, by: 200) {
            let slice = Array(ids[first..<min(first + 200, ids.count)])
            for (id, answer) in zip(slice, try await requeueSlice(slice)) { answers.append((id, answer)) }
        }
        return answers
    }

    /// All jobs that were dead at a moment, the oldest first. One that dies again meanwhile is left alone: it died later.
    /// Answers how many were requeued, and which were not.
    func requeueAll(deadAt moment: Int) async throws -> (requeued: Int, left: Answers) {
        var seen: Set<String> = []
        var left: Answers = []
        while true {
            // What could not be requeued still stands in front of the others.
            let ids = try await store.idsDead(at: moment, limit: 200 + left.count).filter { !seen.contains($0) }
            if ids.isEmpty { return (seen.count - left.count, left) }
            let answers = try await requeue(ids)
            seen.formUnion(ids)
            left += answers.filter { $0.answer != Self.requeued }
            if let full = left.first(where: { $0.answer == Self.full }) {
                let count = Quantity.of(seen.count - left.count, "job")
                throw Failure(.failed, "\(full.answer): \(count) requeued, try the others later")
            }
        }
    }

    private func requeueSlice(_ ids: [String]) async throws -> [String] {
        var answers = [String](repeating: "changed all the time, try again", count: ids.count)
        var open = Array(ids.indices)
        for _ in 0..<5 where !open.isEmpty {
            let views = try await store.inspect(open.map { ids[$0] }, full: true).jobs
            let words = try await store.requeue(views.map(QueueStore.Requeue.init(again:)))
            for (position, word) in zip(open, words) {
                switch word {
                case .ok: answers[position] = Self.requeued
                case .gone: answers[position] = "neither dead nor cancelled"
                case .full: answers[position] = Self.full
                case .changed: break
                }
            }
            open = zip(open, words).filter { $0.1 == .changed }.map(\.0)
        }
        return answers
    }
}
