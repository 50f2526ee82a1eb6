import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueuePostgres
import Logging
import Postgres
import Telemetry

struct RelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay", abstract: "Move jobs that were enqueued inside Postgres transactions into Redis.",
        discussion: """
            queue-worker relay                  until told to stop
            queue-worker relay ls               rows of which no job could be made, and why
            queue-worker relay retry --all      try those again

            `queue-worker run` does the same beside its jobs where it knows a Postgres. Any number of relays may work at once.
            Docs/postgres.md says how jobs get there.
            """,
        subcommands: [Run.self, List.self, Retry.self, Delete.self], defaultSubcommand: Run.self)

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Move rows until told to stop.",
            discussion: """
                TERM or INT ends it at once: a row in its hands stays where it is. It starts when a server is away, and goes on
                when one comes back.
                """)

        @OptionGroup var redis: RedisOptions
        @OptionGroup var postgres: PostgresOptions
        @OptionGroup var admin: AdminOptions

        @Flag(help: "Exit when nothing waits that can be moved.")
        var burst = false

        @Option(help: WorkerOptions.help(Settings.logLevel))
        var logLevel: String?

        @Option(help: WorkerOptions.help(Settings.logFormat))
        var logFormat: String?

        func run() async throws {
            try Descriptors.check()
            var said = postgres.settings.merging(admin.settings) { $1 }
            said[Settings.logLevel.key] = logLevel
            said[Settings.logFormat.key] = logFormat
            let sources = redis.sources(said)
            var settings = try Settings(sources)
            settings.postgres.relay.isBurst = burst
            let server = try settings.postgres.required()
            let logger = settings.logger()
            for stranger in sources.strangers { logger.warning("\(stranger)") }
            // What does not pass by itself is one line, and not a relay that waits for ever.
            do throws(OutboxError) { try await Relay.check(server) } catch {
                let failure = Failure(error, server)
                if failure.code != .unreachable || burst { throw failure }
            }
            let metrics = settings.adminPort.map { _ in ProcessMetrics.start() }
            let (relay, queue) = try settings.relay(server, metrics, logger)
            let notice = ServiceNotice()
            let families = { @Sendable in metrics?.families ?? [] }
            do {
                try await settings.withAdmin(nil, metrics: families, hasOutbox: true, logger) {
                    notice?.live()
                    await RelayRun(relay: relay, logger: logger).run()
                }
            } catch {
                await queue.close()
                throw error
            }
            await queue.close()
            logger.info("stopped", metadata: ["event": "relay.stopped"])
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List rows of which no job could be made, the oldest first.")

        @OptionGroup var postgres: PostgresAlone

        @Option(parsing: .unconditional, help: "Rows, 1 to 1000.")
        var limit = 100

        @Option(parsing: .unconditional, help: "Only rows behind this number.")
        var after = 0

        @OptionGroup var form: ListForm

        func run() async throws {
            guard (1...1000).contains(limit) else { throw Failure(.usage, "bad --limit \(limit): use 1 to 1000") }
            let settings = try postgres.settings()
            let rows = try await settings.withOutbox { try await $0.rejected(after: after, limit: limit + 1) }
            let shown = rows.prefix(limit).map(RejectedSheet.init)
            if form.json { return try Output.json(RejectedListing(items: shown)) }
            if shown.isEmpty, !form.plain { return Output.error("no row was rejected") }
            for sheet in shown { try Output.print(form.plain ? sheet.plain : sheet.line) }
            if rows.count > limit, let last = shown.last {
                Output.error("there are more: --limit, or go on with --after \(last.number)")
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Put rejected rows back into the outbox, where a relay tries them again.")

        @OptionGroup var postgres: PostgresAlone
        @OptionGroup var choice: RejectedChoice

        func run() async throws {
            try choice.check()
            let settings = try postgres.settings()
            let count = try await settings.withOutbox { try await $0.retry(choice.all ? nil : choice.numbers) }
            try choice.report(count, "put back", "not rejected any more, or waiting again under the same id")
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete rejected rows for good: they will be no jobs.")

        @OptionGroup var postgres: PostgresAlone

        @Argument(help: "Their numbers, as `relay ls` shows them.")
        var numbers: [Int]

        func run() async throws {
            let settings = try postgres.settings()
            let count = try await settings.withOutbox { try await $0.discard(numbers) }
            var choice = RejectedChoice()
            choice.numbers = numbers
            choice.all = false
            try choice.report(count, "deleted", "not rejected any more")
        }
    }
}

/// Rejected rows, by number or all.
struct RejectedChoice: ParsableArguments {
    @Argument(help: "Their numbers, as `relay ls` shows them.")
    var numbers: [Int] = []

    @Flag(help: "All of them.")
    var all = false

    func check() throws(Failure) {
        if numbers.isEmpty != all { throw Failure(.usage, "give numbers, or --all") }
    }

    /// Says what was done. Throws when a row was named that could not be.
    func report(_ count: Int, _ done: String, _ why: String) throws {
        try Output.print("\(count) \(count == 1 ? "row" : "rows") \(done)")
        let left = Set(numbers).count - count
        if !all, left > 0 { throw Failure(.notFound, "\(left) of \(numbers.count) rows not \(done): \(why)") }
    }
}

struct RejectedListing: Encodable {
    var items: [RejectedSheet]
}

/// A rejected row, for people and for scripts.
struct RejectedSheet: Encodable {
    var number: Int
    var queue: String
    var id: String
    var name: String
    var reason: String
    var payloadBytes: Int
    var createdMs: Int
    var rejectedMs: Int

    init(_ row: Outbox.Rejected) {
        number = row.number
        queue = row.queue
        id = row.id
        name = row.name
        reason = row.reason
        payloadBytes = row.bytes
        createdMs = row.createdMs
        rejectedMs = row.rejectedMs
    }

    private var words: [String] {
        let texts = [queue, id, name].map { Printable.oneLine($0, limit: 80) }
        return ["\(number)", Timestamp.text(rejectedMs)] + texts + [Printable.oneLine(reason, limit: 300)]
    }

    var line: String { words.joined(separator: "  ") }
    var plain: String { words.joined(separator: "\t") }
}
