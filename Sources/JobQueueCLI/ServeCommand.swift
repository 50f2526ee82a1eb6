import ArgumentParser
import Foundation
import JobQueueClient
import JobQueueExec
import JobQueueHTTP
import JobQueueWorker
import JobStore
import Logging
import Redis
import Telemetry

/// What a server is told on the command line. What is not said is looked for elsewhere.
struct ServeOptions: ParsableArguments {
    @Option(help: WorkerOptions.help(Settings.httpHost))
    var httpHost: String?

    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.httpPort))
    var httpPort: String?

    @Option(help: ArgumentHelp(Settings.httpSocket.help))
    var httpSocket: String?

    @Option(help: ArgumentHelp(Settings.httpCertificate.help))
    var httpTlsCertificate: String?

    @Option(help: ArgumentHelp(Settings.httpKey.help))
    var httpTlsKey: String?

    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.httpDrainTimeout))
    var httpDrainTimeout: String?

    /// What was said, by key.
    var settings: [String: String] {
        let options = [
            Settings.httpHost.key: httpHost, Settings.httpPort.key: httpPort, Settings.httpSocket.key: httpSocket,
            Settings.httpCertificate.key: httpTlsCertificate, Settings.httpKey.key: httpTlsKey,
            Settings.httpDrainTimeout.key: httpDrainTimeout,
        ]
        return options.compactMapValues { $0 }
    }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the HTTP API until told to stop.",
        discussion: """
            TERM or INT: no new connections, requests in flight may go on for --http-drain-timeout. A second signal ends the
            process. HUP reads the files of the certificate again; from a terminal that is closed it means TERM.

            It starts when Redis is away, and says on /health/ready that it is not ready; a Redis that would lose jobs, or
            that refuses the password, ends it.
            """)

    @OptionGroup var redis: RedisOptions

    @OptionGroup var options: ServeOptions

    @OptionGroup var postgres: PostgresOptions

    @Option(help: WorkerOptions.help(Settings.logLevel))
    var logLevel: String?

    @Option(help: WorkerOptions.help(Settings.logFormat))
    var logFormat: String?

    func run() async throws {
        try Descriptors.check()
        var said = options.settings.merging(postgres.settings) { $1 }
        said[Settings.logLevel.key] = logLevel
        said[Settings.logFormat.key] = logFormat
        let sources = redis.sources(said)
        let settings = try Settings(sources)
        let logger = settings.logger()
        for stranger in sources.strangers { logger.warning("\(stranger)") }
        let certificates = try settings.http.certificates()
        let metrics = ProcessMetrics.start()
        let queue = try settings.redis.uncheckedQueue(logger, metrics)
        let outbox = OutboxGauge(settings.postgres, logger)
        defer { outbox?.close() }
        do {
            try await ServeRun(
                settings: settings, queue: queue, metrics: metrics, certificates: certificates, logger: logger,
                notice: ServiceNotice(), outbox: outbox
            ).run()
        } catch {
            await queue.close()
            throw error
        }
        await queue.close()
        logger.info("stopped", metadata: ["event": "server.stopped"])
    }
}

extension HTTPSettings {
    /// What the server shows; nil without TLS.
    func certificates() throws(Failure) -> CertificateSource? {
        guard let tls else { return nil }
        do throws(CertificateSource.Failure) {
            return try CertificateSource(certificate: tls.certificate, key: tls.key)
        } catch { throw Failure(.badConfiguration, "\(error)") }
    }
}

extension RedisSettings {
    /// A queue of which nothing is known yet.
    func uncheckedQueue(_ logger: Logger, _ metrics: PrometheusMetrics) throws(Failure) -> JobQueue {
        var configuration = JobQueue.Configuration()
        configuration.allowedRisks = allowed
        configuration.logger = logger
        do throws(RedisURLError) {
            let watch = RedisWatch(logger)
            let client = RedisClient(
                try RedisConfiguration(url: url.reveal()), onStateChange: { watch.hear($0) },
                onScript: ScriptMeter(metrics).observer)
            return JobQueue(unchecked: client, configuration: configuration)
        } catch { throw Failure(.badConfiguration, "\(error)") }
    }
}

extension Failure {
    init(_ failure: APIServer.Failure) {
        let code: Code =
            switch failure.kind {
            case .taken: .unreachable
            case .refused: .notAllowed
            case .unknown: .badConfiguration
            }
        self.init(code, failure.message)
    }
}
