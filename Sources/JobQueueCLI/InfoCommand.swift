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
        // What is wrong with the server stands on the page.
        try await redis.withQueueToRead(warns: false) { queue in
            let report = try await InfoReader(store: queue.store).report(onKnown: only)
            if json { return try Output.json(report) }
            for line in InfoPage(report, Terminal.style).lines { try Output.print(line) }
        }
    }
}

extension InfoReader {
    /// The same, and throws for a queue that is not there.
    func report(onKnown queues: [QueueName]) async throws -> InfoReport {
        let report = try await report(queues)
        let seen = Set(report.queues.map(\.name) + report.attention.map(\.queue))
        guard let missing = queues.first(where: { !seen.contains($0.text) }) else { return report }
        throw Failure(.notFound, "there is no queue \(missing): nothing was ever enqueued to it")
    }
}

/// What standard output can show.
enum Terminal {
    /// Columns of the terminal; nil when there is none, and nothing to fit into.
    static var width: Int? { isatty(STDOUT_FILENO) == 1 ? width(ProcessInfo.processInfo.environment) : nil }

    static var style: PageStyle {
        let environment = ProcessInfo.processInfo.environment
        func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let hasColour = isSet("CLICOLOR_FORCE") || (isTerminal && !isSet("NO_COLOR") && environment["TERM"] != "dumb")
        let locale = environment["LC_ALL"] ?? environment["LC_CTYPE"] ?? environment["LANG"] ?? ""
        let hasUnicode = !isTerminal || locale.lowercased().replacing("-", with: "").contains("utf8")
        return PageStyle(width: width(environment), hasColour: hasColour, hasUnicode: hasUnicode)
    }

    /// Where there is no terminal nothing is cut: a program reads it.
    static var listStyle: PageStyle {
        var style = style
        if isatty(STDOUT_FILENO) != 1 { style.width = .max }
        return style
    }

    private static func width(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
