import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Look at jobs, stop, hurry, change and delete them.",
        subcommands: [List.self, Show.self, Watch.self, Cancel.self, RunNow.self, Edit.self, Delete.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show one job: state, options, payload, result and how each run ended.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Argument(help: "The job's id.")
        var id: String

        @Flag(help: "One JSON document.")
        var json = false

        func run() async throws {
            let name = try target.name()
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
            try await redis.withQueueToRead { queue in
                let store = queue.store.queue(name)
                let (view, snapshot, reasons) = try await store.explain(id)
                guard view.state != nil || view.isRemembered || reasons.contains(.inInbox) else {
                    throw Failure(
                        .notFound, "there is no job \(id) in the queue \(name): it never was, or it is forgotten")
                }
                var sheet = JobSheet(view, queue: name, workers: snapshot.workers)
                sheet.explanation = reasons.map { ExplanationSheet($0, now: snapshot.now) }
                if json { return try Output.json(sheet) }
                for line in sheet.lines(now: snapshot.now) { try Output.print(line) }
            }
        }
    }
}
