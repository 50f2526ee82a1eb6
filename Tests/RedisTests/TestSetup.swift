import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import Redis

/// A repeatable source of random numbers (SplitMix64). Tests print their seed; `REDIS_TEST_SEED` repeats a run.
struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Counts across tasks.
final class Counter: Sendable {
    private let count = Atomic(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increase() { count.add(1, ordering: .relaxed) }
}

/// The news of one client, in order.
struct News: Sendable {
    let stream: AsyncStream<RedisStateChange>
    let report: @Sendable (RedisStateChange) -> Void

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: RedisStateChange.self)
        self.stream = stream
        report = { continuation.yield($0) }
    }

    /// The next so many pieces of news.
    func next(_ count: Int) async -> [RedisStateChange] {
        var news: [RedisStateChange] = []
        for await change in stream {
            news.append(change)
            if news.count == count { break }
        }
        return news
    }

    /// Waits for a piece of news that fits, and skips others.
    func first(where fits: (RedisStateChange) -> Bool) async {
        for await change in stream where fits(change) { return }
    }
}

/// Settings for a test: quick to try again, so that no test waits for a pause.
func settings(_ endpoint: RedisConfiguration.Endpoint) -> RedisConfiguration {
    var configuration = RedisConfiguration(endpoint: endpoint)
    configuration.backoff = ReconnectBackoff(minimum: .milliseconds(1), maximum: .milliseconds(10))
    return configuration
}

/// A client of a private server, not connected yet.
func client(
    of server: PrivateRedis, news: News? = nil, _ change: (inout RedisConfiguration) -> Void = { _ in }
) -> RedisClient {
    var configuration = settings(.unix(path: server.socketPath))
    change(&configuration)
    // The client holds the server, which would otherwise end where the test mentions it for the last time.
    return RedisClient(configuration) { change in withExtendedLifetime(server) { news?.report(change) } }
}

/// A client of a proxy, not connected yet.
func client(
    of proxy: TestProxy, host: String = "127.0.0.1", _ change: (inout RedisConfiguration) -> Void = { _ in }
)
    -> RedisClient
{
    var configuration = settings(.tcp(host: host, port: proxy.port))
    change(&configuration)
    return RedisClient(configuration) { _ in withExtendedLifetime(proxy) {} }
}

extension RedisClient {
    /// The error of a command, or nil when it succeeds.
    func failure(of command: Command, timeout: Duration? = nil) async -> RedisError? {
        do throws(RedisError) {
            _ = try await send(command, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    /// Tries to connect until that ends like this, nil being success. False when the test is out of time before.
    func connects(until outcome: RedisError?) async -> Bool {
        while !Task.isCancelled { if await failureToConnect() == outcome { return true } }
        return false
    }

    /// The error of an attempt to connect, or nil when it succeeds.
    func failureToConnect() async -> RedisError? {
        do throws(RedisError) {
            try await connect()
            return nil
        } catch {
            return error
        }
    }
}

/// Replies to these bytes, as a parser fed with pieces of `step` bytes finds them.
func replies(to text: String, step: Int = .max) throws(RedisError) -> [Result<Reply, RedisError>] {
    let parser = ReplyParser()
    var found: [Result<Reply, RedisError>] = []
    var rest = ByteBuffer(string: text)
    while let piece = rest.readSlice(length: min(step, rest.readableBytes)), piece.readableBytes > 0 {
        try parser.feed(piece)
        while let reply = try parser.next() { found.append(reply) }
    }
    return found
}

/// The one reply that these bytes make.
func reply(_ text: String) throws -> Reply {
    try #require(try replies(to: text).first).get()
}
