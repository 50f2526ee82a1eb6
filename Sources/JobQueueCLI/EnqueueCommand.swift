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

    @Argument(help: "Fields of the payload: key=text, or key:=json for numbers, lists, objects.")
    var fields: [String] = []

    @Option(help: "The whole payload, as JSON.")
    var payload: String?

    @Option(help: "File that holds the payload; - is standard input.")
    var payloadFile: String?

    @Option(help: "An id of your own: a second call with it stores nothing.")
    var id: String?

    @Option(name: .customLong("in"), help: "Start no earlier than after this time: 500ms, 5s, 10m, 2h, 7d.")
    var delay: TimeSpan?

    @Option(help: "Start no earlier than at this moment: ISO 8601, or ms since 1970.")
    var at: String?

    @Option(help: "0 is claimed first, 9 last.")
    var priority = 5

    @Option(help: "Failed runs until the job is dead.")
    var maxAttempts = 25

    @Option(help: "Time limit of one run; 0 is none.")
    var timeout = TimeSpan(argument: "180s")!

    @Option(name: .customLong("result-ttl"), help: "How long the result is kept: a time, 0 (not), or forever.")
    var resultTTL = "500s"

    @Option(help: "Wait this long before every further attempt, instead of the exponential backoff.")
    var retryDelay: TimeSpan?

    @Option(help: "Dead unless started within this time.")
    var expiry: TimeSpan?

    @Option(name: .customLong("tag"), help: "A word to find it by; may be given again.")
    var tags: [String] = []

    @Option(help: "Wait for the result, at most this long; prints the result instead of the id.")
    var wait: TimeSpan?

    func run() async throws {
        let payload = try body()
        let options = try options()
        let moment = try moment()
        try await redis.withQueue { queue in
            let handle = try await queue.enqueue(
                name: name, payload: payload, id: id, in: delay?.duration, atMilliseconds: moment, options: options)
            guard let wait else { return Output.print(handle.id) }
            Output.error("enqueued \(handle.id)")
            switch try await handle.outcome(timeout: wait.duration) {
            case .succeeded(let result): Output.print(Printable.oneLine(result.json, limit: 1 << 20))
            case .dead(let reason, let message):
                throw Failure(.failed, "the job is dead (\(reason.rawValue)): \(Printable.oneLine(message))")
            case .cancelled: throw Failure(.failed, "the job was cancelled")
            }
        }
    }

    func body() throws -> String {
        let given = [payload != nil, payloadFile != nil, !fields.isEmpty].count { $0 }
        if given > 1 {
            throw Failure(.usage, "give the payload once: as fields, with --payload, or with --payload-file")
        }
        if let payload { return payload }
        if let payloadFile { return try read(payloadFile) }
        return fields.isEmpty ? "null" : try object(fields)
    }

    private func read(_ path: String) throws -> String {
        let data =
            path == "-"
            ? try FileHandle.standardInput.readToEnd() ?? Data() : FileManager.default.contents(atPath: path)
        guard let data else {
            throw Failure(.badInput, "cannot read \(Printable.oneLine(path)): check the path and its rights")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Failure(.badInput, "the payload is not UTF-8")
        }
        return text
    }

    /// `a=x b:=1` becomes `{"a":"x","b":1}`.
    private func object(_ fields: [String]) throws -> String {
        var members: [String] = []
        for field in fields {
            guard let equals = field.firstIndex(of: "="), equals != field.startIndex else {
                throw Failure(
                    .usage, "bad field \"\(Printable.oneLine(field, limit: 80))\": write key=text or key:=json")
            }
            let isJSON = field[field.index(before: equals)] == ":"
            let key = String(isJSON ? field[..<field.index(before: equals)] : field[..<equals])
            let value = String(field[field.index(after: equals)...])
            members.append("\(try quoted(key)):\(isJSON ? value : try quoted(value))")
        }
        return "{\(members.joined(separator: ","))}"
    }

    private func quoted(_ text: String) throws -> String {
        String(decoding: try JSONEncoder().encode(text), as: UTF8.self)
    }

    func options() throws -> JobOptions {
        guard let priority = Priority(priority) else { throw Failure(.usage, "bad priority \(priority): use 0 to 9") }
        let retention: Retention
        switch resultTTL {
        case "0": retention = .none
        case "forever", "-1": retention = .forever
        default:
            guard let span = TimeSpan(argument: resultTTL) else {
                throw Failure(.usage, "bad result TTL: use a time such as 500s, 0 or forever")
            }
            retention = .keep(span.duration)
        }
        return JobOptions(
            queue: target.queue, priority: priority, maxAttempts: maxAttempts,
            backoff: retryDelay.map { .fixed($0.duration) } ?? .standard,
            timeout: timeout.duration == .zero ? nil : timeout.duration, resultTTL: retention, expiry: expiry?.duration,
            tags: tags)
    }

    func moment() throws -> Int? {
        guard let at else { return nil }
        if delay != nil { throw Failure(.usage, "give --in or --at, not both") }
        if let ms = Int(at), ms > 0 { return ms }
        if let date = try? Date(at, strategy: .iso8601) { return Int(date.timeIntervalSince1970 * 1000) }
        throw Failure(
            .usage, "bad moment \"\(Printable.oneLine(at, limit: 80))\": use 2026-11-21T18:00:00Z or ms since 1970")
    }
}
