import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import TerminalDashboard

struct QueuesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queues", abstract: "Look at queues, pause, resume and empty them.",
        subcommands: [List.self, Pause.self, Resume.self, Purge.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List queues with their jobs and workers, and who paused them.")

        @OptionGroup var list: ReportList

        func run() async throws {
            let report = try await list.read()
            try list.show(report.queues.map(QueueSheet.init), QueuesPage(report, Terminal.listStyle).lines)
        }
    }

    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Let workers start nothing more of a queue. What runs goes on, and jobs come in.")

        @OptionGroup var redis: RedisOptions

        @Argument(help: "The queues.", completion: NameCompletion.queues)
        var names: [String]

        @Option(parsing: .unconditional, help: "Why, up to 200 characters: lists and alarms show it.")
        var reason = ""

        func run() async throws {
            let names = try QueueName.all(names)
            guard reason.unicodeScalars.count <= QueueStore.noteLimit else {
                throw Failure(.usage, "--reason: write at most \(QueueStore.noteLimit) characters")
            }
            let person = "\(NSUserName())@\(WorkerIdentity.machine)"
            try await redis.withQueue { queue in
                var verdicts = Verdicts("queue", "paused")
                for name in names {
                    let was = try await queue.store.queue(name).pause(by: person, reason: reason)
                    verdicts.add(name.text, was.map { .done($0 ? "was paused already" : "paused") } ?? .noQueue(name))
                }
                try verdicts.report()
            }
        }
    }

    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume", abstract: "Let workers go on with a queue that was paused.")

        @OptionGroup var redis: RedisOptions

        @Argument(help: "The queues.", completion: NameCompletion.queues)
        var names: [String]

        func run() async throws {
            let names = try QueueName.all(names)
            try await redis.withQueue { queue in
                var verdicts = Verdicts("queue", "resumed")
                for name in names {
                    let was = try await queue.store.queue(name).resume()
                    verdicts.add(name.text, was.map { .done($0 ? "resumed" : "was not paused") } ?? .noQueue(name))
                }
                try verdicts.report()
            }
        }
    }
}

extension QueueName {
    /// Names as they were written, each once.
    static func all(_ texts: [String]) throws(Failure) -> [QueueName] {
        var names: [QueueName] = []
        for text in texts {
            do throws(NameError) {
                let name = try QueueName(text)
                if !names.contains(name) { names.append(name) }
            } catch { throw Failure(.usage, "\(error)") }
        }
        return names
    }
}
