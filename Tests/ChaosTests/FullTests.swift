import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

extension WaitTests {
    @Suite(.timeLimit(.minutes(2))) struct FullTests {
        @Test(arguments: [0, 2])
        func `a full Redis refuses jobs at once and says why, while workers drain it and keep their leases`(
            processes: Int
        ) async throws {
            try await Site.run(["--maxmemory", "6mb", "--maxmemory-policy", "noeviction"]) { site in
                let ids = try await site.enqueueNumbers(0..<400) { _ in 15 }
                // Longer than the lease: only beats keep it.
                let long = try await site.enqueue("test.number", #"{"number":0,"ms":2500}"#)
                _ = try site.worker("a", "--processes", "\(processes)")
                try await site.started(20)
                let more = try await Self.fill(site)
                let before = try await site.store.snapshot().count(.succeeded)

                let begin = ContinuousClock.now
                let error = await #expect(throws: JobQueueError.self) { try await site.enqueue("test.number", "{}") }
                #expect(ContinuousClock.now - begin < .seconds(5))
                #expect(error?.message.contains("maxmemory") == true, "\(error?.message ?? "")")
                let enqueue = try await site.command(
                    "enqueue", "enqueue", "test.number", "number:=1", "ms:=0", "--redis-url", site.redis.url)
                #expect(enqueue.status != 0 && enqueue.log.contains("maxmemory"), "\(enqueue.log)")

                var silence = -Double.infinity
                try await eventually("all jobs have ended", within: .seconds(30)) {
                    let snapshot = try await site.store.snapshot()
                    for worker in snapshot.workers { silence = max(silence, Double(snapshot.now) - worker.deadline) }
                    return snapshot.isDrained
                }
                #expect(silence < 0, "a lease was over for \(Int(silence)) ms, because no beat arrived")
                #expect(before < 400 + more, "nothing was left to drain")
                #expect(try await Self.isFull(site))
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids + [long], Array(0..<400) + [0])))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(audit.records.isEmpty && site.journal.starts.count == 401 + more, "\(audit.reasons)")

                _ = try await site.store.client.send(Command("CONFIG", "SET", "maxmemory", "0"))
                try await site.enqueue("test.number", #"{"number":1,"ms":0}"#)
                try await site.drained()
            }
        }

        /// Hands jobs over until they are refused. Answers how many were accepted.
        private static func fill(_ site: Site) async throws -> Int {
            let payload = "{\"number\":0,\"ms\":1,\"more\":\"\(String(repeating: "x", count: 50_000))\"}"
            var count = 0
            while (try? await site.enqueue("test.number", payload)) != nil { count += 1 }
            // What has ended makes room; not so much.
            _ = try await site.store.client.send(Command("CONFIG", "SET", "maxmemory", "1mb"))
            guard try await isFull(site) else { throw Overdue(description: "Redis is not full") }
            return count
        }

        private static func isFull(_ site: Site) async throws -> Bool {
            let facts = try await site.store.client.send(Command("INFO", "memory")).string()
            func value(_ name: String) -> Int {
                let line = facts.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
                return line?.split(separator: ":").last.flatMap { Int($0) } ?? 0
            }
            return value("used_memory") >= value("maxmemory")
        }
    }
}
