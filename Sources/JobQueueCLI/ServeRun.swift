import Foundation
import JobQueueClient
import JobQueueExec
import JobQueueHTTP
import JobStore
import Logging
import Synchronization
import Telemetry

/// A server as a command runs it: until it is told to stop by signals.
struct ServeRun {
    let settings: Settings
    let queue: JobQueue
    let metrics: PrometheusMetrics
    let certificates: CertificateSource?
    let logger: Logger
    let notice: ServiceNotice?
    /// Nil where there is no Postgres.
    let outbox: OutboxGauge?

    /// Between two attempts to find Redis.
    private static let pause = Duration.seconds(1)

    func run() async throws {
        let checks = [.redis(queue, within: settings.http.healthTimeout), outbox?.check].compactMap(\.self)
        let health = Health(checks)
        let server = server(health)
        let signals = SignalStream(Self.signals)
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            // A wrong password, or a Redis that would lose jobs, is found before anybody is served.
            if try await findRedis(isFirst: true) != nil {
                try await requireTokens()
            } else {
                tasks.addTask {
                    while !Task.isCancelled, try await findRedis(isFirst: false) == nil {
                        // Whoever is told to stop is cancelled here: that is no failure.
                        try? await Task.sleep(for: Self.pause)
                    }
                    return false
                }
            }
            tasks.addTask {
                do throws(APIServer.Failure) { try await server.run() } catch { throw Failure(error) }
                return true
            }
            tasks.addTask {
                for await place in server.places { announce(place) }
                return false
            }
            tasks.addTask {
                await obey(signals, server, health)
                return false
            }
            while let isOver = try await tasks.next() {
                if isOver { tasks.cancelAll() }
            }
        }
    }

    private func server(_ health: Health) -> APIServer {
        var api = settings.http.api
        api.logger = logger
        api.metrics = metrics
        var routes = JobQueueAPI(queue: queue, configuration: api, tokens: true)
        routes.extraRoutes += health.routes
        if let outbox { routes.extraFamilies = outbox.families }
        var configuration = APIServer.Configuration()
        configuration.place = settings.http.place
        configuration.limits = settings.http.limits
        configuration.grace = settings.http.grace
        configuration.certificates = certificates
        configuration.logger = logger
        configuration.together = { LogSink.standardError.together($0) }
        return APIServer(routes, configuration)
    }

    /// Nil while Redis is away. Throws what does not pass by itself.
    private func findRedis(isFirst: Bool) async throws(Failure) -> Void? {
        do throws(JobQueueError) {
            try await queue.check()
            if !isFirst { logger.info("redis is there", metadata: ["event": "redis.restored"]) }
            return ()
        } catch {
            let failure = settings.redis.failure(error)
            guard failure.code == .unreachable else { throw failure }
            if isFirst {
                logger.warning("\(failure.message); trying again", metadata: ["event": "redis.lost"])
            }
            return nil
        }
    }

    /// Without tokens nobody is let in. Who opens the door to others has most likely forgotten to make one.
    private func requireTokens() async throws(Failure) {
        if settings.http.place.isLocal { return }
        let tokens: [(record: TokenRecord, usedMs: Int?)]
        do throws(StoreError) { tokens = try await TokenRegistry(queue.store).all() } catch { throw Failure(error) }
        guard tokens.isEmpty else { return }
        throw Failure(
            .badConfiguration,
            "others can reach \(settings.http.place), and there is no token to let them in: make one with queue-worker "
                + "tokens create, or listen on 127.0.0.1 or a unix socket")
    }

    private func announce(_ place: APIServer.Place) {
        let scheme = certificates == nil ? "http" : "https"
        let address = if case .port = place { "\(scheme)://\(place)" } else { "\(place)" }
        logger.info(
            "serving on \(address)", metadata: ["event": "server.started", "pid": .stringConvertible(Int(getpid()))])
        notice?.live()
    }

    // MARK: Signals

    private static var signals: [Int32] {
        [SIGTERM, SIGINT, SIGQUIT] + (WorkerRun.isHangupIgnored ? [] : [SIGHUP])
    }

    private func obey(_ signals: SignalStream, _ server: APIServer, _ health: Health) async {
        var count = 0
        for await signal in signals.numbers {
            if signal == SIGHUP, WorkerRun.isService {
                await reload()
                continue
            }
            count += 1
            logger.info(
                "received \(SignalName.of(Int(signal)))",
                metadata: ["event": "server.stopping", "count": .stringConvertible(count)])
            if count > 1 {
                LogSink.standardError.flush(within: .milliseconds(100))
                Foundation.exit(130)
            }
            notice?.stopping()
            health.stop()
            await server.stop()
        }
    }

    private func reload() async {
        notice?.reloading()
        defer { notice?.reloaded() }
        guard let certificates else {
            return logger.info("received HUP: no certificate to read again; other settings need a restart")
        }
        await certificates.reload(logger)
    }
}
