import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobStore
import TerminalDashboard

extension JobsCommand {
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cancel",
            abstract: "Stop jobs: those that wait never start, a running handler is asked to stop.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption
        @OptionGroup var jobs: JobIDs

        func run() async throws {
            let (name, ids) = (try target.name(), try jobs.checked())
            try await redis.withQueue { try await Managing(store: $0.store.queue(name)).cancel(ids).report() }
        }
    }

    struct RunNow: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run-now", abstract: "Make jobs due that are scheduled, or wait for another attempt.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption
        @OptionGroup var jobs: JobIDs

        func run() async throws {
            let (name, ids) = (try target.name(), try jobs.checked())
            try await redis.withQueue { try await Managing(store: $0.store.queue(name)).runNow(ids).report() }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "delete", abstract: "Delete jobs that do not run, with result and history, for good.")

        @OptionGroup var redis: RedisOptions
        @OptionGroup var target: QueueOption
        @OptionGroup var jobs: JobIDs

        @Flag(help: "Do not ask.")
        var yes = false

        func run() async throws {
            let (name, ids) = (try target.name(), try jobs.checked())
            let what = "\(Quantity.of(ids.count, "job")) of \(name)"
            switch Consent.needed(yes: yes, isTerminal: isatty(STDIN_FILENO) == 1) {
            case .given: break
            case .missing: throw Failure(.usage, "this would delete \(what): add --yes")
            case .question:
                Output.error("delete \(what), for good? [y/N]")
                guard readLine()?.lowercased().hasPrefix("y") == true else {
                    throw Failure(.failed, "nothing was deleted")
                }
            }
            try await redis.withQueue { try await Managing(store: $0.store.queue(name)).delete(ids).report() }
        }
    }
}

/// One job or more.
struct JobIDs: ParsableArguments {
    @Argument(help: "Ids of the jobs.")
    var ids: [String]

    /// Each once, in the order they were given.
    func checked() throws(Failure) -> [String] {
        var seen: Set<String> = []
        for id in ids {
            do throws(NameError) { try Names.checkID(id) } catch { throw Failure(.usage, "\(error)") }
        }
        return ids.filter { seen.insert($0).inserted }
    }
}
