import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension WaitTests {
    /// `HOLD_MS` is how long each handler blocks.
    @Suite(.timeLimit(.minutes(15))) struct BlockedTests {
        static let ms = number("HOLD_MS", otherwise: 1600)
        struct Case: Sendable, CustomStringConvertible {
            var handler: String
            var processes: Int
            var description: String { "\(handler), \(processes) processes" }
        }
        /// Those of the pool run two at a time on two cores, the others all at once.
        static let cases: [Case] =
            [Case(handler: "test.block", processes: 1), Case(handler: "test.hold", processes: 0)]
            + (ms > 1600 ? [Case(handler: "test.block", processes: 0), Case(handler: "test.hold", processes: 1)] : [])

        @Test(arguments: cases)
        func `eight handlers that block their threads cost no lease, and their worker stays in sight`(
            what: Case
        ) async throws {
            try await Site.run { site in
                for _ in 0..<8 {
                    try await site.enqueue(
                        what.handler, "{\"ms\":\(Self.ms)}", options: JobOptions(timeout: nil))
                }
                // Its supervisor must not take it for one that hangs.
                _ = try site.worker("blocked", slots: 8, "--processes", "\(what.processes)", "--hang-after", "1s")
                try await site.started(2)
                let blocked = try #require(site.journal.starts.first?.pid)
                let idle = try site.worker("idle")
                try await eventually("the other one is there") {
                    try await Self.worker(idle.pid, site) != nil
                }
                var beats: Set<Double> = []
                var oldest = 0.0
                try await eventually("all jobs have ended", within: .milliseconds(Self.ms * 8 + 20_000)) {
                    let snapshot = try await site.store.snapshot()
                    if snapshot.isDrained { return true }
                    let worker = try #require(try await Self.worker(blocked, site), "it is not in sight")
                    beats.insert(worker.deadline)
                    oldest = max(oldest, Double(snapshot.now) + 1000 - worker.deadline)
                    return false
                }
                let audit = try await Audit(site.store)
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(audit.records.isEmpty && site.journal.starts.count == 8, "\(audit.reasons)")
                #expect(site.journal.lines.allSatisfy { $0.pid == blocked })
                // One beat is due every third of a second.
                #expect(oldest < 1000, "the oldest beat was of \(Int(oldest)) ms ago")
                #expect(beats.count >= Self.ms / 1000, "\(beats.count) beats")
            }
        }

        /// What a process last said of itself.
        private static func worker(_ pid: pid_t, _ site: Site) async throws -> QueueSnapshot.Worker? {
            try await site.store.snapshot().workers.first { WorkerCard(parsing: $0.about)?.pid == Int(pid) }
        }
    }
}
