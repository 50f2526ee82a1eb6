import Foundation
import JobQueueClient
import JobQueueExec
import JobQueuePostgres
import JobQueueWorker
import Logging
import Postgres
import Redis
import Telemetry

extension Settings {
    /// How long a row may be locked while Redis is tried.
    private static let relayPatience = Duration.seconds(2)

    /// Runs a body beside a relay, which ends with it.
    func withRelay<T: Sendable>(
        _ metrics: PrometheusMetrics?, _ logger: Logger, _ body: @escaping @Sendable () async throws -> T
    ) async throws -> T {
        guard let server = postgres.server, postgres.isRelaying else { return try await body() }
        let (relay, queue) = try relay(server, metrics, logger)
        let result = await withTaskGroup(of: Result<T, any Error>?.self) { tasks in
            tasks.addTask {
                await relay.run()
                return nil
            }
            tasks.addTask {
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            var result: Result<T, any Error>?
            while let ended = await tasks.next() {
                guard let ended else { continue }
                result = ended
                tasks.cancelAll()
            }
            return result
        }
        await queue.close()
        guard let result else { throw CancellationError() }
        return try result.get()
    }

    /// A relay, and the queue that it uses: to be closed by whoever asked for it.
    func relay(
        _ server: PostgresConfiguration, _ metrics: PrometheusMetrics?, _ logger: Logger
    ) throws(Failure) -> (relay: Relay, queue: JobQueue) {
        var configuration = JobQueue.Configuration()
        configuration.enqueueTimeout = Self.relayPatience
        configuration.maxPayloadBytes = worker.maxPayloadBytes
        configuration.allowedRisks = redis.allowed
        let client: RedisClient
        do throws(RedisURLError) {
            client = RedisClient(
                try RedisConfiguration(url: redis.url.reveal()), onScript: metrics.flatMap { ScriptMeter($0).observer })
        } catch { throw Failure(.badConfiguration, "\(error)") }
        let queue = JobQueue(unchecked: client, configuration: configuration)
        var rules = postgres.relay
        rules.logger = logger
        if let metrics {
            let meter = EnqueuedMeter(metrics, source: "outbox")
            rules.count = { queue, name, result, number in
                meter.count(number, EnqueuedMeter.Handed(queue: queue, name: name, result: result))
            }
        }
        if !server.isVerified {
            logger.warning(
                "the certificate of Postgres at \(server) is not verified: use sslmode=verify-full on networks",
                metadata: ["event": "postgres.unverified"])
        }
        logger.info("moving rows of the outbox", metadata: ["event": "relay.started", "postgres": "\(server)"])
        return (Relay(server, queue: queue, rules), queue)
    }
}

/// A relay as a command runs it: until it is told to stop by signals.
struct RelayRun: Sendable {
    let relay: Relay
    let logger: Logger

    func run() async {
        let signals = SignalStream([SIGTERM, SIGINT, SIGQUIT] + (WorkerRun.isHangupIgnored ? [] : [SIGHUP]))
        await withTaskGroup(of: Bool.self) { tasks in
            tasks.addTask {
                await relay.run()
                return true
            }
            tasks.addTask {
                for await signal in signals.numbers {
                    if signal == SIGHUP, WorkerRun.isService {
                        logger.info("received HUP: settings need a restart", metadata: ["event": "config.reloaded"])
                        continue
                    }
                    logger.info(
                        "received \(SignalName.of(Int(signal)))", metadata: ["event": "relay.stopping"])
                    return true
                }
                return false
            }
            // A row in its hands is given back by the rollback: there is nothing to wait for.
            for await isOver in tasks where isOver { tasks.cancelAll() }
        }
    }
}
