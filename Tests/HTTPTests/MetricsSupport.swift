import Hummingbird
import JobModel
import JobQueueClient
import JobStore
import NIOCore
import Redis
import Telemetry
import TestSupport

@testable import JobQueueHTTP

/// An API on a server of the test's own, asked without a socket between.
struct MetricsRig {
    let redis: PrivateRedis
    let jobs: JobQueue
    let metrics = PrometheusMetrics()
    let api: JobQueueAPI

    init(gate: any Gate = OpenGate(), _ change: (inout JobQueueAPI.Configuration) -> Void = { _ in }) async throws {
        redis = try await PrivateRedis.launch()
        jobs = try await JobQueue(url: redis.url)
        var configuration = JobQueueAPI.Configuration()
        configuration.metrics = metrics
        change(&configuration)
        api = JobQueueAPI(queue: jobs, configuration: configuration, gate: gate)
    }

    /// Another API on the same server.
    init(redis: PrivateRedis, jobs: JobQueue, api: JobQueueAPI) {
        self.redis = redis
        self.jobs = jobs
        self.api = api
    }

    var route: Route {
        get throws {
            guard let route = api.routes.first(where: { $0.path == "/metrics" }) else { throw NoRoute() }
            return route
        }
    }

    struct NoRoute: Error {}

    func ask() async throws -> Answer {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "localhost", path: "/metrics")
        return await api.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer())), by: try route, [:])
    }

    /// A scrape that Redis had its part in: a busy machine may take longer than it is waited for.
    func answered() async throws -> Scrape {
        try await eventually {
            try await scrape()
        } is: {
            $0["jobqueue_redis_up"] == 1
        }
    }

    func scrape() async throws -> Scrape {
        let answer = try await ask()
        guard case .bytes(let bytes) = answer.body else { throw NoRoute() }
        return try Scrape(String(decoding: bytes, as: UTF8.self))
    }
}
