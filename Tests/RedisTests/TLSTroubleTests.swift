import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Redis

/// Servers that do not encrypt when we do, or do when we do not, and handshakes that do not end.
@Suite(.timeLimit(.minutes(1))) struct TLSTroubleTests {
    /// Settings with TLS for a port of this machine.
    private func encrypted(_ port: Int, _ change: (inout RedisConfiguration) -> Void = { _ in }) -> RedisClient {
        var configuration = settings(.tcp(host: "localhost", port: port))
        configuration.tls = RedisTLS(caFile: authority.certificate)
        change(&configuration)
        return RedisClient(configuration)
    }

    /// Which one does not matter where no certificate is ever seen.
    private let authority: TestAuthority

    init() async throws { authority = try await TestAuthority() }

    @Test func `a server without TLS is not spoken to in plain text`() async throws {
        let server = try await PrivateRedis.launch(["--requirepass", "secret"])
        let proxy = try await TestProxy(before: server)
        let client = encrypted(proxy.port) {
            $0.password = Secret("secret")
            $0.connectTimeout = .seconds(1)
        }
        // Until: on a busy machine an attempt may end before it comes as far as the handshake.
        #expect(await client.connects(until: .tls(.silentServer)))
        await client.close()
    }

    @Test func `a server that answers in plain text is refused at once`() async throws {
        let listener = try await answering("-ERR unknown command\r\n", atOnce: true)
        let client = encrypted(try #require(listener.localAddress?.port)) { $0.commandTimeout = .seconds(30) }
        #expect(await client.failure(of: Command("PING")) == .tls(.plainServer))
        #expect(await client.failureToConnect() == .tls(.plainServer))
        await client.close()
        try await listener.close()
    }

    @Test func `a server with TLS behind a URL without says what to write`() async throws {
        let server = try await TLSRedis()
        let client = server.client { $0.tls = nil }
        let error = await client.failureToConnect()
        #expect(error == .tls(.hungUp))
        #expect(error?.description.contains("rediss://") == true)
        await client.close()
    }

    @Test func `an alert of TLS to one who does not speak it is understood`() async throws {
        let listener = try await answering("\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}\u{46}", atOnce: false)
        let client = RedisClient(settings(.tcp(host: "127.0.0.1", port: try #require(listener.localAddress?.port))))
        #expect(await client.failureToConnect() == .tls(.encryptedServer))
        await client.close()
        try await listener.close()
    }

    @Test func `a server that once answered in plain text is not suspected of TLS when it is away`() async throws {
        let server = try await PrivateRedis.launch()
        let proxy = try await TestProxy(before: server)
        let client = client(of: proxy)
        try await client.connect()
        server.kill()
        // Until the loss is noticed, there is a connection.
        var error = await client.failureToConnect()
        while error == nil, !Task.isCancelled { error = await client.failureToConnect() }
        guard case .unreachable = error else {
            Issue.record("\(error as Any)")
            return
        }
        await client.close()
    }

    @Test func `the handshake counts into the time for connecting`() async throws {
        let server = try await TLSRedis()
        let proxy = try await TestProxy(before: server, Behaviour(.swallow))
        let client = server.client(port: proxy.port) { $0.connectTimeout = .milliseconds(250) }
        let start = ContinuousClock.now
        #expect(await client.connects(until: .tls(.silentServer)))
        #expect(ContinuousClock.now - start >= .milliseconds(250))
        proxy.behaviour.become(.pass)
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
        proxy.behaviour.become(.swallow)
        var error = await client.failure(of: Command("PING"), timeout: .milliseconds(100))
        while error == .timedOut(sent: false), !Task.isCancelled {
            error = await client.failure(of: Command("PING"), timeout: .milliseconds(100))
        }
        #expect(error == .timedOut(sent: true))
        guard case .unreachable = await client.failureToConnect() else {
            Issue.record("a server that has worked is suspected")
            return
        }
        await client.close()
    }

    @Test func `a frozen server does not hold up closing`() async throws {
        let server = try await TLSRedis()
        let client = server.client()
        try await client.connect()
        server.process.freeze()
        let start = ContinuousClock.now
        await client.close()
        #expect(ContinuousClock.now - start < .seconds(4))
        server.process.thaw()
    }

    @Test func `a handshake that is cut anywhere is tried again`() async throws {
        let seed = Self.seed()
        let server = try await TLSRedis()
        let proxy = try await TestProxy(before: server, Behaviour(.cut(within: 900), seed: seed))
        let client = server.client(port: proxy.port)
        for _ in 0..<20 {
            guard case .unreachable = await client.failureToConnect() else {
                Issue.record("seed \(seed)")
                return
            }
        }
        proxy.behaviour.become(.pass)
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
        await client.close()
    }

    @Test func `every reply over TLS that keeps breaking is the caller's own`() async throws {
        let seed = Self.seed()
        let server = try await TLSRedis()
        let proxy = try await TestProxy(before: server, Behaviour(.cut(within: 60_000), seed: seed))
        let client = server.client(port: proxy.port) { $0.maxInFlight = 256 }
        var tally: [String: Int] = [:]
        await withTaskGroup(of: String.self) { group in
            for number in 0..<4_000 {
                group.addTask { await CutConnectionTests.echo("unique content \(number)", client) }
            }
            for await outcome in group { tally[outcome, default: 0] += 1 }
        }
        let known = Set(["own", "\(RedisError.connectionLost(sent: true))"])
        #expect(Set(tally.keys) == known, "seed \(seed): \(tally)")
        #expect(tally["own", default: 0] > 400 && proxy.behaviour.cuts > 2, "seed \(seed): \(tally)")
    }

    private static func seed() -> UInt64 {
        let seed =
            ProcessInfo.processInfo.environment["REDIS_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64.max)
        print("REDIS_TEST_SEED=\(seed)")
        return seed
    }

    /// A server that says this to whoever comes, or to whoever says something.
    private func answering(_ text: String, atOnce: Bool) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(text, atOnce: atOnce))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }
}

private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let text: String
    private let atOnce: Bool

    init(_ text: String, atOnce: Bool) {
        self.text = text
        self.atOnce = atOnce
    }

    func channelActive(context: ChannelHandlerContext) { if atOnce { answer(context) } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { if !atOnce { answer(context) } }

    private func answer(_ context: ChannelHandlerContext) {
        context.channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }
}
