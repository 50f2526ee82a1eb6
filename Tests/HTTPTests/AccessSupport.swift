import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import Logging
import NIOCore
import Redis
import Synchronization
import TestSupport

@testable import JobQueueHTTP
@testable import JobStore

/// A Redis, a gate of tokens before an API, and a clock that the test sets.
struct Doorstep: Sendable {
    let redis: PrivateRedis
    let queue: JobQueue
    let registry: TokenRegistry
    let gate: TokenGate
    let api: JobQueueAPI
    let lines = LogLines()
    let clock = HandClock()

    init(rate: Int = 0, timeout: Duration = .seconds(10)) async throws {
        redis = try await PrivateRedis.launch(["--appendonly", "yes"])
        queue = try await JobQueue(client: RedisClient(RedisConfiguration(url: redis.url)))
        registry = TokenRegistry(queue.store)
        var settings = TokenGate.Configuration()
        settings.rate = rate
        settings.timeout = timeout
        settings.logger = lines.logger
        gate = TokenGate(queue: queue, configuration: settings, clock: { [clock] in clock.now })
        var configuration = JobQueueAPI.Configuration()
        configuration.logger = lines.logger
        api = JobQueueAPI(queue: queue, configuration: configuration, gate: gate)
    }

    /// Runs a test behind a door, and closes it.
    static func open(
        rate: Int = 0, timeout: Duration = .seconds(10), _ body: (Doorstep) async throws -> Void
    ) async throws {
        let door = try await Doorstep(rate: rate, timeout: timeout)
        let result: Result<Void, any Error>
        do { result = .success(try await body(door)) } catch { result = .failure(error) }
        await door.queue.close()
        try result.get()
    }

    func token(
        _ scopes: Set<Scope> = [.jobsRead], _ queues: [String] = ["*"], note: String = "", expiresMs: Int? = nil,
        rate: Int? = nil
    ) async throws -> AccessToken {
        try await registry.create(
            TokenRights(scopes: scopes, queues: queues, note: note, expiresMs: expiresMs, rate: rate), by: "test"
        ).token
    }

    /// Lets a token in, or throws why not.
    func admit(_ token: AccessToken) async throws -> Admittance {
        try await gate.admit([.authorization: "Bearer \(token.reveal())"], to: .scope(.jobsRead))
    }

    /// How a request with this token is refused; nil when it is not.
    func refusal(_ token: AccessToken) async throws -> Problem? {
        do { _ = try await admit(token) } catch let problem as Problem { return problem }
        return nil
    }

    /// One request by way of everything that `respond` does.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ headers: HTTPFields = HTTPFields(), body: String = "",
        by route: Route? = nil, _ parameters: [String: String] = [:]
    ) async throws -> Answer {
        let head = HTTPRequest(method: method, scheme: nil, authority: nil, path: path, headerFields: headers)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
        let known = api.routes.first { $0.method == method && $0.path == path }
        guard let route = route ?? known else { throw Impatience(description: "no route \(method) \(path)") }
        return await api.respond(to: request, by: route, parameters)
    }
}

extension AccessToken {
    var header: HTTPFields { [.authorization: "Bearer \(reveal())"] }
}

extension Answer {
    var text: String {
        if case .bytes(let bytes) = body { String(decoding: bytes, as: UTF8.self) } else { "" }
    }
}

/// A clock that goes on only when it is told to.
final class HandClock: Sendable {
    private let instant = Mutex(ContinuousClock.now)
    var now: ContinuousClock.Instant { instant.withLock { $0 } }
    func pass(_ duration: Duration) { instant.withLock { $0 += duration } }
}

/// Everything that is logged, one text a line: message, then fields in the order of their names.
final class LogLines: Sendable {
    private let log = Log<String>()
    var all: [String] { log.items }
    func of(_ event: String) -> [String] { all.filter { $0.contains("event=\(event)") } }
    var logger: Logger {
        var logger = Logger(label: "test") { [log] _ in Handler(log: log) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let log: Log<String>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            let fields = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            log.note("\(event.level) \(event.message) " + fields.joined(separator: " "))
        }
    }
}
