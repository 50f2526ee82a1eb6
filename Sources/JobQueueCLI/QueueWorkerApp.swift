import ArgumentParser
import Foundation
import JobQueueExec
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
        var handlers = handlers
        // First: the process of an isolated job gets no further.
        await handlers.isolate()
        await $handlers.withValue(handlers) { await run() }
    }

    private static func run() async {
        Output.holdClosedStreams()
        do {
            var command = try QueueWorkerCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as Failure {
            Output.failure(failure.message)
            exit(failure.code.rawValue)
        } catch {
            let code = QueueWorkerCommand.exitCode(for: error)
            // Help that was asked for is not an error.
            if code == .success { QueueWorkerCommand.exit(withError: error) }
            Output.failure(refusal(of: error))
            exit(code.rawValue)
        }
    }

    /// What the parser refuses, in one line: the usage of `enqueue` alone is longer than what is wrong with a call of it.
    static func refusal(of error: any Error) -> String {
        let message = QueueWorkerCommand.message(for: error)
        return "\(message.split(separator: "\n").first ?? "wrong usage") (see --help)"
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
            69 Redis unreachable · 70 a handler would not stop · 74 cannot write · 75 timed out waiting · 77 not allowed ·
            78 bad configuration · 130 ended by a third signal.
            """,
        version: JobQueueWorkerVersion.text,
        subcommands: [RunCommand.self, EnqueueCommand.self, InfoCommand.self, JobsCommand.self, DeadCommand.self])
}
