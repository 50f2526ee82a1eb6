import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueWorker
import Logging

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Try everything: a private Redis and a worker, in one command.",
        discussion: """
            Starts the redis-server in PATH on a unix socket, with its data in a folder, and works until told to stop by
            INT (Ctrl-C), TERM or HUP: as with `run`, running jobs may go on for 25s, a second signal gives them back at
            once, a third ends the process. Whatever happens, the server ends with it; the data stays for the next time.
            For development only.
            """)

    @Option(help: "The folder for data, log and socket; nothing else may be in it.")
    var data = "./.queue"

    @Flag(help: "Forget the data of the last time.")
    var fresh = false

    @Option(
        parsing: .unconditional,
        help: "Let other programs reach this Redis on a port of 127.0.0.1, too. (default: unix socket only)")
    var port: Int?

    @Option(help: "Queues: high,default,low (strict order) or high=6,default=3,low=1 (weights).")
    var queues = "default"

    @Option(name: [.short, .long], parsing: .unconditional, help: "Handlers at once.")
    var concurrency = 10

    @Flag(
        help:
            "Add the handlers demo.echo, demo.sleep and demo.fail to those of this program. Without any they are there."
    )
    var demoHandlers = false

    @Option(
        help: ArgumentHelp(
            "Run jobs of this name by a command, one process each, as with `run`. Repeatable.",
            valueName: "name=command"),
        transform: ExecOption.init(parsing:))
    var exec: [ExecOption] = []

    @Option(help: "debug, info, warning or error.")
    var logLevel = "info"

    func run() async throws {
        if let port, !(1...65535).contains(port) {
            throw Failure(.usage, "bad port \(port): use a number from 1 to 65535")
        }
        let handlers = try handlers()
        let settings = try settings(logger())
        // What is wrong with the settings comes before anything is made.
        _ = try DevSession.worker(url: "unix:///none", handlers, settings)
        let folder = try DataFolder(data)
        do {
            if fresh { try folder.forget() }
            let session = DevSession(folder: folder, port: port ?? 0, handlers: handlers, settings: settings)
            try await session.run { page($0, handlers, settings.queues.queues) }
        } catch {
            folder.close()
            throw error
        }
        folder.close()
        settings.logger.info("stopped", metadata: ["event": "worker.stopped"])
    }

    private func handlers() throws(Failure) -> Handlers {
        var handlers = QueueWorkerApp.handlers
        if demoHandlers || handlers.names.isEmpty { DemoHandlers.add(to: &handlers) }
        for option in exec { try option.add(to: &handlers) }
        return handlers
    }

    private func logger() throws(Failure) -> Logger {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw Failure(
                .usage, "bad log level \"\(Printable.oneLine(logLevel, limit: 40))\": use debug, info, warning or error"
            )
        }
        var logger = Logger(label: "queue-worker") { _ in LogFormat.auto.handler() }
        logger.logLevel = level
        return logger
    }

    private func settings(_ logger: Logger) throws(Failure) -> WorkerConfiguration {
        var settings = WorkerConfiguration()
        do throws(QueueOrder.Refusal) { settings.queues = try QueueOrder(parsing: queues) } catch {
            throw Failure(.usage, "\(error)")
        }
        settings.concurrency = concurrency
        settings.logger = logger
        return settings
    }

    private func page(_ server: PrivateServer, _ handlers: Handlers, _ order: [QueueName]) -> DevPage {
        DevPage(
            server: server.title, data: data, socketFolder: server.socket.shortFolder,
            url: server.port > 0 ? "redis://127.0.0.1:\(server.port)" : server.url, slots: concurrency, queues: queues,
            queueToTry: order.contains(.default) ? .default : order[0], handlers: handlers.names,
            program: DevPage.program)
    }
}
