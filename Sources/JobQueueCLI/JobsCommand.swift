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
                let found = try await look(queue.store.queue(name))
                if json { return try Output.json(found.sheet) }
                for line in found.sheet.lines(now: found.now) { try Output.print(line) }
            }
        }

        /// A function of its own: optimised, Swift 6.3 crashes on it as a part of the closure above.
        @inline(never)
        private func look(_ store: QueueStore) async throws -> (sheet: JobSheet, now: Int) {
            let found = try await store.explain(id)
            guard found.job.state != nil || found.job.isRemembered || found.reasons.contains(.inInbox) else {
                throw Failure(
                    .notFound, "there is no job \(id) in the queue \(store.name): it never was, or it is forgotten")
            }
            var sheet = JobSheet(found.job, queue: store.name, workers: found.queue.workers)
            sheet.explanation = found.reasons.map { ExplanationSheet($0, now: found.queue.now) }
            return (sheet, found.queue.now)
        }
    }
}
