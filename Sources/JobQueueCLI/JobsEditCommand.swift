import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore

extension JobsCommand {
    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "edit", abstract: "Change a job that waits, or repair one that is dead or cancelled.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption

        @Argument(help: "The job's id.")
        var id: String

        @OptionGroup var wish: EditOptions

        func run() async throws {
            let name = try target.name()
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
            let change = try wish.change()
            try await redis.withQueue { queue in
                let managing = Managing(store: queue.store.queue(name))
                var verdicts = Verdicts("job", "edited")
                let limit = queue.maxPayloadBytes
                let verdict = try await managing.change(id, done: "edited") { view throws(Failure) in
                    try change.plan(for: view, in: name, payloadLimit: limit)
                }
                verdicts.add(id, verdict)
                try verdicts.report()
            }
        }
    }
}

/// What is to be changed of a job.
struct EditOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: "Another payload: JSON, or @FILE that holds it (@- is standard input).")
    var payload: String?

    @Option(parsing: .unconditional, help: "0 is claimed first, 9 last.")
    var priority: Int?

    @Option(
        name: .customLong("in"), parsing: .unconditional, help: "Start after this time: 0, 500ms, 10m, 7d.",
        transform: TimeSpan.parse)
    var delay: TimeSpan?

    @Option(parsing: .unconditional, help: "Start at this moment: ISO 8601, or ms since 1970.")
    var at: String?

    @Option(parsing: .unconditional, help: "Failed runs until the job is dead.")
    var maxAttempts: Int?

    @Option(name: .customLong("tag"), help: "A tag instead of those it has; may be given again.")
    var tags: [String] = []

    @Flag(help: "Without tags.")
    var noTags = false

    func change() throws -> JobChange {
        var change = JobChange()
        change.payload = try payload.map { ArraySlice(try Self.json($0)) }
        if let priority {
            guard let known = Priority(priority) else {
                throw Failure(.usage, "bad priority \(priority): use 0 to 9")
            }
            change.priority = known
        }
        if delay != nil, at != nil { throw Failure(.usage, "give --in or --at, not both") }
        if let delay { change.due = delay.duration == .zero ? .now : .after(ms: delay.duration.milliseconds) }
        if let at { change.due = .at(ms: try EnqueueCommand.moment(at)) }
        if let maxAttempts {
            guard (1...1_000_000).contains(maxAttempts) else {
                throw Failure(.usage, "bad --max-attempts \(maxAttempts): use 1 to 1000000")
            }
            change.maxAttempts = maxAttempts
        }
        if noTags, !tags.isEmpty { throw Failure(.usage, "give --tag or --no-tags, not both") }
        if tags.count > 16 { throw Failure(.usage, "give --tag at most 16 times") }
        for tag in tags {
            do throws(NameError) { try Names.checkName(tag, "tag") } catch { throw Failure(.usage, "\(error)") }
        }
        if noTags || !tags.isEmpty { change.tags = tags }
        guard change != JobChange() else {
            throw Failure(
                .usage, "name what is to be changed: --payload, --priority, --in, --at, --max-attempts, --tag")
        }
        return change
    }

    /// JSON, as it stands there or in a file.
    static func json(_ text: String) throws -> [UInt8] {
        let text = text.hasPrefix("@") ? try PayloadOptions.read(String(text.dropFirst())) : text
        let bytes = Array(text.utf8)
        do throws(JSONScanner.Failure) { try JSONScanner.validate(bytes) } catch {
            throw Failure(.badInput, "the payload is not JSON (\(error))")
        }
        return bytes
    }
}

extension JobChange {
    /// What is to be done to a job; `payloadLimit` in bytes.
    func plan(for view: JobView, in queue: QueueName, payloadLimit: Int) throws(Failure) -> Managing.Plan {
        switch view.state {
        case nil: return .end(.noJob(view.id, in: queue))
        case .running: return .end(Managing.verdict(QueueStore.EditAnswer.running, view.id, in: queue, done: ""))
        case .succeeded: return .end(Managing.verdict(QueueStore.EditAnswer.succeeded, view.id, in: queue, done: ""))
        default: break
        }
        do throws(Refusal) { return .edit(try applied(to: view, payloadLimit: payloadLimit)) } catch {
            if case .payloadTooLarge = error { throw Failure(.badInput, "\(error)") }
            return .end(.refused("\(error)"))
        }
    }
}
