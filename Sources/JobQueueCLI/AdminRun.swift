import ArgumentParser
import JobQueueHTTP
import JobQueueWorker
import JobStore
import Logging
import Redis
import Telemetry

/// Where a worker tells of its health, and what it counts.
struct AdminOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.adminPort))
    var adminPort: String?

    @Option(help: WorkerOptions.help(Settings.adminHost))
    var adminHost: String?

    /// What was said, by key.
    var settings: [String: String] {
        [Settings.adminPort.key: adminPort, Settings.adminHost.key: adminHost].compactMapValues { $0 }
    }
}

extension Settings {
    /// Runs a body, and beside it a server that tells how the worker is, where one is wanted. Without a worker it tells
    /// how the supervisor is, which looks after its processes itself.
    ///
    /// - Parameter hasOutbox: its metrics tell of the outbox as well. Of many workers each would tell the same.
    func withAdmin(
        _ worker: Worker?, metrics: @escaping @Sendable () -> [MetricFamily], hasOutbox: Bool = false,
        _ logger: Logger, _ body: () async throws -> Void
    ) async throws {
        guard let adminPort else { return try await body() }
        let client: RedisClient
        do throws(RedisURLError) { client = RedisClient(try RedisConfiguration(url: redis.url.reveal())) } catch {
            throw Failure(.badConfiguration, "\(error)")
        }
        let outbox = OutboxGauge(postgres, logger)
        defer { outbox?.close() }
        let checks = [.redis(Store(client), within: http.healthTimeout), outbox?.check].compactMap(\.self)
        let health = Self.health(worker, checks)
        let families = { @Sendable in metrics() + (hasOutbox ? await outbox?.families() ?? [] : []) }
        var configuration = APIServer.Configuration()
        configuration.place = .port(host: adminHost, adminPort)
        configuration.limits.connections = 100
        configuration.grace = .seconds(1)
        let server = APIServer(admin: health.routes + [.metrics(families)], configuration)
        let result: Result<Void, any Error>
        do {
            try await server.run { place in
                logger.info("health is served on http://\(place)", metadata: ["event": "admin.started"])
                try await body()
            }
            result = .success(())
        } catch let failure as APIServer.Failure {
            result = .failure(Failure(failure))
        } catch {
            result = .failure(error)
        }
        await client.close()
        try result.get()
    }

    /// With the loop of the worker, where there is one.
    private static func health(_ worker: Worker?, _ checks: [Health.Check]) -> Health {
        guard let worker else { return Health(checks) }
        let loop = Health.Check("fetch_loop") {
            guard let loop = worker.fetchLoop else { return Health.Finding(error: "not-running") }
            return Health.Finding(error: loop.isLive ? nil : "stuck", .age(loop.age))
        }
        // Before it is at work it is not stuck.
        return Health(checks + [loop]) { worker.fetchLoop?.isLive ?? true }
    }
}
