import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct ShutdownTests {
        @Test(arguments: [SIGTERM, SIGINT])
        func `a worker that is told to stop lets its runs end and exits with 0`(signal: Int32) async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<4) { _ in 400 }
                let worker = try site.worker("a", slots: 2)
                try await site.started(2)
                worker.signal(signal)
                #expect(try await worker.exit() == 0)

                #expect(site.journal.lines.map(\.phase) == [.start, .start, .end, .end])
                let views = try await site.store.inspect(ids, full: true).jobs
                #expect(views.map(\.state) == [.succeeded, .succeeded, .queued, .queued])
                #expect(views.allSatisfy { $0.record == RunRecord() && $0.errors.isEmpty })
                #expect(try await site.store.snapshot().workers == [])
            }
        }

        @Test func `off a terminal the log is one JSON object a line, and each run has one`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<3) { _ in 0 }
                let failing = try await site.enqueue("test.unknown", "{}")
                let worker = try site.worker("a", log: "auto")
                try await eventually("all ran") {
                    let views = try await site.store.inspect(ids + [failing], full: false).jobs
                    return views.map(\.state) == [.succeeded, .succeeded, .succeeded, .retrying]
                }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                let lines = try worker.log.split(separator: "\n").map { line in
                    try #require(
                        JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "not JSON: \(line)")
                }
                let events = lines.compactMap { $0["event"] as? String }
                #expect(events.first == "worker.started" && events.last == "worker.stopped")
                let runs = lines.filter { $0["event"] as? String == "job.succeeded" }
                #expect(Set(runs.compactMap { $0["job_id"] as? String }) == Set(ids) && runs.count == 3)
                #expect(runs.allSatisfy { $0["queue"] as? String == "default" && $0["attempt"] as? Int == 1 })
                let failed = try #require(lines.first { $0["job_id"] as? String == failing })
                #expect(failed["event"] as? String == "job.failed")
                #expect(failed["level"] as? String == "warning")
            }
        }

        @Test func `a run longer than the drain timeout is given back, at a second signal at once`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let first = try site.worker("a", "--drain-timeout", "200ms")
                try await site.started(id)
                first.signal(SIGTERM)
                #expect(try await first.exit() == 0)
                #expect(site.journal.lines.map(\.phase) == [.start, .stop])
                var view = try await site.view(id)
                #expect(view.state == .queued && view.record.attempts == 0)
                #expect(view.errors.map(\.reason) == [.released])

                let second = try site.worker("b")
                try await site.started(id, times: 2)
                second.signal(SIGTERM)
                try await eventually("the first signal is heard") { second.log.contains("count=1") }
                #expect(second.status == nil)
                let begin = ContinuousClock.now
                second.signal(SIGTERM)
                #expect(try await second.exit() == 0)
                #expect(ContinuousClock.now - begin < .seconds(5))
                view = try await site.view(id)
                #expect(view.state == .queued && view.record.attempts == 0)
                #expect(view.errors.map(\.reason) == [.released, .released])
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }

        @Test func `a handler that does not stop for the shutdown is left, and its job is given back`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.deaf", #"{"ms":60000,"again":0}"#)
                let first = try site.worker("a", "--drain-timeout", "100ms")
                try await site.started(id)
                first.signal(SIGTERM)
                #expect(try await first.exit() == 0)
                let view = try await site.view(id)
                #expect(view.state == .queued && view.record.attempts == 0)
                #expect(view.errors.map(\.reason) == [.released])

                _ = try site.worker("b")
                try await site.drained()
                #expect(try await site.view(id).state == .succeeded)
            }
        }

        @Test func `a worker stopped at any moment loses no job and spends no attempt`() async throws {
            var seed = Seed("stopped at any moment")
            try await Site.run { site in
                let durations = (0..<3000).map { _ in Int.random(in: 0...8, using: &seed) }
                let ids = try await site.enqueueNumbers(0..<3000) { durations[$0] }
                for round in 1...20 {
                    let isHasty = Bool.random(using: &seed)
                    let worker = try site.worker("worker-\(round)", "--drain-timeout", isHasty ? "0s" : "25s")
                    let count = site.journal.lines.count
                    let patience = Int.random(in: 1...150, using: &seed)
                    try await eventually("the journal grows by \(patience) lines") {
                        site.journal.lines.count >= count + patience
                    }
                    worker.signal(Bool.random(using: &seed) ? SIGTERM : SIGINT)
                    #expect(try await worker.exit() == 0)
                    #expect(try await site.store.snapshot().workers == [])
                }
                _ = try site.worker("last", slots: 50)
                try await site.drained()
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(audit.reasons.values.allSatisfy { $0.allSatisfy { $0 == .released } })
            }
        }
    }
}
