import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import JobModel
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Serves routes on a port or a socket until it is stopped. It listens to no signals: whoever runs it does.
package final class APIServer: Sendable {
    /// Where it is reached.
    package enum Place: Sendable, Equatable {
        /// Port 0 stands for any that is free.
        case port(host: String, Int)
        /// A unix socket. A socket file that nobody serves any more is replaced.
        case socket(String)
    }

    package struct Configuration: Sendable {
        package var place = Place.port(host: "127.0.0.1", 8080)
        package var limits = HTTPLimits()
        /// How long requests in flight may go on once it is stopped. The default is 25 s.
        package var grace = Duration.seconds(25)
        /// Nil: no TLS.
        package var certificates: CertificateSource?
        /// The default says nothing.
        package var logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
        /// Runs what logs several lines one behind the other, so that they can be written at once. The default just runs it.
        package var together: @Sendable (() -> Void) -> Void = { $0() }

        package init() {}
    }

    private let configuration: Configuration
    private let group: ServiceGroup
    private let onStop: @Sendable () -> Void
    private let express: Express?
    /// Where it listens, as soon as it does; ends with it.
    package let places: AsyncStream<Place>
    private let place: AsyncStream<Place>.Continuation

    package convenience init(_ api: JobQueueAPI, _ configuration: Configuration) {
        // Whoever waits for a job is answered at once: their waits may be longer than the grace.
        self.init(
            table: api, configuration, express: Express(api, together: configuration.together),
            onStop: { api.waits.end() })
    }

    init(
        table: any RouteTable, _ configuration: Configuration, express: Express? = nil,
        onStop: @escaping @Sendable () -> Void = {}
    ) {
        self.onStop = onStop
        self.express = express
        self.configuration = configuration
        (places, place) = AsyncStream.makeStream()
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: Unrouted(table, logger: configuration.logger))
        table.add(to: router)
        let (limits, certificates, wanted) = (configuration.limits, configuration.certificates, configuration.place)
        let refuse = Self.refuse(table, configuration.logger)
        // What the libraries say of themselves is not for our logs.
        let silent = Logger(label: "hummingbird") { _ in SwiftLogNoOpLogHandler() }
        let application = Application(
            router: router,
            server: HTTPServerBuilder {
                ConnectionSetup(
                    responder: $0, limits: limits, tls: certificates, express: express, refuse: refuse)
            },
            configuration: ApplicationConfiguration(
                address: wanted.address, availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
            onServerRunning: { [place] in place.yield(wanted.settled($0)) }, logger: silent)
        var services = ServiceGroupConfiguration(services: [application], logger: silent)
        services.maximumGracefulShutdownDuration = configuration.grace
        group = ServiceGroup(configuration: services)
    }

    /// Serves until `stop` has been called and requests in flight have ended, or until the task is cancelled, which ends
    /// them. Throws when it cannot listen.
    package func run() async throws(Failure) {
        defer { place.finish() }
        if case .socket(let path) = configuration.place, await Self.isServed(path) {
            throw Failure(.taken, "the socket \(Printable.oneLine(path, limit: 200)) is served by another process")
        }
        let failure = await withTaskGroup(of: Failure?.self) { tasks in
            tasks.addTask { [self] in await serve() }
            if let certificates = configuration.certificates {
                tasks.addTask { [logger = configuration.logger] in
                    await certificates.watch(logger)
                    return nil
                }
            }
            if let express {
                tasks.addTask {
                    await express.run()
                    return nil
                }
            }
            let end = await tasks.next() ?? nil
            tasks.cancelAll()
            return end
        }
        if let failure { throw failure }
        if case .socket(let path) = configuration.place { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Accepts nothing more, lets requests in flight end for as long as the grace is, then ends them. Does not wait for that.
    package func stop() async {
        onStop()
        await group.triggerGracefulShutdown()
    }

    /// Serves while the body runs, which begins when it listens. Throws what the body throws, or why it cannot listen.
    package func run(_ body: (Place) async throws -> Void) async throws {
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { [self] in try await run() }
            var result = Result<Void, any Error>.success(())
            for await place in places {
                do { try await body(place) } catch { result = .failure(error) }
                await stop()
            }
            try await tasks.waitForAll()
            try result.get()
        }
    }

    private func serve() async -> Failure? {
        do { try await group.run() } catch { return Failure(error, configuration.place) }
        return nil
    }

    /// What a client is told whose request never became one.
    private static func refuse(
        _ table: any RouteTable, _ logger: Logger
    ) -> @Sendable (ConnectionState.Refusal) -> Answer {
        { why in
            let problem = Problem(why)
            let id = table.requestID(HTTPFields())
            var answer = Answer.problem(problem, requestID: id)
            answer.headers[.requestID] = id
            if case .bytes(let bytes) = answer.body { answer.headers[.contentLength] = String(bytes.count) }
            logger.debug(
                "refused: \(problem.detail)", metadata: ["event": "http.refused", "request_id": "\(id)"])
            return answer
        }
    }

    private static func isServed(_ path: String) async -> Bool {
        let attempt = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: path)
        guard let channel = try? await attempt.get() else { return false }
        try? await channel.close()
        return true
    }
}

extension Problem {
    init(_ why: ConnectionState.Refusal) {
        switch why {
        case .malformed: self.init(.invalidRequest, "this is not HTTP/1.1 as RFC 9112 has it")
        case .headTooLarge: self.init(.headersTooLarge, "the line and the headers of the request are too large")
        case .headTooSlow: self.init(.requestTimeout, "the line and the headers of the request took too long to arrive")
        }
    }
}
