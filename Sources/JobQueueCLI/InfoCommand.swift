import ArgumentParser
import JobModel
import JobQueueClient
import JobStore
import Redis
import TerminalDashboard

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show queues and workers.",
        discussion: """
            queue-worker info                   all queues and workers
            queue-worker info mail -i 2         one queue, again every 2 seconds
            queue-worker info --json -i 10      one JSON document a line, for a log
            queue-worker info --sort age        the queue whose oldest job waits longest first

            Docs/operating.md says what each column means.
            """, aliases: ["stats"])

    @OptionGroup var redis: RedisOptions

    @OptionGroup var postgres: PostgresOptions

    @Argument(help: "Only these queues.", completion: NameCompletion.queues)
    var queues: [String] = []

    @OptionGroup var look: InfoLook

    @Option(
        name: [.short, .long], parsing: .unconditional,
        help: ArgumentHelp("Again and again, so far apart, such as 2 or 500ms; at least 100ms.", valueName: "time"),
        transform: TimeSpan.parse)
    var interval: TimeSpan?

    func run() async throws {
        try look.check()
        let only = try QueueName.all(queues)
        let interval = try pause()
        let outbox = OutboxColumn(try PostgresSettings(redis.sources(postgres.settings)))
        defer { outbox.close() }
        // What is wrong with the server stands on the page.
        try await redis.withQueueToRead(warns: false) { queue in
            let reader = InfoReader(store: queue.store)
            var report = try await outbox.report { try await reader.report(onKnown: only) }
            report.redis.url = address
            try look.show(report, inRow: interval != nil)
            guard let interval else { return }
            while true {
                if Output.isUnread { return }
                try await Task.sleep(for: interval)
                do {
                    report = try await outbox.report { try await reader.report(only) }
                    report.redis.url = address
                    try look.show(report, inRow: true)
                } catch let error as StoreError {
                    // It is asked again: a server that is restarted is no reason to look away.
                    try look.show(
                        report, inRow: true, trouble: "\(address ?? "redis"): \(Failure(error).message)")
                }
            }
        }
    }

    private func pause() throws(Failure) -> Duration? {
        guard let interval else { return nil }
        guard interval.duration >= .milliseconds(100) else {
            throw Failure(.usage, "bad --interval \(interval): use at least 100ms")
        }
        return interval.duration
    }

    /// Without user and password.
    private var address: String? {
        guard let settings = try? RedisSettings(redis.sources()) else { return nil }
        return try? RedisConfiguration(url: settings.url.reveal()).redactedURL
    }
}
