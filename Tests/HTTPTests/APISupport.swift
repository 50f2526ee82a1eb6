import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JobModel
import JobQueueClient
import JobStore
import NIOCore
import Redis
import TestSupport

@testable import JobQueueHTTP

/// The API on a Redis of its own, asked without a network.
struct APIRig {
    let redis: PrivateRedis
    let queue: JobQueue
    let api: JobQueueAPI

    init(
        gate: any Gate = OpenGate(), _ configure: (inout JobQueueAPI.Configuration) -> Void = { _ in }
    ) async throws {
        redis = try await PrivateRedis.launch()
        queue = try await JobQueue(url: redis.url)
        var configuration = JobQueueAPI.Configuration()
        configure(&configuration)
        api = JobQueueAPI(queue: queue, configuration: configuration, gate: gate)
    }

    /// Before its queue has been checked, as a server starts.
    static func unchecked() async throws -> APIRig {
        let redis = try await PrivateRedis.launch()
        let queue = JobQueue(unchecked: RedisClient(try RedisConfiguration(url: redis.url)))
        return APIRig(redis: redis, queue: queue, api: JobQueueAPI(queue: queue))
    }

    private init(redis: PrivateRedis, queue: JobQueue, api: JobQueueAPI) {
        self.redis = redis
        self.queue = queue
        self.api = api
    }

    var store: QueueStore { queue.store.queue(.default) }

    struct Reply {
        var status: Int
        var headers: HTTPFields
        var bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The body as JSON; empty when it is none.
        var json: JSON { (try? JSONDecoder().decode(JSON.self, from: Data(bytes))) ?? .null }
    }

    /// One request to the route that it fits.
    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: String? = nil, headers: HTTPFields = [:]
    ) async throws -> Reply {
        try await send(method, path, body.map { Array($0.utf8) }, headers: headers)
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, headers: HTTPFields = [:]
    ) async throws -> Reply {
        let answer = try await answer(method, path, body, headers)
        guard case .bytes(let bytes) = answer.body else {
            return Reply(status: answer.status.code, headers: answer.headers, bytes: [])
        }
        return Reply(status: answer.status.code, headers: answer.headers, bytes: bytes)
    }

    /// An answer that comes as a stream.
    func stream(_ path: String, _ headers: HTTPFields = [:]) async throws -> ResponseBody {
        guard case .stream(let stream) = try await answer(.get, path, nil, headers).body else { throw NoRoute() }
        return stream
    }

    private func answer(
        _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]?, _ headers: HTTPFields
    ) async throws -> Answer {
        let plain = path.split(separator: "?", maxSplits: 1)[0]
        guard let (route, parameters) = match(method, String(plain)) else { throw NoRoute() }
        let head = HTTPRequest(method: method, scheme: "http", authority: "test", path: path, headerFields: headers)
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body ?? [])))
        return await api.respond(to: request, by: route, parameters)
    }

    struct NoRoute: Error {}

    /// Routes without parameters come first.
    private func match(_ method: HTTPRequest.Method, _ path: String) -> (Route, [String: String])? {
        let words = path.split(separator: "/")
        let fitting = api.routes.compactMap { route -> (Route, [String: String])? in
            let parts = route.path.split(separator: "/")
            guard route.method == method, parts.count == words.count else { return nil }
            var parameters: [String: String] = [:]
            for (part, word) in zip(parts, words) {
                if part.hasPrefix("{") {
                    parameters[String(part.dropFirst().dropLast())] = String(word)
                } else if part != word {
                    return nil
                }
            }
            return (route, parameters)
        }
        return fitting.min { $0.1.count < $1.1.count }
    }
}

/// Any JSON, to look into.
enum JSON: Decodable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else if let value = try? container.decode([String: JSON].self) {
            self = .object(value)
        } else {
            self = .null
        }
    }

    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int) { self = .number(Double(value)) }
    init(booleanLiteral value: Bool) { self = .bool(value) }

    subscript(_ name: String) -> JSON? {
        if case .object(let fields) = self { fields[name] } else { nil }
    }

    subscript(_ index: Int) -> JSON? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }

    var text: String? { if case .string(let text) = self { text } else { nil } }
    var count: Int? { if case .array(let items) = self { items.count } else { nil } }
}
