import Foundation
import TestSupport
import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct CutConnectionTests {
    @Test func `every reply over a connection that keeps breaking is the caller's own`() async throws {
        let seed =
            ProcessInfo.processInfo.environment["REDIS_TEST_SEED"].flatMap(UInt64.init) ?? .random(in: 0...UInt64.max)
        print("REDIS_TEST_SEED=\(seed)")
        let server = try await PrivateRedis.launch()
        let proxy = try await TestProxy(before: server, Behaviour(.cut(within: 60_000), seed: seed))
        let client = client(of: proxy) { $0.maxInFlight = 256 }
        var tally: [String: Int] = [:]
        await withTaskGroup(of: String.self) { group in
            for number in 0..<10_000 {
                group.addTask { await Self.echo("unique content \(number)", client) }
            }
            for await outcome in group { tally[outcome, default: 0] += 1 }
        }
        let known = Set(["own", "\(RedisError.connectionLost(sent: true))"])
        #expect(Set(tally.keys) == known, "seed \(seed): \(tally)")
        #expect(tally["own", default: 0] > 1000 && proxy.behaviour.cuts > 2, "seed \(seed): \(tally)")
    }

    static func echo(_ content: String, _ client: RedisClient) async -> String {
        do throws(RedisError) {
            let answer = try await client.send(Command("ECHO", content), timeout: .seconds(30)).string()
            return answer == content ? "own" : "somebody else's"
        } catch {
            return "\(error)"
        }
    }
}
