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

    /// What was said, by key.
    var settings: [String: String] {
        let options = [
            Settings.processes.key: processes, Settings.maxJobs.key: maxJobs, Settings.maxMemory.key: maxMemory,
            Settings.hangAfter.key: hangAfter,
        ]
        return options.compactMapValues { $0 }
    }
}

extension RunCommand {
    /// Runs this command once more in each of some processes, and keeps them alive. What is wrong with the configuration
    /// or with Redis is found here, once, before the first is started.
    func supervise(_ settings: Settings, _ logger: Logger) async throws {
        var configuration = Supervisor.Configuration()
        configuration.processes = settings.processes ?? ProcessInfo.processInfo.activeProcessorCount
        try Descriptors.check(processes: configuration.processes)
        configuration.slots = settings.worker.concurrency
        // A process gives back by itself what its drain timeout leaves, and keeps outcomes for 10 s if Redis is away.
        configuration.grace = settings.worker.drainTimeout + .seconds(16)
        configuration.maxJobs = settings.maxJobs
        configuration.maxMemoryBytes = settings.maxMemory
        configuration.hangAfter = settings.hangAfter
        configuration.isBurst = burst
        configuration.reloads = isatty(STDIN_FILENO) == 0 && isatty(STDERR_FILENO) == 0
        configuration.ignoresHangup = WorkerRun.isHangupIgnored
        let status = try await settings.redis.withQueue { queue in
            logger.info(
                "supervising",
                metadata: [
                    "event": "supervisor.started", "processes": .stringConvertible(configuration.processes),
                    "slots": .stringConvertible(configuration.slots), "pid": .stringConvertible(Int(getpid())),
                ])
            // What they write goes through here: whether that is a terminal, they cannot see.
            let arguments =
                Array(CommandLine.arguments.dropFirst()) + ["--log-format", settings.logFormat.seen.rawValue]
            let supervisor = Supervisor(
                queue.store, arguments: arguments, configuration, logger: logger,
                check: { checkSettings(settings.redis) }, forward: Self.forward)
            return await supervisor.run()
        }
        logger.info("stopped", metadata: ["event": "supervisor.stopped"])
        if status != 0 { throw ExitCode(status) }
    }

    /// The settings as they are now.
    private func checkSettings(_ before: RedisSettings) -> Supervisor.Check {
        do {
            let settings = try Settings(redis.sources(options.settings.merging(processes.settings) { $1 }))
            if settings.redis.url.reveal() != before.url.reveal() {
                return .wrong("redis.url is another one: for that the supervisor has to be restarted")
            }
            return .fine(slots: settings.worker.concurrency)
        } catch { return .wrong(([error.message] + error.more).joined(separator: "; ")) }
    }

    /// A line of a process, whole. That nobody reads it is no reason to end.
    @Sendable private static func forward(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress! + written, bytes.count - written) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 { return }
            written += count
        }
    }
}
