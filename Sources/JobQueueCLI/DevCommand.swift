import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueHTTP
import JobQueueWorker
import Logging

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "Try everything: a private Redis, a worker and the HTTP API, in one command.",
        discussion: """
            Starts the redis-server in PATH on a unix socket, with its data in a folder, and works until told to stop by
            INT (Ctrl-C), TERM or HUP: as with `run`, running jobs may go on for 25s, a second signal gives them back at
            once, a third ends the process. Whatever happens, the server ends with it; the data stays for the next time.
            Reads queue.yaml and .env where it runs; the address of Redis in them is not used. Without any handlers the
            demo handlers are there.
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

    @Option(
        parsing: .unconditional,
        help: "Port of 127.0.0.1 for the HTTP API, which needs no token here; when it is taken, another is found.")
    var httpPort = 8080

    @OptionGroup var options: WorkerOptions

    @OptionGroup var files: SourceOptions

    func run() async throws {
        try Descriptors.check()
        if let port, !(1...65535).contains(port) {
            throw Failure(.usage, "bad port \(port): use a number from 1 to 65535")
        }
        if !(0...65535).contains(httpPort) {
            throw Failure(.usage, "bad http port \(httpPort): use a number from 0 to 65535")
        }
        var request = files.request(options.settings)
        request.optionalEnvFile = ".env"
        let sources = SettingSources(request)
        let configured = try Settings(sources)
        var settings = configured.worker
        settings.logger = configured.logger()
        // Before handlers make counters of their own.
        settings.metrics = ProcessMetrics.start()
        var handlers = try await options.handlers(configured, sources)
        for stranger in sources.strangers { settings.logger.warning("\(stranger)") }
        if handlers.names.isEmpty { DemoHandlers.add(to: &handlers) }
        // What is wrong with the settings comes before anything is made.
        _ = try DevSession.worker(url: "unix:///none", handlers, settings)
        let folder = try DataFolder(data)
        do {
            if fresh { try folder.forget() }
            let session = DevSession(
                folder: folder, port: port ?? 0, httpPort: httpPort, handlers: handlers, settings: settings)
            try await session.run { [handlers, settings] in page($0, $1, handlers, settings) }
        } catch {
            folder.close()
            throw error
        }
        folder.close()
        settings.logger.info("stopped", metadata: ["event": "worker.stopped"])
    }

    private func page(
        _ server: PrivateServer, _ place: APIServer.Place, _ handlers: Handlers, _ settings: WorkerConfiguration
    ) -> DevPage {
        let order = settings.queues.queues
        return DevPage(
            server: server.title, data: data, socketFolder: server.socket.shortFolder,
            api: "http://\(place)",
            url: server.port > 0 ? "redis://127.0.0.1:\(server.port)" : server.url, slots: settings.concurrency,
            queues: order.map(\.text).joined(separator: ","),
            queueToTry: order.contains(.default) ? .default : order[0], handlers: handlers.names,
            program: DevPage.program)
    }
}
