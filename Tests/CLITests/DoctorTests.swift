import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import Redis
import TestSupport
import Testing

@testable import JobQueueCLI
@testable import JobStore
@testable import TerminalDashboard

/// The user that the documentation tells to make, and what it can do.
@Suite(.timeLimit(.minutes(1))) struct DoctorTests {
    private static let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Docs/doctor.md").standardizedFileURL

    private func line() throws -> String {
        let text = try String(contentsOf: Self.document, encoding: .utf8)
        return try #require(
            text.split(separator: "\n").first { $0.hasPrefix("ACL SETUSER jobs on >PASSWORD") }.map(String.init))
    }

    @Test func `the documented line grants what is needed and no more`() throws {
        #expect(try line().replacing("on >PASSWORD ", with: "") == Rights.grant(to: "jobs"))
    }

    @Test func `a user made by that line can enqueue, work, look and be examined`() async throws {
        let redis = try await PrivateRedis.launch(["--appendonly", "yes"])
        let admin = try await TestQueue.client(redis)
        var words = Arguments()
        for word in try line().split(separator: " ").dropFirst() { words.append(String(word)) }
        _ = try await admin.send(Command("ACL", words))
        let url = "unix://jobs:PASSWORD@\(redis.socketPath)?db=1"

        let queue = try await JobQueue(url: url)
        let job = try await queue.enqueue(name: "demo.echo", payload: "{}")
        let spare = try await queue.enqueue(name: "demo.echo", payload: "{}", in: .seconds(3600))
        _ = try await spare.cancel()
        var handlers = Handlers()
        DemoHandlers.add(to: &handlers)
        var configuration = WorkerConfiguration()
        configuration.isBurst = true
        try await Worker(url: url, handlers: handlers, configuration: configuration).run()
        #expect(try await job.status().state == .succeeded)
        let report = try await InfoReader(store: queue.store).report([])
        #expect(report.queues.map(\.succeededTotal) == [1])
        await queue.close()

        let settings = try RedisSettings(sources(options: ["redis.url": url]))
        let checks = try await Doctor(settings: settings, machine: Machine(files: 1024, cores: 2)).report([]).checks
        #expect(checks.filter { $0.status != .ok }.map(\.id) == ["fsync"], "\(checks)")
        // Nothing was tried that was denied, but for what only `doctor` asks.
        var log = try await admin.send(Command("ACL", "LOG")).reader
        var denied: [String] = []
        for _ in 0..<(try log.array()) {
            for _ in 0..<(try log.array() / 2) {
                if try log.string() == "object" { denied.append(try log.string()) } else { try log.skip() }
            }
        }
        #expect(Set(denied).isSubset(of: ["config|get", "script|load"]), "\(denied)")
    }

    @Test func `a Redis that is not there ends it, with its address`() async throws {
        let settings = try RedisSettings(sources(options: ["redis.url": "redis://:s3cret@127.0.0.1:1"]))
        let failure = await #expect(throws: Failure.self) {
            _ = try await Doctor(settings: settings, machine: Machine(files: 1024, cores: 2)).report([])
        }
        #expect(failure?.code == .unreachable && failure?.message.contains("redis://***@127.0.0.1:1/0") == true)
    }

    @Test func `with too few descriptors Redis is not tried`() async throws {
        let settings = try RedisSettings(sources(options: ["redis.url": "redis://127.0.0.1:1"]))
        let report = try await Doctor(settings: settings, machine: Machine(files: 40, cores: 2)).report([])
        #expect(report.checks.map(\.id) == ["connection", "settings", "descriptors"])
        #expect(report.checks.map(\.status) == [.unknown, .ok, .fail])
    }
}
