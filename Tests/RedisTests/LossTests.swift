import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Redis

/// Servers that go away, freeze or never were there.
@Suite(.timeLimit(.minutes(1))) struct LossTests {
    @Test(arguments: [true, false]) func `a refused connection is reported at once and clearly`(
        isTCP: Bool
    ) async throws {
        let endpoint: RedisConfiguration.Endpoint =
            isTCP ? .tcp(host: "127.0.0.1", port: 1) : .unix(path: "/nonexistent/r")
        var configuration = settings(endpoint)
        configuration.password = Secret("hunter2")
        configuration.connectTimeout = .seconds(30)
        let client = RedisClient(configuration)
        let start = ContinuousClock.now
        let error = await client.failureToConnect()
        #expect(ContinuousClock.now - start < .seconds(10))
        let words =
            isTCP
            ? ["redis://***@127.0.0.1:1/0", "Connection refused"] : ["unix://***@/nonexistent/r", "No such file"]
        for word in words { #expect(error?.description.contains(word) == true, "\(error as Any)") }
        #expect(error?.isRetryable == true)
        let later = await client.failure(of: Command("PING"), timeout: .milliseconds(100))
        #expect(later == error)
    }

    @Test func `an unknown host is reported clearly`() async throws {
        let client = RedisClient(settings(.tcp(host: "no-such-host.invalid", port: 6379)))
        guard case .unreachable(let reason) = await client.failureToConnect() else {
            Issue.record("connected")
            return
        }
        #expect(reason.contains("no-such-host.invalid") && reason.contains("not found"), "\(reason)")
    }

    @Test func `a peer that is not Redis is given up`() async throws {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(NotRedis()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let client = RedisClient(settings(.tcp(host: "127.0.0.1", port: try #require(listener.localAddress?.port))))
        guard case .unreachable(let reason) = await client.failureToConnect() else {
            Issue.record("connected")
            return
        }
        #expect(reason.contains("Protocol error"), "\(reason)")
        await client.close()
        try await listener.close()
    }

    @Test func `a restarted server is found again, and commands wait for it`() async throws {
        let server = try await PrivateRedis.launch()
        let news = News()
        let client = client(of: server, news: news)
        try await client.connect()
        server.kill()
        await news.first { $0 == .lost(.connectionLost(sent: true)) }
        #expect(!client.isConnected)
        async let early = client.send(Command("ECHO", "early"), timeout: .seconds(20))
        try server.start()
        await news.first { $0 == .connected }
        #expect(try await early.string() == "early")
        #expect(try await client.send(Command("ECHO", "late")).string() == "late")
    }

    @Test func `the loss of a connection is counted, and an attempt that fails is not`() async throws {
        let server = try await PrivateRedis.launch()
        let news = News()
        let client = client(of: server, news: news)
        try await client.connect()
        #expect(client.losses == 0)
        server.kill()
        await news.first { if case .lost(.unreachable) = $0 { true } else { false } }
        #expect(client.losses == 1)
        try server.start()
        await news.first { $0 == .connected }
        #expect(client.losses == 1)
    }

    @Test func `a connection that swallows everything is given up at the deadline`() async throws {
        let server = try await PrivateRedis.launch()
        let proxy = try await TestProxy(before: server)
        let client = client(of: proxy) { $0.connectTimeout = .milliseconds(250) }
        #expect(try await client.send(Command("ECHO", "before")).string() == "before")
        proxy.behaviour.become(.swallow)
        let start = ContinuousClock.now
        let error = await client.failure(of: Command("PING"), timeout: .milliseconds(250))
        #expect(error == .timedOut(sent: true))
        #expect((.milliseconds(250) ... .seconds(4)).contains(ContinuousClock.now - start))
        proxy.behaviour.become(.pass)
        #expect(try await client.send(Command("ECHO", "after")).string() == "after")
    }

    @Test func `a frozen server cannot make the client exceed its bound`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server) {
            $0.maxInFlight = 10
            $0.connectTimeout = .milliseconds(300)
        }
        try await client.connect()
        server.freeze()
        let start = ContinuousClock.now
        var errors: [RedisError?] = []
        var highest = 0
        let ended = Counter()
        await withTaskGroup(of: RedisError?.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    defer { ended.increase() }
                    return await client.failure(of: Command("ECHO", "\(number)"), timeout: .milliseconds(300))
                }
            }
            while ended.value < 1000 {
                let load = await client.load()
                highest = max(highest, load.inFlight + load.unsent)
            }
            for await error in group { errors.append(error) }
        }
        #expect(ContinuousClock.now - start < .seconds(4))
        #expect(highest <= 10)
        let sent = errors.filter { $0?.outcomeIsUnknown == true }.count
        let unsent = errors.filter { $0 == .timedOut(sent: false) }.count
        #expect((1...10).contains(sent) && sent + unsent == 1000, "sent \(sent), unsent \(unsent)")
        server.thaw()
        #expect(try await client.send(Command("ECHO", "again")).string() == "again")
    }
}

/// Speaks first, and something else.
private final class NotRedis: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.channel.writeAndFlush(ByteBuffer(string: "HTTP/1.1 400 Bad Request\r\n\r\n"), promise: nil)
    }
}
