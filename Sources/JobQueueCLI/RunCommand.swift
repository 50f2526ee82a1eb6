import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import Logging

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Work: claim jobs and run their handlers until told to stop.",
        discussion: """
            TERM or INT: no new jobs, running ones may go on for --drain-timeout, then they are cancelled and given back
            without an attempt being spent. A second signal gives back at once, a third ends the process.
            """,
        aliases: ["worker"])

    @OptionGroup var redis: RedisOptions

    @Option(help: "Queues: high,default,low (strict order) or high=6,default=3,low=1 (weights).")
    var queues = "default"

    @Option(name: [.short, .long], parsing: .unconditional, help: "Handlers at once.")
    var concurrency = 10

    @Option(parsing: .unconditional, help: "Jobs claimed ahead of free slots: auto, or a number.")
    var prefetch = "auto"

    @Option(
        parsing: .unconditional, help: "How long running jobs may go on after TERM. (default: 25s)",
        transform: TimeSpan.parse)
    var drainTimeout = TimeSpan.seconds(25)

    @Option(
        parsing: .unconditional,
        help: "How long a handler may ignore its time limit before the process exits with 70. (default: 30s)",
        transform: TimeSpan.parse)
    var killAfter = TimeSpan.seconds(30)

    @Option(
        parsing: .unconditional,
        help: "Lease of a queue that has none yet: a worker silent for so long has lost its jobs. (default: 30s)",
        transform: TimeSpan.parse)
    var lease = TimeSpan.seconds(30)

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

    @Option(help: "debug, info, warning or error.")
    var logLevel = "info"

    @Option(help: "text, json, or auto: text on a terminal, else one JSON object a line.")
    var logFormat = LogFormat.auto

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw Failure(
                .usage, "bad log level \"\(Printable.oneLine(logLevel, limit: 40))\": use debug, info, warning or error"
            )
        }
        var logger = Logger(label: "queue-worker") { [logFormat] _ in logFormat.handler() }
        logger.logLevel = level
        var handlers = QueueWorkerApp.handlers
        if demoHandlers { DemoHandlers.add(to: &handlers) }
        for option in exec { try option.add(to: &handlers) }
        let worker: Worker
        do throws(JobQueueError) {
            worker = try Worker(url: redis.url, handlers: handlers, configuration: try settings(logger))
        } catch { throw Failure(error) }
        // What a worker cannot start without is looked at first: then a wrong call is one line, not the last of four.
        try await redis.withQueue { _ in }
        if handlers.names.isEmpty {
            logger.warning("this program has no handlers: every job will wait as \"no handler\"; try --demo-handlers")
        }
        logger.info(
            "working",
            metadata: [
                "event": "worker.started", "queues": "\(queues)", "slots": .stringConvertible(concurrency),
                "pid": .stringConvertible(Int(getpid())),
            ])
        try await WorkerRun.run(worker, logger)
        logger.info("stopped", metadata: ["event": "worker.stopped"])
    }

    private func settings(_ logger: Logger) throws(JobQueueError) -> WorkerConfiguration {
        var settings = WorkerConfiguration()
        do throws(QueueOrder.Refusal) { settings.queues = try QueueOrder(parsing: queues) } catch {
            throw JobQueueError(.badName, "\(error)")
        }
        settings.concurrency = concurrency
        if prefetch != "auto" {
            guard let number = Int(prefetch), (0...1000).contains(number) else {
                throw JobQueueError(.badOption, "bad prefetch: use auto or a number from 0 to 1000")
            }
            settings.prefetch = number
        }
        settings.drainTimeout = drainTimeout.duration
        settings.killAfter = killAfter.duration
        settings.lease = lease.duration
        settings.isBurst = burst
        settings.allowsUnsafeServer = redis.allowUnsafeRedis
        settings.logger = logger
        return settings
    }
}
