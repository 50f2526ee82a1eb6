import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

struct InfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show queues and workers.", aliases: ["stats"])

    @OptionGroup var redis: RedisOptions

    @Argument(help: "Only these queues.")
    var queues: [String] = []

    @Flag(help: "One JSON document.")
    var json = false

    func run() async throws {
        let only = try queues.map { text throws(Failure) in
            do throws(NameError) { return try QueueName(text) } catch { throw Failure(.usage, "\(error)") }
        }
        try await redis.withQueue { queue in
            let report = try await report(queue.store, only)
            if json { return try Output.json(report) }
            for line in InfoPage(report, Terminal.style).lines { Output.print(line) }
        }
    }

    private func report(_ store: Store, _ only: [QueueName]) async throws -> InfoReport {
        let known = try await store.queues()
        if let missing = only.first(where: { !known.contains($0) }) {
            throw Failure(.notFound, "there is no queue \(missing): nothing was ever enqueued to it")
        }
        var snapshots: [QueueSnapshot] = []
        for name in only.isEmpty ? known : only { snapshots.append(try await store.queue(name).snapshot()) }
        return InfoReport(server: try await store.server(), snapshots: snapshots)
    }
}

/// What standard output can show.
enum Terminal {
    static var style: PageStyle {
        let environment = ProcessInfo.processInfo.environment
        func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let hasColour = isSet("CLICOLOR_FORCE") || (isTerminal && !isSet("NO_COLOR") && environment["TERM"] != "dumb")
        let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
        let hasUnicode = !isTerminal || locale.lowercased().replacing("-", with: "").contains("utf8")
        return PageStyle(width: width(environment), hasColour: hasColour, hasUnicode: hasUnicode)
    }

    private static func width(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
