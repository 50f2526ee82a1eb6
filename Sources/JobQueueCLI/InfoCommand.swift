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
            let report = try await InfoReader(store: queue.store).report(only)
            if json { return try Output.json(report) }
            for line in InfoPage(report, Terminal.style).lines { try Output.print(line) }
        }
    }
}

/// Collects what `info` shows.
struct InfoReader {
    let store: Store

    /// A report on all queues, or on some. A queue that cannot be read does not hide the others.
    func report(_ only: [QueueName]) async throws -> InfoReport {
        let known = try await store.queues()
        var snapshots: [QueueSnapshot] = []
        var findings: [InfoReport.Attention] = []
        for name in only.isEmpty ? known : only {
            let snapshot: QueueSnapshot
            do throws(StoreError) {
                snapshot = try await store.queue(name).snapshot()
                if let finding = try await unhandled(snapshot) { findings.append(finding) }
            } catch {
                findings.append(try unreadable(name, error))
                continue
            }
            // A queue that other programs filled is in no register before its first worker.
            guard known.contains(name) || !snapshot.isBlank else {
                throw Failure(.notFound, "there is no queue \(name): nothing was ever enqueued to it")
            }
            snapshots.append(snapshot)
        }
        return InfoReport(server: try await store.server(), snapshots: snapshots, findings: findings)
    }

    /// Jobs without a handler try again within minutes, so they are among the next to be due.
    private func unhandled(_ snapshot: QueueSnapshot) async throws(StoreError) -> InfoReport.Attention? {
        guard snapshot.count(.retrying) > 0 else { return nil }
        let queue = store.queue(snapshot.name)
        let next = try await queue.ids(.retrying, offset: 0, limit: 200)
        let waiting = try await queue.inspect(next, full: false).jobs.filter { $0.record.last == .unhandled }
        guard let first = waiting.first else { return nil }
        let envelope = try await queue.inspect([first.id], full: true).jobs.first?.envelope ?? []
        let name = (try? Envelope(parsing: envelope))?.name ?? first.id
        let count = Quantity.of(waiting.count, "job") + (snapshot.count(.retrying) > next.count ? " or more" : "")
        return .init(
            queue: snapshot.name.text, code: "no-handler",
            message: "no worker had a handler for \(count), such as \(name)")
    }

    /// What is wrong with one queue; throws what is wrong with the connection.
    private func unreadable(_ name: QueueName, _ error: StoreError) throws -> InfoReport.Attention {
        let reason = JobQueueError(error)
        guard [.foreignFormat, .internalError].contains(reason.code) else { throw error }
        return .init(queue: name.text, code: "unreadable", message: reason.message)
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

    private static func width(_ environment: [String: String]) -> Int {
        if let columns = environment["COLUMNS"].flatMap({ Int($0) }), columns > 0 { return columns }
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}
