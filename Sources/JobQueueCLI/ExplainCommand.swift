import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say why a job is not running, or why a queue does what it does.")

    @OptionGroup var redis: RedisOptions
    @OptionGroup var target: QueueOption

    @Argument(help: "The job's id; without one the queue is explained.")
    var id: String?

    @Flag(help: "One JSON document.")
    var json = false

    /// What is printed as JSON.
    private struct Sheet: Encodable {
        var queue: String
        var id: String?
        var state: String?
        var reasons: [ExplanationSheet]
    }

    func run() async throws {
        let name = try target.name()
        if let id {
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
        }
        try await redis.withQueueToRead { queue in
            let store = queue.store.queue(name)
            var sheet = Sheet(queue: name.text, id: id, reasons: [])
            let (now, reasons): (Int, [Explanation])
            if let id {
                let found = try await store.explain(id)
                (now, reasons) = (found.queue.now, found.reasons)
                sheet.state = found.job.state?.rawValue
            } else {
                // A name that was mistyped must not pass for a queue without jobs.
                _ = try await InfoReader(store: queue.store).report(onKnown: [name])
                let found = try await store.explain()
                (now, reasons) = (found.queue.now, found.reasons)
            }
            sheet.reasons = reasons.map { ExplanationSheet($0, now: now) }
            if json { try Output.json(sheet) }
            if reasons == [.unknown] {
                throw Failure(
                    .notFound, "there is no job \(id ?? "") in the queue \(name): it never was, or it is forgotten")
            }
            if !json {
                for reason in sheet.reasons { try Output.print("\(reason.code)  \(reason.message)") }
            }
        }
    }
}
