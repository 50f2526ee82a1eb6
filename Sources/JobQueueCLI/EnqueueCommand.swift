import ArgumentParser
import Foundation
import JobModel
import JobQueueClient

struct EnqueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enqueue", abstract: "Put a job on a queue and print its id.",
        usage: "queue-worker enqueue NAME [key=text …] [key:=json …] [--payload JSON | --payload-file FILE] [options]")

    @OptionGroup var redis: RedisOptions
    @OptionGroup var target: QueueOption

    @Argument(help: "Name of the job, such as email.send.")
    var name: String

    @OptionGroup var payload: PayloadOptions

    @Option(help: "An id of your own: a second call with it stores nothing.")
    var id: String?

    @Option(
        name: .customLong("in"), parsing: .unconditional,
        help: "Start no earlier than after this time: 500ms, 5s, 10m, 2h, 7d.", transform: TimeSpan.parse)
    var delay: TimeSpan?

    @Option(parsing: .unconditional, help: "Start no earlier than at this moment: ISO 8601, or ms since 1970.")
    var at: String?

    @Option(parsing: .unconditional, help: "0 is claimed first, 9 last.")
    var priority = 5

    @Option(parsing: .unconditional, help: "Failed runs until the job is dead.")
    var maxAttempts = 25

    @Option(
        parsing: .unconditional, help: "Time limit of one run; 0 is none. (default: 180s)", transform: TimeSpan.parse)
    var timeout = TimeSpan.seconds(180)

    @Option(
        name: .customLong("result-ttl"), parsing: .unconditional,
        help: "How long the result is kept: a time, 0 (not), or forever.")
    var resultTTL = "500s"

    @Option(
        parsing: .unconditional,
        help: "Wait this long before every further attempt, instead of the exponential backoff.",
        transform: TimeSpan.parse)
    var retryDelay: TimeSpan?

    @Option(parsing: .unconditional, help: "Dead unless started within this time.", transform: TimeSpan.parse)
    var expiry: TimeSpan?

    @Option(name: .customLong("tag"), help: "A word to find it by; may be given again.")
    var tags: [String] = []

    @Option(help: "KEY=VALUE to hand along beside the payload; may be given again.")
    var metadata: [String] = []

    @Option(
        parsing: .unconditional, help: "Wait for the result, at most this long; prints the result instead of the id.",
        transform: TimeSpan.parse)
    var wait: TimeSpan?

    func run() async throws {
        let payload = try self.payload.text()
        let options = try options()
        let moment = try moment()
        if wait != nil, options.resultTTL == .none {
            throw Failure(.usage, "--wait needs a result that is kept: give --result-ttl a time, such as 500s")
        }
        try await redis.withQueue { queue in
            let result = try await queue.offer(
                name: name, payload: payload, id: id, in: delay?.duration, atMilliseconds: moment, options: options)
            let handle = try result.handle()
            if case .duplicate(_, let state) = result {
                Output.error("already there (\(state?.rawValue ?? "ended and forgotten"))")
            } else if wait != nil {
                Output.error("enqueued \(handle.id)")
            }
            guard let wait else { return try Output.print(handle.id) }
            try await printOutcome(of: handle, within: wait.duration)
        }
    }

    private func printOutcome(of handle: JobHandle, within limit: Duration) async throws {
        do {
            switch try await handle.outcome(timeout: limit) {
            case .succeeded(let result):
                if let why = result.omitted { Output.warning("the job succeeded, its result was not kept: \(why)") }
                try Output.print(Printable.json(result.json))
            case .dead(let reason, let message):
                throw Failure(.failed, "the job is dead (\(reason.rawValue)): \(Printable.oneLine(message))")
            case .cancelled: throw Failure(.failed, "the job was cancelled")
            }
        } catch let error as JobQueueError where error.code == .waitTimedOut {
            let queue = handle.queue == .default ? "" : " -q \(handle.queue)"
            throw Failure(.timedOut, "\(error.message), or look: queue-worker jobs show \(handle.id)\(queue)")
        }
    }

    func options() throws -> JobOptions {
        guard let priority = Priority(priority) else { throw Failure(.usage, "bad priority \(priority): use 0 to 9") }
        let pairs = try metadata.map { try PayloadOptions.split($0, orElse: "write --metadata KEY=VALUE") }
        return JobOptions(
            queue: target.queue, priority: priority, maxAttempts: maxAttempts,
            backoff: retryDelay.map { .fixed($0.duration) } ?? .standard,
            timeout: timeout.duration == .zero ? nil : timeout.duration, resultTTL: try retention(),
            expiry: expiry?.duration, tags: tags, metadata: Dictionary(pairs) { $1 })
    }

    private func retention() throws -> Retention {
        if ["forever", "-1"].contains(resultTTL) { return .forever }
        guard let span = try? TimeSpan(parsing: resultTTL) else {
            throw Failure(
                .usage,
                "bad result TTL \"\(Printable.oneLine(resultTTL, limit: 40))\": use a time such as 500s, 0 or forever")
        }
        return span.duration == .zero ? .none : .keep(span.duration)
    }

    func moment() throws -> Int? {
        guard let at else { return nil }
        if delay != nil { throw Failure(.usage, "give --in or --at, not both") }
        return try Self.moment(at)
    }

    /// ms since 1970.
    static func moment(_ at: String) throws(Failure) -> Int {
        // Seconds would be a moment in 1970, and the job would run at once.
        if let ms = Int(at), ms >= 100_000_000_000 { return ms }
        if let date = try? Date(at, strategy: .iso8601) { return Int(date.timeIntervalSince1970 * 1000) }
        throw Failure(
            .usage,
            "bad moment \"\(Printable.oneLine(at, limit: 80))\": give milliseconds since 1970, or an ISO date such as "
                + "2026-11-21T18:00:00Z")
    }
}
