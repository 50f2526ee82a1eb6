import Foundation
package import JobModel
package import JobQueueClient
package import JobStore
import Redis
import Synchronization
package import TestSupport

/// For servers that are killed. With `everysec` Redis answers before it writes while an fsync is under way, for two seconds
/// at most, and a kill takes along outcomes of runs; this way it writes at once, and what is written survives.
package let writesAtOnce = ["--appendfsync", "no"]

/// Where one test happens: a private Redis, one queue, its workers, and the journal that their handlers keep.
package final class Site: Sendable {
    /// The server, which the test may kill.
    package let redis: PrivateRedis
    /// The queue `default`.
    package let store: QueueStore
    /// Who hands jobs over.
    package let producer: JobQueue
    /// What the handlers wrote down.
    package let journal: Journal
    private let children = Mutex<[(label: String, child: Child)]>([])

    /// Runs a test on a site, whose Redis has further options and is started by way of the command `under` if there is one.
    /// When the test throws, the logs of the workers are part of what is reported.
    package static func run(
        _ options: [String] = [], under: [String] = [], _ body: (Site) async throws -> Void
    ) async throws {
        let site = try await Site(options, under)
        let result: Result<Void, any Error>
        do { result = .success(try await body(site)) } catch {
            result = .failure(Overdue(description: "\(error)\n\(site.logs)"))
        }
        await site.close()
        try result.get()
    }

    private init(_ options: [String], _ under: [String]) async throws {
        redis = try await Threads.run { try PrivateRedis(aof: true, options, under: under) }
        let client = try await TestQueue.client(redis)
        producer = try await JobQueue(client: client)
        store = producer.store.queue(.default)
        journal = Journal(path: redis.folder.path + "/journal")
    }

    private func close() async {
        children.withLock { $0 = [] }
        await producer.close()
    }

    /// What the workers wrote to standard error.
    package var logs: String {
        children.withLock { children in
            children.map { label, child in
                "--- \(label), pid \(child.pid), status \(child.status.map(String.init) ?? "none")\n\(child.log)"
            }.joined()
        }
    }

    // MARK: Workers

    /// Starts a worker with the test handlers, by way of the command `under` if there is one. It has joined the queue once
    /// its first job starts.
    package func worker(
        _ label: String, lease: String = "1s", slots: Int = 4, log: String = "text", under: [String] = [],
        _ options: String...
    ) throws -> Child {
        let arguments =
            ["run", "--redis-url", redis.url, "--lease", lease, "--concurrency", "\(slots)", "--log-format", log]
            + options
        let child = try Child(
            "queue-fixture", arguments, environment: ["JOURNAL": journal.path], folder: redis.folder, label: label,
            under: under)
        children.withLock { $0.append((label, child)) }
        return child
    }

    /// Starts the stock command.
    package func start(_ label: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Child {
        let child = try Child(
            "queue-worker", arguments, environment: environment, folder: redis.folder, label: label)
        children.withLock { $0.append((label, child)) }
        return child
    }

    /// Runs the stock command to its end.
    package func command(
        _ label: String, _ arguments: String..., within limit: Duration = .seconds(20)
    ) async throws -> Child {
        let child = try Child("queue-worker", arguments, folder: redis.folder, label: label)
        children.withLock { $0.append((label, child)) }
        _ = try await child.exit(within: limit)
        return child
    }

    // MARK: Jobs

    /// Hands a job over and answers its id.
    @discardableResult
    package func enqueue(_ name: String, _ payload: String, options: JobOptions = JobOptions()) async throws -> String {
        try await producer.enqueue(name: name, payload: payload, options: options).id
    }

    /// Jobs that answer numbers, each of which takes so many ms. Answers their ids.
    package func enqueueNumbers(_ numbers: Range<Int>, ms: (Int) -> Int) async throws -> [String] {
        let jobs = numbers.map {
            JobQueue.BareJob(name: "test.number", payload: "{\"number\":\($0),\"ms\":\(ms($0))}")
        }
        return try await producer.enqueue(contentsOf: jobs).map { result in
            guard case .created(let handle) = result else { throw Overdue(description: "not stored: \(result)") }
            return handle.id
        }
    }

    /// The names of everything in the database.
    package func keys() async throws -> [String] {
        var reader = try await store.client.send(Command("KEYS", "*")).reader
        return try (0..<reader.array()).map { _ in try reader.string() }.sorted()
    }

    /// All that is known of a job.
    package func view(_ id: String) async throws -> JobView { try await store.inspect([id], full: true).jobs[0] }

    /// The result that a job left.
    package func result(_ id: String) async throws -> String {
        String(decoding: try await view(id).result?.result ?? [], as: UTF8.self)
    }

    /// Waits until nothing waits or runs.
    package func drained(within limit: Duration = .seconds(30)) async throws {
        try await eventually("all jobs have ended", within: limit) {
            try await store.snapshot().isDrained
        }
    }

    /// Waits until so many runs have started.
    package func started(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        try await eventually("\(count) runs have started", within: limit) { journal.starts.count >= count }
    }

    /// Waits until so many workers have told of themselves.
    package func haveBeaten(_ count: Int) async throws {
        try await eventually("\(count) workers have beaten") {
            try await store.snapshot().workers.count { !$0.about.isEmpty } == count
        }
    }

    /// Waits until a job has started so often.
    package func started(_ id: String, times: Int = 1, within limit: Duration = .seconds(20)) async throws {
        try await eventually("run \(times) of job \(id)", within: limit) { journal.starts(of: id).count >= times }
    }
}

extension QueueSnapshot {
    /// Nothing waits and nothing runs.
    package var isDrained: Bool { inbox == 0 && JobState.allCases.allSatisfy { $0.isFinal || count($0) == 0 } }
}
