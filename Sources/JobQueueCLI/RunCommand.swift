import ArgumentParser
import Foundation
import JobQueueClient
import JobQueueSupervisor
import JobQueueWorker
import Logging
import Redis
import Telemetry

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Work: claim jobs and run their handlers until told to stop.",
        discussion: """
            TERM or INT: no new jobs, running ones may go on for --drain-timeout, then they are cancelled and given back
            without an attempt being spent. A second signal gives back at once, a third ends the process.
            HUP reads certificate files again; from a terminal that is closed it means TERM. TSTP: no new jobs, and no end
            (on a terminal it stops the process, as always).

            With --processes a supervisor keeps so many processes alive, each with --concurrency handlers. What a process
            ran when it died is known at once and runs again. HUP replaces them one by one, TTIN and TTOU add and remove
            one, USR1 logs what each is doing.
            """,
        aliases: ["worker"])

    @OptionGroup var redis: RedisOptions

    @OptionGroup var options: WorkerOptions

    @OptionGroup var processes: ProcessOptions

    @OptionGroup var admin: AdminOptions

    @OptionGroup var postgres: PostgresOptions

    @Flag(help: "Exit when there is nothing to claim.")
    var burst = false

    @Option(help: "Exit when there has been nothing to do for so long.", transform: TimeSpan.parse)
    var maxIdleTime: TimeSpan?

    @Option(help: "A file that has this process' number while it runs. Refused while another process has it.")
    var pidFile: String?

    func run() async throws {
        try Descriptors.check()
        let said = [processes.settings, admin.settings, postgres.settings].reduce(options.settings) { all, more in
            all.merging(more) { $1 }
        }
        let sources = redis.sources(said)
        let settings = try Settings(sources)
        let logger = settings.logger()
        // Before handlers make counters of their own.
        let metrics = settings.adminPort.map { _ in ProcessMetrics.start() }
        let handlers = try await options.handlers(settings, sources)
        for stranger in sources.strangers { logger.warning("\(stranger)") }
        var configuration = settings.worker
        configuration.isBurst = burst
        configuration.maxIdle = maxIdleTime?.duration
        configuration.logger = logger
        configuration.metrics = metrics
        do throws(Board.Missing) { configuration.board = try Board.inherited() } catch {
            throw Failure(
                .failed,
                "this process cannot open the board of its supervisor: both must be the same user and have descriptors left"
            )
        }
        let isSupervised = configuration.board != nil
        let isForSuspects = configuration.board?.isForSuspects ?? false
        // Those who end by themselves have no process for them.
        if isSupervised, !burst, maxIdleTime == nil { configuration.suspects = isForSuspects ? .only : .leave }
        let notice = isSupervised ? nil : ServiceNotice()
        if let notice { configuration.onTurn = { notice.live() } }
        let worker: Worker
        do throws(JobQueueError) {
            worker = try Worker(url: settings.redis.url.reveal(), handlers: handlers, configuration: configuration)
        } catch { throw Failure(error) }
        let pidFile = try isSupervised ? nil : pidFile.map(PidFile.init)
        defer { pidFile?.remove() }
        if settings.processes != 0, !isSupervised {
            let names = Set(handlers.names).subtracting(settings.handlers.map(\.name))
            let herd = HerdMetrics()
            let families = { @Sendable in MetricFamily.sum([metrics?.families ?? [], herd.families]) }
            return try await settings.withAdmin(nil, metrics: families, logger) {
                try await supervise(settings, configuration, names: names, herd, notice)
            }
        }
        let run = WorkerRun(
            worker: worker, logger: logger, isService: WorkerRun.isService, isSupervised: isSupervised, notice: notice)
        try await work(settings, configuration, run, hasHandlers: !handlers.names.isEmpty, metrics)
    }

    /// Works in this process, and tells of that who asks.
    private func work(
        _ settings: Settings, _ configuration: WorkerConfiguration, _ run: WorkerRun, hasHandlers: Bool,
        _ metrics: PrometheusMetrics?
    ) async throws {
        let logger = configuration.logger
        // What a worker cannot start without is looked at first: then a wrong call is one line, not the last of four.
        try await settings.redis.withQueue { _ in }
        if !hasHandlers {
            logger.warning("this program has no handlers: every job will wait as \"no handler\"; try --demo-handlers")
        }
        logger.info(
            configuration.suspects == .only ? "working on jobs that have to run alone" : "working",
            metadata: [
                "event": "worker.started",
                "queues": "\(configuration.queues.queues.map(\.text).joined(separator: ","))",
                "slots": .stringConvertible(configuration.concurrency),
                "pid": .stringConvertible(Int(getpid())),
            ])
        // Of processes under a supervisor, that one tells how they are.
        if let board = configuration.board {
            // One that may crash at any moment has no relay beside it.
            let work = { @Sendable in
                if board.isForSuspects { return try await run.run() }
                try await settings.withRelay(metrics, logger) { try await run.run() }
            }
            if let metrics {
                try await MetricsTeller(metrics, board, logger: logger).run { try await work() }
            } else {
                try await work()
            }
        } else {
            let families = { @Sendable in metrics?.families ?? [] }
            try await settings.withAdmin(run.worker, metrics: families, logger) {
                try await settings.withRelay(metrics, logger) { try await run.run() }
            }
        }
        logger.info("stopped", metadata: ["event": "worker.stopped"])
    }
}
