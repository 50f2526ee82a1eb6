import Foundation
import JobQueueClient
import JobQueueHTTP
import JobQueueWorker
import Logging
import Telemetry

/// A private Redis and a worker, from their start to their end.
struct DevSession {
    let folder: DataFolder
    /// 0: no TCP.
    let port: Int
    /// Where the API is tried first; when that port is taken, any is.
    let httpPort: Int
    let handlers: Handlers
    let settings: WorkerConfiguration

    /// Returns when everything has ended that it started.
    func run(_ page: (PrivateServer, APIServer.Place) -> DevPage) async throws {
        let traps = [SIGTERM, SIGINT] + (WorkerRun.isHangupIgnored ? [] : [SIGHUP])
        // A signal gives the start up.
        let atStart = SignalStream(traps)
        guard let server = try await start(until: atStart) else { return }
        do {
            let worker = try Self.worker(url: server.url, handlers, settings)
            try await withAPI(on: server) { place in
                for line in page(server, place).lines { try Output.print(line) }
                let run = WorkerRun(worker: worker, logger: settings.logger, abandon: { server.abandon() })
                try await run.run {
                    try await Self.work(worker, on: server)
                    if await !server.stop() {
                        settings.logger.warning("redis-server did not end by itself and was killed")
                    }
                }
            }
        } catch {
            await server.stop()
            throw error
        }
    }

    /// Serves the API to this machine while the body runs.
    private func withAPI(on server: PrivateServer, _ body: (APIServer.Place) async throws -> Void) async throws {
        let queue: JobQueue
        do throws(JobQueueError) { queue = try await JobQueue(url: server.url) } catch { throw Failure(error) }
        var configuration = JobQueueAPI.Configuration()
        configuration.logger = settings.logger
        configuration.metrics = settings.metrics as? PrometheusMetrics
        var api = JobQueueAPI(queue: queue, configuration: configuration, gate: LocalGate())
        api.extraRoutes += Health([.redis(queue, within: .seconds(1))]).routes
        let result: Result<Void, any Error>
        do {
            try await serve(api, on: httpPort, body)
            result = .success(())
        } catch { result = .failure(error) }
        await queue.close()
        try result.get()
    }

    private func serve(
        _ api: JobQueueAPI, on port: Int, _ body: (APIServer.Place) async throws -> Void
    ) async throws {
        var configuration = APIServer.Configuration()
        configuration.place = .port(host: "127.0.0.1", port)
        configuration.grace = .seconds(1)
        configuration.logger = settings.logger
        do { try await APIServer(api, configuration).run(body) } catch let failure as APIServer.Failure {
            // A development server more, or anything else: no reason not to begin.
            guard failure.kind == .taken, port != 0 else { throw Failure(failure) }
            try await serve(api, on: 0, body)
        }
    }

    /// Nil when a signal came before the server was ready.
    private func start(until signals: SignalStream) async throws -> PrivateServer? {
        try await withThrowingTaskGroup(of: PrivateServer?.self) { group in
            group.addTask { try await PrivateServer.start(in: folder, port: port) }
            group.addTask {
                for await _ in signals.numbers { return nil }
                return nil
            }
            let server = try await group.next() ?? nil
            group.cancelAll()
            // It may have become ready at the last moment.
            if server == nil, let late = try await group.next() ?? nil { await late.stop() }
            return server
        }
    }

    /// Works as long as the server lives. Throws when that ends first: jobs cannot be settled then, so nobody waits long.
    private static func work(_ worker: Worker, on server: PrivateServer) async throws {
        let loss = try await withThrowingTaskGroup(of: Failure?.self) { group in
            group.addTask {
                try await WorkerRun.work(worker)
                return nil
            }
            group.addTask {
                guard let loss = await server.endUnasked() else { return nil }
                worker.stop(within: .zero)
                // Handlers may tidy up for 2 s.
                try? await Task.sleep(for: .seconds(3))
                if Task.isCancelled { return loss }
                server.abandon()
                Output.failure(loss.message)
                exit(loss.code.rawValue)
            }
            var loss: Failure?
            for try await result in group {
                group.cancelAll()
                loss = loss ?? result
            }
            return loss
        }
        if let loss { throw loss }
    }

    static func worker(url: String, _ handlers: Handlers, _ settings: WorkerConfiguration) throws(Failure) -> Worker {
        do throws(JobQueueError) {
            return try Worker(url: url, handlers: handlers, configuration: settings)
        } catch { throw Failure(error) }
    }
}
