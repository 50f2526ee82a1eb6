import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import JobQueueHTTP

/// Routes that need no Redis, to see the server itself.
struct PlainTable: RouteTable {
    /// Holds `/held` up.
    let latch = Latch()
    let held = Log<Void>()
    /// What was read of bodies.
    let bodies = Log<Int>()
    let bodyLimit: Int
    /// Answers that no route gave.
    let unrouted = Log<String>()

    init(bodyLimit: Int = 1 << 20) { self.bodyLimit = bodyLimit }

    struct Defect: Error {}

    var routes: [Route] {
        [
            Route(.get, "/hello", .open, needsRedis: false) { _ in .text("hello") },
            Route(.get, "/named/{id}", .open, needsRedis: false) { call in .text("<\(call.parameters["id"] ?? "")>") },
            Route(.post, "/count", .open, needsRedis: false) { [self] call throws(Problem) in
                let count = try await call.body(limit: bodyLimit).count
                bodies.note(count)
                return .text("\(count)")
            },
            Route(.post, "/refuse", .open, needsRedis: false) { _ throws(Problem) in
                throw Problem(.forbidden, "not here")
            },
            Route(.get, "/held", .open, needsRedis: false) { [self] _ in
                held.note(())
                try? await latch.pass()
                return .text("let go")
            },
            Route(.get, "/endless", .open, needsRedis: false) { [self] _ in
                Answer(
                    .ok,
                    body: .stream(
                        ResponseBody { writer in
                            defer { held.note(()) }
                            while true { try await writer.write(ByteBuffer(repeating: 65, count: 1 << 16)) }
                        }))
            },
            Route(.get, "/stream", .open, needsRedis: false) { _ in
                Answer(
                    .ok,
                    body: .stream(
                        ResponseBody { writer in
                            for _ in 0..<3 { try await writer.write(ByteBuffer(string: "piece ")) }
                            try await writer.finish(nil)
                        }))
            },
        ]
    }

    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer {
        let id = requestID(request.headers)
        let call = Call(request: request, parameters: parameters, requestID: id, caller: .anonymous)
        do throws(Problem) { return try await route.handle(call) } catch { return .problem(error, requestID: id) }
    }

    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration) {
        unrouted.note("\(method) \(status)")
    }

    func requestID(_ headers: HTTPFields) -> String { RequestID.of(headers, now: 1_700_000_000_000) }
}

/// A server while a test runs, and connections to it.
final class Rig: Sendable {
    let table: PlainTable
    let port: Int
    private let server: APIServer

    private init(_ table: PlainTable, _ server: APIServer, _ port: Int) {
        self.table = table
        self.server = server
        self.port = port
    }

    /// Runs a test beside a server whose limits are as wanted.
    static func run(
        bodyLimit: Int = 1 << 20, grace: Duration = .seconds(5), certificates: CertificateSource? = nil,
        _ limit: (inout HTTPLimits) -> Void = { _ in }, _ body: @escaping @Sendable (Rig) async throws -> Void
    ) async throws {
        let table = PlainTable(bodyLimit: bodyLimit)
        var configuration = APIServer.Configuration()
        configuration.place = .port(host: "127.0.0.1", 0)
        configuration.grace = grace
        configuration.certificates = certificates
        limit(&configuration.limits)
        let server = APIServer(table: table, configuration)
        try await server.run { place in
            guard case .port(_, let port) = place else { return }
            defer { table.latch.open() }
            try await body(Rig(table, server, port))
        }
    }

    func stop() async { await server.stop() }

    func connect() async throws -> Wire { try await Wire(port: port) }

    /// A connection that has been served once.
    func greeted() async throws -> Wire {
        let wire = try await connect()
        try await wire.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
        try await wire.text { $0.hasSuffix("hello") }
        return wire
    }

    /// Many connections, which say these texts in turn.
    func connect(_ count: Int, saying texts: [String]) async throws -> [Wire] {
        var wires: [Wire] = []
        for index in 0..<count {
            wires.append(try await connect())
            try await wires[index].send(texts[index % texts.count])
        }
        return wires
    }

    /// One connection, one text, everything that comes back until the server closes.
    func exchange(_ text: String) async throws -> String {
        let wire = try await connect()
        try await wire.send(text)
        return try await wire.all()
    }
}

/// A connection that sends and shows bytes as they are.
final class Wire: Sendable {
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let bytes = Mutex<[UInt8]>([])
        let isOver = Mutex(false)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes.withLock { $0 += unwrapInboundIn(data).readableBytesView }
        }

        func channelInactive(context: ChannelHandlerContext) { isOver.withLock { $0 = true } }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let collector = Collector()
    private let channel: any Channel

    init(port: Int, configure: @escaping @Sendable (any Channel) throws -> Void = { _ in }) async throws {
        let collector = collector
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try configure(channel)
                    try channel.pipeline.syncOperations.addHandler(collector)
                }
            }.connect(host: "127.0.0.1", port: port).get()
    }

    deinit { channel.close(promise: nil) }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    func send(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes).get() }

    func close() async throws { try await channel.close().get() }

    /// Sends nothing more, but reads on.
    func closeOutput() async throws { try await channel.close(mode: .output).get() }

    /// What came until now.
    var text: String { collector.bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    /// The server has closed.
    var isOver: Bool { collector.isOver.withLock { $0 } }

    @discardableResult
    func text(until isEnough: (String) -> Bool) async throws -> String {
        try await eventually {
            text
        } is: {
            isEnough($0) || isOver
        }
    }

    /// Everything until the server closes.
    func all() async throws -> String {
        try await eventually {
            isOver
        } is: {
            $0
        }
        return text
    }
}
