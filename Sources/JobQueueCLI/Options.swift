import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import Logging
import Redis

/// Which files settings are read from. Every command has these.
struct SourceOptions: ParsableArguments {
    @Option(help: "Configuration file. (default: QUEUE_CONFIG, else queue.yaml where there is one)")
    var config: String?

    @Option(help: "File of NAME=value lines that stand in for missing variables of the environment.")
    var envFile: String?

    func request(_ options: [String: String] = [:]) -> SettingSources.Request {
        var request = SettingSources.Request()
        request.options = options
        request.file = config
        request.envFile = envFile
        return request
    }
}

/// Where Redis is. Every command has these but `dev`, which brings its own.
struct RedisOptions: ParsableArguments {
    @Option(
        help: "URL of Redis. (default: REDIS_URL, else redis.url of the configuration, else redis://127.0.0.1:6379/0)")
    var redisURL: String?

    @Flag(help: "Work with a Redis that may lose jobs, whatever the reason: as --allow all.")
    var allowUnsafeRedis = false

    @Option(help: ArgumentHelp("\(Settings.allow.help) Repeatable.", valueName: "risk"))
    var allow: [String] = []

    @OptionGroup var files: SourceOptions

    /// Where settings come from, with these and further options first.
    func sources(_ options: [String: String] = [:]) -> SettingSources {
        var request = files.request(options)
        request.options[Settings.redisURL.key] = redisURL
        if allowUnsafeRedis { request.options[Settings.allowUnsafeRedis.key] = "true" }
        if !allow.isEmpty { request.options[Settings.allow.key] = allow.joined(separator: ",") }
        return SettingSources(request)
    }

    /// A connected producer, whose connection is closed when `body` ends.
    func withQueue<T>(_ body: (JobQueue) async throws -> T) async throws -> T {
        try await RedisSettings(sources()).withQueue(body)
    }

    /// The same for those who only look: when Redis is not what it should be, they are needed most.
    /// `logger` hears of the connection.
    func withQueueToRead<T>(
        warns: Bool = true, logger: Logger? = nil, _ body: (JobQueue) async throws -> T
    ) async throws -> T {
        var settings = try RedisSettings(sources())
        let allowed = settings.allowed
        settings.allowed = ServerRisk.all
        return try await settings.withQueue(logger: logger) { queue in
            if warns {
                for finding in try await queue.store.server().findings {
                    if let risk = finding.risk, !allowed.contains(risk) { Output.warning(finding.message) }
                }
            }
            return try await body(queue)
        }
    }

}

extension RedisSettings {
    /// A connected producer, whose connection is closed when `body` ends.
    func withQueue<T>(logger: Logger? = nil, _ body: (JobQueue) async throws -> T) async throws -> T {
        try Descriptors.check()
        do {
            var configuration = JobQueue.Configuration()
            if let logger { configuration.logger = logger }
            configuration.allowedRisks = allowed
            let queue = try await JobQueue(url: url.reveal(), configuration: configuration)
            do {
                let result = try await body(queue)
                await queue.close()
                return result
            } catch {
                await queue.close()
                throw error
            }
        } catch let error as JobQueueError {
            throw failure(error)
        } catch let error as StoreError {
            throw failure(JobQueueError(error))
        }
    }

    /// Whoever cannot be reached is named: the URL may come from an environment that nobody looked at.
    func failure(_ error: JobQueueError) -> Failure {
        var failure = Failure(error)
        if failure.code == .unreachable, let address = try? RedisConfiguration(url: url.reveal()).redactedURL,
            !failure.message.contains(address)
        {
            failure.message = "Redis at \(address): \(failure.message)"
        }
        return failure
    }
}

/// One queue, by name.
struct QueueOption: ParsableArguments {
    @Option(name: [.short, .long], help: "The queue.", completion: NameCompletion.queues)
    var queue = "default"

    func name() throws -> QueueName {
        do throws(NameError) { return try QueueName(queue) } catch { throw Failure(.usage, "\(error)") }
    }
}

/// `500ms`, `25s`, `5m`, `2h`, `7d`; a bare number is seconds.
struct TimeSpan: CustomStringConvertible {
    struct Refusal: Error, CustomStringConvertible {
        var description: String { "use a time such as 500ms, 5s, 10m, 2h or 7d, at least 1ms or 0" }
    }

    var duration: Duration
    var description: String

    init(parsing text: String) throws(Refusal) {
        let units: [(suffix: String, ms: Int)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) } ?? ("", 1000)
        let digits = text.dropLast(unit.suffix.count)
        guard
            digits.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Double(digits)
        else { throw Refusal() }
        let ms = number * Double(unit.ms)
        // What would round to 0 must not turn into "no limit".
        guard ms == 0 || (1..<9e14).contains(ms) else { throw Refusal() }
        duration = .milliseconds(Int(ms))
        description = text
    }

    /// For the parser of arguments, whose transforms may throw anything.
    static func parse(_ text: String) throws -> TimeSpan { try TimeSpan(parsing: text) }

    static func seconds(_ seconds: Int) -> TimeSpan { TimeSpan(seconds: seconds) }

    private init(seconds: Int) {
        duration = .seconds(seconds)
        description = "\(seconds)s"
    }
}
