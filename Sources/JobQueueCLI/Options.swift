import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import Redis

/// Where Redis is. Every command has these.
struct RedisOptions: ParsableArguments {
    @Option(help: "URL of Redis; the default is REDIS_URL, then redis://127.0.0.1:6379/0.")
    var redisURL: String?

    @Flag(help: "Work with a Redis that may lose jobs (eviction policy, version, replica).")
    var allowUnsafeRedis = false

    var url: String {
        redisURL ?? ProcessInfo.processInfo.environment["REDIS_URL"].flatMap { $0.isEmpty ? nil : $0 }
            ?? "redis://127.0.0.1:6379/0"
    }

    /// A connected producer, whose connection is closed when `body` ends.
    func withQueue<T>(_ body: (JobQueue) async throws -> T) async throws -> T {
        var configuration = JobQueue.Configuration()
        configuration.allowsUnsafeServer = allowUnsafeRedis
        let queue: JobQueue
        do throws(JobQueueError) {
            queue = try await JobQueue(url: url, configuration: configuration)
        } catch { throw Failure(error) }
        do {
            let result = try await body(queue)
            await queue.close()
            return result
        } catch {
            await queue.close()
            switch error {
            case let error as JobQueueError: throw Failure(error)
            case let error as StoreError: throw Failure(error)
            default: throw error
            }
        }
    }
}

/// One queue, by name.
struct QueueOption: ParsableArguments {
    @Option(name: [.short, .long], help: "The queue.")
    var queue = "default"

    func name() throws -> QueueName {
        do throws(NameError) { return try QueueName(queue) } catch { throw Failure(.usage, "\(error)") }
    }
}

/// `500ms`, `25s`, `5m`, `2h`, `7d`; a bare number is seconds.
struct TimeSpan: ExpressibleByArgument, CustomStringConvertible {
    var duration: Duration
    var description: String

    init?(argument: String) {
        let units: [(suffix: String, ms: Int)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000),
        ]
        let unit = units.first { argument.hasSuffix($0.suffix) } ?? ("", 1000)
        let digits = argument.dropLast(unit.suffix.count)
        guard
            digits.utf8.allSatisfy({ $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Double(digits), number * Double(unit.ms) < 9e14
        else { return nil }
        duration = .milliseconds(Int(number * Double(unit.ms)))
        description = argument
    }
}
