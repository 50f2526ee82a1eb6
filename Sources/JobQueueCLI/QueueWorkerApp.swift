import ArgumentParser
public import Configuration
import Foundation
import JobQueueExec
public import JobQueueWorker

/// A worker of one's own: an executable that has every command of `queue-worker`, and these handlers.
///
///     @main struct MyWorker: WorkerApp {
///         static func register(_ handlers: inout Handlers) {
///             handlers.on(SendEmail.self) { job, context in try await mailer.send(job.to) }
///         }
///     }
///
/// Only what is needed: implement one of the two functions. They are called by the commands that run jobs and by `config
/// check`, and not by those that look at queues, so what handlers need can be made there.
public protocol WorkerApp: SendableMetatype {
    /// Adds the handlers.
    static func register(_ handlers: inout Handlers)

    /// Adds the handlers with settings of their own: `config` reads options, environment, secret files and `queue.yaml`
    /// (Docs/configuration.md). What it throws keeps the worker from starting, with the exit code 78.
    static func register(_ handlers: inout Handlers, _ config: ConfigReader) async throws
}

extension WorkerApp {
    public static func register(_ handlers: inout Handlers) {}

    public static func register(_ handlers: inout Handlers, _ config: ConfigReader) async throws {
        register(&handlers)
    }

    /// Runs the command that the arguments name, and ends the process with its exit code.
    public static func main() async { await QueueWorkerApp.main { try await register(&$0, $1) } }
}

/// The whole command line, for programs that are not a `WorkerApp`.
public enum QueueWorkerApp {
    /// Adds handlers, with the settings that they read.
    public typealias Registration = @Sendable (inout Handlers, ConfigReader) async throws -> Void

    /// An object, because optimised code of Swift 6.3 crashes with a function in a task-local value.
    private final class Registrar: Sendable {
        let register: Registration
        init(_ register: @escaping Registration) { self.register = register }
    }

    @TaskLocal private static var registrar = Registrar { _, _ in }

    /// Runs the command that the arguments name, and ends the process with its exit code.
    public static func main(handlers: Handlers = Handlers()) async {
        await main { own, _ in own = handlers }
    }

    /// The same with handlers that are made when a command needs them.
    public static func main(_ register: @escaping Registration) async {
        await $registrar.withValue(Registrar(register)) { await run() }
    }

    /// The program's own handlers. In the process of an isolated job this runs the job and does not return: to be called
    /// before a worker says or starts anything.
    static func handlers(_ sources: SettingSources) async throws(Failure) -> Handlers {
        var handlers = Handlers()
        do { try await registrar.register(&handlers, sources.reader) } catch {
            throw Failure(.badConfiguration, "the handlers cannot be set up: \(error)")
        }
        let troubles = sources.troubles.all
        if !troubles.isEmpty { throw Failure(troubles.map { SettingsProblem(message: $0) }) }
        await handlers.isolate()
        return handlers
    }

    private static func run() async {
        Output.holdClosedStreams()
        ProcessExit.prepare { LogSink.standardError.flush(within: .milliseconds(100)) }
        Descriptors.raise()
        do {
            defer { LogSink.standardError.flush(within: .milliseconds(500)) }
            var command = try QueueWorkerCommand.parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch let failure as Failure {
            for line in [failure.message] + failure.more { Output.failure(line) }
            exit(failure.code.rawValue)
        } catch let code as ExitCode {
            exit(code.rawValue)
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

            Exit codes: 0 done · 1 the operation failed · 64 wrong usage · 65 bad input data · 66 no such job or queue ·
            69 Redis unreachable, or a port taken · 70 a handler would not stop · 74 cannot write · 75 timed out waiting · 77 not allowed ·
            78 bad configuration · 130 ended by one signal more than it takes.
            """,
        version: JobQueueWorkerVersion.text,
        subcommands: [
            RunCommand.self, ServeCommand.self, DevCommand.self, EnqueueCommand.self, InfoCommand.self,
            DashCommand.self,
            QueuesCommand.self, WorkersCommand.self, JobsCommand.self, DeadCommand.self, ExplainCommand.self,
            EventsCommand.self,
            RelayCommand.self, PostgresCommand.self,
            CheckCommand.self,
            HealthcheckCommand.self,
            TokensCommand.self,
            DoctorCommand.self, ConfigCommand.self, CompletionsCommand.self, BenchCommand.self,
        ])
}
