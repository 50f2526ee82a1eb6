import ArgumentParser
import JobQueueExec
import JobQueueWorker

/// What a worker is told on the command line, by `run` and `dev` alike. What is not said is looked for elsewhere.
struct WorkerOptions: ParsableArguments {
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

    static func help(_ setting: some SettingDescription) -> ArgumentHelp {
        ArgumentHelp("\(setting.help) (default: \(setting.fallback))")
    }

    /// What was said, by key.
    var settings: [String: String] {
        let options = [
            Settings.queues.key: queues, Settings.concurrency.key: concurrency, Settings.prefetch.key: prefetch,
            Settings.drainTimeout.key: drainTimeout, Settings.killAfter.key: killAfter, Settings.lease.key: lease,
            Settings.logLevel.key: logLevel, Settings.logFormat.key: logFormat,
        ]
        return options.compactMapValues { $0 }
    }

    /// The program's own, those of the file, and those of the call. A name may have one handler.
    func handlers(_ settings: Settings, _ sources: SettingSources) async throws(Failure) -> Handlers {
        var handlers = try await QueueWorkerApp.handlers(sources)
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
}
