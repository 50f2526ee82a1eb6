import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import Logging
import Redis
import TestSupport

/// A queue that nobody else uses, a producer, and workers that end with what they are needed for.
struct Rig: Sendable {
    let name: QueueName
    let jobs: JobQueue
    let url: String
    /// Keeps a private server alive for as long as it is needed.
    private let server: PrivateRedis?
    private var settings: @Sendable (inout WorkerConfiguration) -> Void = { _ in }

    var store: QueueStore { jobs.store.queue(name) }

    /// A queue on the shared server.
    static func make() async throws -> Rig {
        try await Rig(url: PrivateRedis.shared.get().url, server: nil)
    }

    /// A queue on a server of the test's own.
    static func make(on server: PrivateRedis) async throws -> Rig { try await Rig(url: server.url, server: server) }

    private init(url: String, server: PrivateRedis?) async throws {
        self.url = url
        self.server = server
        name = try QueueName("q-\(UUID().uuidString)")
        jobs = try await JobQueue(url: url)
    }

    /// Options of a job for this queue: quick to come back after a failure.
    func options(_ change: (inout JobOptions) -> Void = { _ in }) -> JobOptions {
        var options = JobOptions(queue: name.text, backoff: .fixed(.milliseconds(1)), timeout: .seconds(30))
        change(&options)
        return options
    }

    @discardableResult
    func enqueue(
        _ name: String, _ payload: String = "null", id: String? = nil, in delay: Duration? = nil,
        _ change: (inout JobOptions) -> Void = { _ in }
    ) async throws -> JobHandle {
        try await jobs.enqueue(name: name, payload: payload, id: id, in: delay, options: options(change))
    }

    /// The same queue, for workers with other settings.
    func with(_ settings: @escaping @Sendable (inout WorkerConfiguration) -> Void) -> Rig {
        var rig = self
        rig.settings = settings
        return rig
    }

    func worker(
        _ handlers: Handlers, url: String? = nil, _ change: (inout WorkerConfiguration) -> Void = { _ in }
    ) throws -> Worker {
        var configuration = WorkerConfiguration()
        configuration.queues = .strict([name])
        configuration.lease = .seconds(3)
        // A worker that would end the process says why.
        configuration.logger = Logger(label: "worker", factory: StreamLogHandler.standardError(label:))
        configuration.logger.logLevel = .critical
        settings(&configuration)
        change(&configuration)
        return try Worker(url: url ?? self.url, handlers: handlers, configuration: configuration)
    }

    /// Runs a worker for as long as `body` takes.
    @discardableResult
    func working<Result>(
        _ handlers: Handlers, url: String? = nil, _ body: (Worker) async throws -> Result
    ) async throws -> Result {
        let worker = try worker(handlers, url: url)
        async let run: Void = worker.run()
        do {
            let result = try await body(worker)
            worker.stop()
            try await run
            return result
        } catch {
            worker.stop(within: .zero)
            try await run
            throw error
        }
    }

    /// Runs a worker until there is nothing to do.
    func drain(_ handlers: Handlers, _ change: (inout WorkerConfiguration) -> Void = { _ in }) async throws {
        try await worker(handlers) { configuration in
            configuration.isBurst = true
            change(&configuration)
        }.run()
    }

    /// Waits until a job is in a state, and answers all there is to know of it.
    @discardableResult
    func view(of id: String, when state: JobState) async throws -> JobView {
        try await eventually {
            try await store.inspect([id], full: true).jobs[0]
        } is: {
            $0.state == state
        }
    }
}

extension Handlers {
    /// Handlers made in one expression.
    init(_ add: (inout Handlers) -> Void) {
        self.init()
        add(&self)
    }

    /// Handlers where one name does something, and nothing comes of it.
    init(_ name: String, _ body: @escaping @Sendable (String, JobContext) async throws -> Void) {
        self.init { handlers in
            handlers.on(name: name) { payload, context in
                try await body(payload, context)
                return nil
            }
        }
    }
}

/// An error of a handler.
struct Mishap: Error, CustomStringConvertible {
    var description: String
}

/// Waits until the task is cancelled, and throws that.
func untilCancelled() async throws { try await Latch().pass() }

/// The error of a call that should fail.
func failure<Result>(of call: () async throws(JobQueueError) -> Result) async -> JobQueueError? {
    do throws(JobQueueError) {
        _ = try await call()
        return nil
    } catch { return error }
}

extension JobOutcome {
    var isSucceeded: Bool { if case .succeeded = self { true } else { false } }
    var isCancelled: Bool { if case .cancelled = self { true } else { false } }
    var result: JobResult? { if case .succeeded(let result) = self { result } else { nil } }
    var death: (reason: Reason, message: String)? {
        if case .dead(let reason, let message) = self { (reason, message) } else { nil }
    }
}

extension RedisClient {
    /// How often the server has run a command.
    func calls(of command: String) async throws -> Int {
        let info = try await send(Command("INFO", "commandstats")).string()
        let line = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("cmdstat_\(command):calls=") }
        return line.flatMap { Int($0.split(separator: "=")[1].prefix { $0.isNumber }) } ?? 0
    }

    /// How many keys the database has.
    func size() async throws -> Int { try await send(Command("DBSIZE")).integer() }
}

extension Rig {
    /// Leaves an envelope in an inbox, as any Redis client may.
    @discardableResult
    func drop(into queue: QueueName, field: String = "job", _ envelope: String) async throws -> String {
        try await store.client.send(Command("XADD", Key.inbox.name(in: queue), "*", field, envelope)).string()
    }
}
