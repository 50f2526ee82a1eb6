import ArgumentParser
import Foundation
import JobQueueClient
import JobQueueSupervisor
import JobQueueWorker
import JobStore
import Logging
import Redis

/// How many processes work, and for how long.
struct ProcessOptions: ParsableArguments {
    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.processes))
    var processes: String?

    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.maxJobs))
    var maxJobs: String?

    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.maxMemory))
    var maxMemory: String?

    @Option(parsing: .unconditional, help: WorkerOptions.help(Settings.hangAfter))
    var hangAfter: String?

    @Flag(help: "Work in this process, whatever queue.processes says: the same as --processes 0.")
    var noSupervisor = false

    func validate() throws {
        if noSupervisor, let processes, processes != "0" {
            throw ValidationError("--no-supervisor and --processes \(processes) contradict each other")
        }
    }

    /// What was said, by key.
    var settings: [String: String] {
        let options = [
            Settings.processes.key: noSupervisor ? "0" : processes, Settings.maxJobs.key: maxJobs,
            Settings.maxMemory.key: maxMemory,
            Settings.hangAfter.key: hangAfter,
        ]
        return options.compactMapValues { $0 }
    }
}

extension RunCommand {
    /// Runs this command once more in each of some processes, and keeps them alive. What is wrong with the configuration
    /// or with Redis is found here, once, before the first is started. `names` have handlers in this program.
    func supervise(
        _ settings: Settings, _ worker: WorkerConfiguration, names: Set<String>, _ metrics: HerdMetrics,
        _ notice: ServiceNotice?
    ) async throws {
        let logger = worker.logger
        let configuration = herd(settings)
        try Descriptors.check(processes: configuration.processes)
        let signals = SignalStream(
            [SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGTTIN, SIGTTOU] + (WorkerRun.isHangupIgnored ? [] : [SIGHUP])
                + (WorkerRun.isService ? [SIGTSTP] : []))
        let format = settings.logFormat.seen
        let status = try await settings.redis.withQueue { queue in
            logger.info(
                "supervising",
                metadata: [
                    "event": "supervisor.started", "processes": .stringConvertible(configuration.processes),
                    "slots": .stringConvertible(configuration.slots), "pid": .stringConvertible(Int(getpid())),
                ])
            // What they write goes through here: whether that is a terminal, they cannot see.
            let arguments =
                Array(CommandLine.arguments.dropFirst()) + ["--log-format", format.rawValue]
            let supervisor = Supervisor(
                queue.store, arguments: arguments, configuration, logger: logger,
                check: { checkSettings(settings.redis, names) },
                forward: { LogSink.standardError.write($0, notice: format.notice) },
                announce: { notice?.hear($0) }, metrics: metrics)
            return await supervisor.run(signals.numbers)
        }
        logger.info("stopped", metadata: ["event": "supervisor.stopped"])
        if status != 0 { throw ExitCode(status) }
    }

    /// What the settings are for a supervisor.
    private func herd(_ settings: Settings) -> Supervisor.Configuration {
        var configuration = Supervisor.Configuration()
        configuration.processes = settings.processes ?? ProcessInfo.processInfo.activeProcessorCount
        configuration.queues = settings.worker.queues.queues
        configuration.slots = settings.worker.concurrency
        // A process gives back by itself what its drain timeout leaves, and keeps outcomes for 10 s if Redis is away.
        configuration.grace = settings.worker.drainTimeout + .seconds(16)
        configuration.maxJobs = settings.maxJobs
        configuration.maxMemoryBytes = settings.maxMemory
        configuration.hangAfter = settings.hangAfter
        configuration.isBurst = burst
        configuration.endsIdle = maxIdleTime != nil
        configuration.reloads = WorkerRun.isService
        return configuration
    }

    /// The settings as they are now. `names` have handlers already.
    private func checkSettings(_ before: RedisSettings, _ names: Set<String>) -> Supervisor.Check {
        do {
            let settings = try Settings(redis.sources(options.settings.merging(processes.settings) { $1 }))
            if settings.redis.url.reveal() != before.url.reveal() {
                return .wrong("redis.url is another one: for that the supervisor has to be restarted")
            }
            if settings.processes == 0 {
                return .wrong("queue.processes is 0: for that the supervisor has to be ended")
            }
            if let (name, _) = settings.handlers.first(where: { names.contains($0.name) }) {
                return .wrong("the job name \(name) has two handlers, one of them in the configuration file")
            }
            return .fine(herd(settings))
        } catch { return .wrong(([error.message] + error.more).joined(separator: "; ")) }
    }
}

extension ServiceNotice {
    fileprivate func hear(_ notice: Supervisor.Notice) {
        switch notice {
        case .live: live()
        case .stopping: stopping()
        case .reloading: reloading()
        case .reloaded: reloaded()
        }
    }
}
