import ArgumentParser
import JobModel
import JobQueueWorker
import Redis

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Look at the configuration without starting anything.",
        discussion: """
            Options come before the environment, then the file of --env-file, secret files (QUEUE_SECRETS, systemd's
            credentials, /run/secrets), the configuration file, and what is built in.
            """,
        subcommands: [Check.self, Show.self, Example.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say everything that is wrong with the configuration; exit with 78 if there is something.")

        @OptionGroup var redis: RedisOptions

        func run() async throws {
            let sources = redis.sources()
            for stranger in sources.strangers { Output.warning(stranger) }
            let settings = try Settings(sources)
            let handlers = try await WorkerOptions.parse([]).handlers(settings, sources).names.count
            try Output.print(
                "ok: \(sources.file.map(\.name) ?? "no configuration file"), "
                    + "\(handlers) handler\(handlers == 1 ? "" : "s")")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every setting, its value, and where that comes from. Secrets stay hidden.")

        @OptionGroup var redis: RedisOptions

        @Flag(help: "As JSON.")
        var json = false

        func run() async throws {
            let sources = redis.sources()
            let sheet = SettingsSheet(sources)
            try json ? Output.json(sheet.lines) : Output.print(sheet.text)
            // What is wrong is said after what there is.
            for stranger in sources.strangers { Output.warning(stranger) }
            _ = try Settings(sources)
        }
    }

    struct Example: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a configuration file with every setting and its meaning, to start from.")

        @Flag(help: "As variables of the environment, for an .env file.")
        var env = false

        func run() async throws {
            try Output.print(env ? SettingsExample.environment : SettingsExample.file)
        }
    }
}
