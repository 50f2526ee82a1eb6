import ArgumentParser
import Foundation
public import JobQueueWorker

/// The whole command line: a user's own executable calls this with its handlers and has every command.
///
///     @main struct Main {
///         static func main() async {
///             var handlers = Handlers()
///             handlers.on(SendEmail.self) { job, context in … }
///             await QueueWorkerApp.main(handlers: handlers)
///         }
///     }
public enum QueueWorkerApp {
    @TaskLocal static var handlers = Handlers()

    /// Runs the command that the arguments name, and ends the process with its exit code.
    public static func main(handlers: Handlers = Handlers()) async {
        await $handlers.withValue(handlers) { await run() }
    }

    private static func run() async {
        do {
            var command = try QueueWorkerCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as Failure {
            Output.error("queue-worker: \(failure.message)")
            exit(failure.code.rawValue)
        } catch {
            QueueWorkerCommand.exit(withError: error)
        }
    }
}

struct QueueWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue-worker",
        abstract: "Durable background jobs in Redis: run them, enqueue them, look at them.",
        usage: """
            queue-worker run --queues high,default --concurrency 20
            queue-worker enqueue email.send to=a@example.org --wait 10s
            queue-worker info
            """,
        discussion: """
            Redis is found by --redis-url or REDIS_URL: redis://[user:password@]host[:port][/db] or unix:///path/to.sock.

            Exit codes: 0 done · 1 the operation failed · 64 wrong usage · 65 bad input data · 66 no such job ·
            69 Redis unreachable · 70 a handler would not stop · 75 timed out waiting · 77 not allowed · 78 bad configuration.
            """,
        version: JobQueueWorkerVersion.text,
        subcommands: [RunCommand.self, EnqueueCommand.self, InfoCommand.self, JobsCommand.self, DeadCommand.self])
}
