import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct RedisClientTests {
    @Test func `ping and echo`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        try await client.connect()
        #expect(client.isConnected)
        #expect(try await client.send(Command("PING")).string() == "PONG")
        #expect(try await client.send(Command("ECHO", "é\r\n\0")).string() == "é\r\n\0")
        #expect(await client.failure(of: Command("NOSUCH"))?.isRetryable == false)
        await client.close()
        #expect(!client.isConnected)
    }

    @Test func `the first command connects`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        #expect(!client.isConnected)
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
        #expect(client.isConnected)
    }

    @Test func `TCP works by name and by address`() async throws {
        let server = try await PrivateRedis.launch()
        let proxy = try await TestProxy(before: server)
        for host in ["localhost", "127.0.0.1"] {
            let client = client(of: proxy, host: host)
            #expect(try await client.send(Command("ECHO", host)).string() == host)
            await client.close()
        }
    }

    @Test func `a pipeline answers in order, each command for itself`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        let commands = [
            Command("SET", "k", "1"), Command("LPUSH", "k", "x"), Command("INCR", "k"), Command("GET", "none"),
        ]
        let results = try await client.pipeline(commands)
        #expect(try results[0].get().string() == "OK")
        #expect(results[1] == .failure(.wrongType))
        #expect(try results[2].get().integer() == 2)
        #expect(try results[3].get().isNull)
        #expect(try await client.pipeline([]).isEmpty)
        await client.close()
        await #expect(throws: RedisError.closed) { try await client.pipeline(commands) }
    }

    @Test func `a pipeline beyond the bound gets through`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server) { ($0.maxInFlight, $0.commandTimeout) = (3, .seconds(30)) }
        let results = try await client.pipeline((0..<1000).map { Command("ECHO", "\($0)") })
        for (index, result) in results.enumerated() { #expect(try result.get().string() == "\(index)") }
    }

    @Test func `big values go both ways`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        let bytes = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var arguments = Arguments()
        arguments.append("big")
        arguments.append(bytes: bytes)
        _ = try await client.send(Command("SET", arguments))
        var reader = try await client.send(Command("GET", "big")).reader
        #expect(try reader.bytes().elementsEqual(bytes))
    }

    @Test func `submit completes on the event loop`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        let loop = client.eventLoop
        let (answer, isOnLoop) = await withCheckedContinuation { caller in
            client.submit(Command("ECHO", "x")) { caller.resume(returning: ($0, loop.inEventLoop)) }
        }
        #expect(try answer.get().string() == "x")
        #expect(isOnLoop)
    }

    @Test func `each database has its own keys, and the name is shown`() async throws {
        let server = try await PrivateRedis.launch()
        let zero = client(of: server)
        let three = client(of: server) {
            $0.database = 3
            $0.clientName = "worker-7"
        }
        _ = try await three.send(Command("SET", "k", "v"))
        #expect(try await zero.send(Command("GET", "k")).isNull)
        #expect(try await three.send(Command("CLIENT", "GETNAME")).string() == "worker-7")
        let wrong = client(of: server) { $0.database = 99 }
        let error = await wrong.failureToConnect()
        #expect(error?.description.contains("DB index is out of range") == true)
        let named = client(of: server) { $0.clientName = "not allowed" }
        try await named.connect()
    }

    @Test func `a script the server has forgotten is sent again`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        let script = Script(
            name: "sum", source: "return {KEYS[1], ARGV[1] + ARGV[2]}", sha1: "c5c0c1fc03e9b4ef4bd5bcd4d5e3e9b4c5b4b0a1"
        )
        let loaded = try await client.send(Command("SCRIPT", "LOAD", script.source)).string()
        let known = Script(name: script.name, source: script.source, sha1: loaded)
        var arguments = Arguments()
        arguments.append(40)
        arguments.append(2)
        for flush in [false, true, false] {
            if flush { _ = try await client.send(Command("SCRIPT", "FLUSH")) }
            var reader = try await client.evaluate(known, keys: ["k"], arguments: arguments).reader
            #expect(try reader.array() == 2)
            #expect(try reader.string() == "k")
            #expect(try reader.integer() == 42)
        }
        _ = try await client.send(Command("SCRIPT", "FLUSH"))
        let answer = await withCheckedContinuation { caller in
            client.submit(evaluating: known, keys: ["k"], arguments: arguments) { caller.resume(returning: $0) }
        }
        #expect(try answer.get().kind == .array)
    }

    @Test func `close fails what is pending and may be called twice`() async throws {
        let server = try await PrivateRedis.launch()
        let client = client(of: server)
        try await client.connect()
        let (stream, continuation) = AsyncStream.makeStream(of: Result<Reply, RedisError>.self)
        client.submit(Command("BLPOP", "none", "0")) { continuation.yield($0) }
        client.submit(Command("PING")) { continuation.yield($0) }
        await client.close()
        await client.close()
        client.submit(Command("PING")) { continuation.yield($0) }
        var results = stream.makeAsyncIterator()
        for _ in 0..<3 { #expect(await results.next() == .failure(.closed)) }
        #expect(await client.failure(of: Command("PING")) == .closed)
        #expect(await client.failureToConnect() == .closed)
    }

    @Test func `a client that nobody holds closes its connection`() async throws {
        let server = try await PrivateRedis.launch()
        let news = News()
        func use() async throws {
            let client = client(of: server, news: news)
            try await client.connect()
        }
        try await use()
        await news.first { $0 == .lost(.closed) }
    }
}
