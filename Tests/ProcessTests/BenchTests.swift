import Foundation
import JobModel
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

/// Whether the benchmark measures everything and leaves nothing. How fast things are is not for a test.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct BenchTests {
        @Test func `every row gets a figure, and the server is as it was`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("mine", "{}")
                let before = try await site.keys()
                let bench = try await site.command(
                    "bench", "bench", "--redis-url", site.redis.url, "--jobs", "1000", "--rounds", "1", "--json",
                    within: .seconds(60))
                #expect(bench.status == 0, "\(bench.log)")
                let lines = try JSONSerialization.jsonObject(with: Data(bench.output.utf8)) as? [[String: Any]] ?? []
                #expect(lines.count == 13)
                #expect(lines.allSatisfy { $0["value"] as? Double ?? 0 > 0 })
                #expect(try await site.keys() == before)
                #expect(try await site.view(id).state == .queued)
            }
        }

        @Test func `one that is stopped removes its queues as well`() async throws {
            try await Site.run { site in
                let bench = try site.start("bench", ["bench", "--redis-url", site.redis.url, "--jobs", "50000"])
                try await eventually("a queue of the benchmark") {
                    try await site.keys().contains { $0.hasPrefix("jq:{bench-") }
                }
                bench.signal(SIGINT)
                #expect(try await bench.exit() == 130)
                #expect(try await site.keys() == [])
            }
        }
    }
}
