import Foundation
import JobModel
import JobStore
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ExplorerTests {
    @Test func `with two workers and two jobs every order of events ends where the model ends`() async throws {
        let redis = try PrivateRedis.shared.get()
        let client = try await TestQueue.client(redis)
        let side = RedisSide(client, try StateReader(path: redis.socketPath), name: try QueueName("explorer"))
        var explorer = try await Explorer(side)
        do {
            try await explorer.explore(depth: 3, isBusy: false)
            // The long form, with OPS given, goes one step deeper.
            let isLong = ProcessInfo.processInfo.environment["OPS"] != nil
            try await explorer.explore(depth: isLong ? 4 : 3, isBusy: true)
        } catch let failure as Walk.Failure {
            Issue.record("\(failure)")
        }
        print("explorer: \(explorer.transitions) transitions, \(explorer.states) states")
        await client.close()
    }
}
