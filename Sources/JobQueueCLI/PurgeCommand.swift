import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension QueuesCommand {
    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "purge",
            abstract: "Delete the jobs of a queue that are in some states. What runs, and the inbox, is left alone.")

        @OptionGroup var redis: RedisOptions

        @Argument(help: "The queue.", completion: NameCompletion.queues)
        var name: String

        @Option(
            name: .customLong("state"),
            help: ArgumentHelp(
                "\(Purging.known), with commas. Repeatable. (default: queued)", valueName: "states"))
        var states: [String] = []

        @Flag(help: "Only say how many there are.")
        var dryRun = false

        @Flag(help: "Do not ask for the queue's name.")
        var yes = false

        func run() async throws {
            let name = try QueueName.all([name])[0]
            let states = try Purging.states(states)
            try await redis.withQueue { queue in
                let report = try await InfoReader(store: queue.store).report(onKnown: [name])
                if let trouble = report.attention.first(where: { $0.code == "unreadable" }) {
                    throw Failure(.failed, trouble.message)
                }
                let store = queue.store.queue(name)
                let snapshot = try await store.snapshot()
                let purging = Purging(name: name, found: states.map { ($0, snapshot.count($0)) })
                if dryRun { return try purging.report() }
                guard try consents(to: purging) else { throw Failure(.failed, "nothing was deleted") }
                let removed = try await store.purge(Set(states))
                try Purging(name: name, found: states.map { ($0, removed[$0] ?? 0) }).report()
            }
        }

        private func consents(to purging: Purging) throws -> Bool {
            switch Consent.needed(yes: yes || purging.total == 0, isTerminal: isatty(STDIN_FILENO) == 1) {
            case .given: return true
            case .missing: throw Failure(.usage, "this would delete \(purging.summary): add --yes")
            case .question:
                Output.error("This deletes \(purging.summary), for good. Type the queue's name to go on:")
                return purging.isConfirmed(by: readLine())
            }
        }
    }
}

/// May something be done that cannot be undone?
enum Consent: Equatable {
    case given
    /// Somebody sits there and can be asked.
    case question
    /// Nobody can be asked.
    case missing

    static func needed(yes: Bool, isTerminal: Bool) -> Consent { yes ? .given : isTerminal ? .question : .missing }
}

/// What is, or was, deleted of a queue.
struct Purging {
    var name: QueueName
    var found: [(state: JobState, count: Int)]

    /// Those that can be deleted by the thousand: what runs is somebody's.
    static let purgeable: [JobState] = [.scheduled, .queued, .retrying, .suspect, .succeeded, .dead, .cancelled]
    static let known = purgeable.map(\.rawValue).joined(separator: ", ")

    /// States as they were written, in the order above.
    static func states(_ texts: [String]) throws(Failure) -> [JobState] {
        if texts.isEmpty { return [.queued] }
        let words = texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map(String.init)
        if let wrong = words.first(where: { word in !purgeable.contains { $0.rawValue == word } }) {
            throw Failure(.usage, "bad --state \(BadValue.quoted(wrong)): use some of \(known)")
        }
        return purgeable.filter { words.contains($0.rawValue) }
    }

    var total: Int { found.reduce(0) { $0 + $1.count } }

    /// `12 queued and 3 dead jobs of mail`.
    var summary: String {
        let parts = found.map { "\($0.count) \($0.state.rawValue)" }.joined(separator: " and ")
        return "\(parts) job\(found.last?.count == 1 ? "" : "s") of \(name)"
    }

    /// A line for each state: `queued  12`.
    var lines: [String] { found.map { "\($0.state.rawValue)  \($0.count)" } }

    func report() throws(Failure) {
        for line in lines { try Output.print(line) }
    }

    /// The name, in full, and nothing that one types without thinking.
    func isConfirmed(by line: String?) -> Bool { line?.trimmingCharacters(in: .whitespaces) == name.text }
}
