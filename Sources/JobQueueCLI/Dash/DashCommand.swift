import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import Logging
import Redis
import TerminalDashboard

struct DashCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dash", abstract: "Watch queues, jobs and workers on the whole screen, and act on them.",
        discussion: """
            Lower-case keys look, upper-case keys change things and ask before they do it to many; ? shows them all.
            Colours are those of the terminal; NO_COLOR leaves them out.
            """)

    @OptionGroup var redis: RedisOptions

    @OptionGroup var postgres: PostgresOptions

    @Option(
        parsing: .unconditional, help: "Look at Redis this often, 500ms to 1m; + and - change it.",
        transform: TimeSpan.parse)
    var refresh = TimeSpan.seconds(2)

    @Flag(help: "Change nothing, whatever is pressed.")
    var readOnly = false

    @Flag(help: "Draw with ASCII only. (default: when the locale is not UTF-8)")
    var ascii = false

    @Flag(help: "Leave the mouse to the terminal, so that text can be selected.")
    var noMouse = false

    func run() async throws {
        let interval = refresh.duration.milliseconds
        guard (500...60_000).contains(interval) else {
            throw Failure(.usage, "bad --refresh \(refresh): use 500ms to 1m")
        }
        let environment = ProcessInfo.processInfo.environment
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, environment["TERM"] ?? "dumb" != "dumb" else {
            throw Failure(
                .usage, "dash needs a terminal that can be drawn on: use info -i 2")
        }
        let settings = try RedisSettings(redis.sources())
        let outbox = OutboxColumn(try PostgresSettings(redis.sources(postgres.settings)))
        defer { outbox.close() }
        var look = DashLook(isReadOnly: readOnly, isASCII: ascii || !Terminal.style.hasUnicode)
        look.address = (try? RedisConfiguration(url: settings.url.reveal()).redactedURL) ?? ""
        let (log, news) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(DashState.logLimit))
        let logger = Logger(label: "dash") { _ in RingLogHandler(news: news) }
        let terminal = DashTerminal(hasMouse: !noMouse)
        let state = DashState(look: look, size: terminal.size, intervalMs: interval)
        // Whatever is wrong with that Redis, who looks at it wants to see it.
        try await redis.withQueueToRead(warns: false, logger: logger) { queue in
            let session = DashSession(
                state: state, terminal: terminal, source: DashSource(store: queue.store, outbox: outbox),
                actions: DashActions(store: queue.store, payloadLimit: queue.maxPayloadBytes, logger: logger),
                log: log,
                hasColour: Terminal.style.hasColour, close: { await queue.close() })
            try await session.run()
        }
    }
}

/// Lines for the list that `L` shows: written anywhere else they would spoil the screen.
private struct RingLogHandler: LogHandler {
    let news: AsyncStream<String>.Continuation
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = LineLogHandler()
        line.metadata = metadata
        news.yield(line.line(event))
    }
}
