import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueExec
import JobQueueWorker
import Logging
import Redis
import UnixSignals

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Work: claim jobs and run their handlers until told to stop.",
        discussion: """
            TERM or INT: no new jobs, running ones may go on for --drain-timeout, then they are cancelled and given back
            without an attempt being spent. A second signal gives back at once, a third ends the process.
            """,
        aliases: ["worker"])

    @OptionGroup var redis: RedisOptions

    @Option(help: help(Settings.queues))
    var queues: String?

    @Option(name: [.short, .long], parsing: .unconditional, help: help(Settings.concurrency))
    var concurrency: String?

    @Option(parsing: .unconditional, help: help(Settings.prefetch))
    var prefetch: String?

    @Option(parsing: .unconditional, help: help(Settings.drainTimeout))
    var drainTimeout: String?

    @Option(parsing: .unconditional, help: help(Settings.killAfter))
    var killAfter: String?

    @Option(parsing: .unconditional, help: help(Settings.lease))
    var lease: String?

    @Flag(help: "Exit when there is nothing to claim.")
    var burst = false

    @Flag(help: "Add the handlers demo.echo, demo.sleep and demo.fail, for trying things out.")
    var demoHandlers = false

    @Option(
        help: ArgumentHelp(
            "Run jobs of this name by a command, one process each: payload on stdin, result from stdout. Repeatable. Words are separated by spaces, without quotes: for more, write a script.",
            valueName: "name=command"),
        transform: ExecOption.init(parsing:))
    var exec: [ExecOption] = []

    @Option(help: help(Settings.logLevel))
    var logLevel: String?

    @Option(help: help(Settings.logFormat))
    var logFormat: String?

    private static func help(_ setting: some SettingDescription) -> ArgumentHelp {
        ArgumentHelp("\(setting.help) (default: \(setting.fallback))")
    }

    func run() async throws {
        let sources = redis.sources([
            Settings.queues.key: queues, Settings.concurrency.key: concurrency, Settings.prefetch.key: prefetch,
            Settings.drainTimeout.key: drainTimeout, Settings.killAfter.key: killAfter, Settings.lease.key: lease,
            Settings.logLevel.key: logLevel, Settings.logFormat.key: logFormat,
        ])
        let settings = try Settings(sources)
        let logger = settings.logger()
        for warning in sources.strangers { logger.warning("\(warning)") }
        let handlers = try handlers(settings)
        var configuration = settings.worker
        configuration.isBurst = burst
        configuration.logger = logger
        let worker: Worker
        do throws(JobQueueError) {
            worker = try Worker(url: settings.redis.url.reveal(), handlers: handlers, configuration: configuration)
        } catch { throw Failure(error) }
        // What a worker cannot start without is looked at first: then a wrong call is one line, not the last of four.
        try await settings.redis.withQueue { _ in }
        if handlers.names.isEmpty {
            logger.warning("this program has no handlers: every job will wait as \"no handler\"; try --demo-handlers")
        }
        logger.info(
            "working",
            metadata: [
                "event": "worker.started",
                "queues": "\(configuration.queues.queues.map(\.text).joined(separator: ","))",
                "slots": .stringConvertible(configuration.concurrency), "pid": .stringConvertible(Int(getpid())),
            ])
        try await work(worker, logger)
        logger.info("stopped", metadata: ["event": "worker.stopped"])
    }

    /// The program's own, those of the file, and those of the call. A name may have one handler.
    private func handlers(_ settings: Settings) throws(Failure) -> Handlers {
        var handlers = QueueWorkerApp.handlers
        if demoHandlers { DemoHandlers.add(to: &handlers) }
        for (name, handler) in settings.handlers {
            guard !handlers.names.contains(name) else {
                throw Failure(
                    .badConfiguration, "the job name \(name) has two handlers, one of them in the configuration file")
            }
            handlers.on(name: name, exec: handler)
        }
        for option in exec { try option.add(to: &handlers) }
        return handlers
    }

    /// Runs the worker beside a task that listens to signals and ends with it.
    private func work(_ worker: Worker, _ logger: Logger) async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                var count = 0
                for await signal in signals {
                    count += 1
                    logger.info(
                        "received \(signal)",
                        metadata: ["event": "worker.stopping", "count": .stringConvertible(count)])
                    switch count {
                    case 1: worker.stop()
                    case 2: worker.stop(within: .zero)
                    default: Foundation.exit(130)
                    }
                }
                return false
            }
            group.addTask {
                do throws(JobQueueError) { try await worker.run() } catch { throw Failure(error) }
                return true
            }
            while let isWorkerDone = try await group.next() {
                if isWorkerDone { group.cancelAll() }
            }
        }
    }
}
