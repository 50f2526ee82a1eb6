import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension WaitTests {
    /// Cancellation across processes, in every state that a job can be in.
    @Suite(.timeLimit(.minutes(2))) struct CancelTests {
        @Test func `what waits never starts, wherever it waits`() async throws {
            try await Site.run { site in
                let payload = #"{"number":1,"ms":0}"#
                let queued = try await site.producer.enqueue(name: "test.number", payload: payload)
                let scheduled = try await site.producer.enqueue(name: "test.number", payload: payload, in: .seconds(1))
                for handle in [queued, scheduled] { #expect(try await handle.cancel() == .cancelled) }
                let failing = try await site.producer.enqueue(
                    name: "demo.fail", payload: "{}", options: JobOptions(backoff: .fixed(.seconds(1))))
                _ = try site.worker("a", "--demo-handlers")
                try await eventually("it is to be tried again") { try await failing.status().state == .retrying }
                #expect(try await failing.cancel() == .cancelled)
                // As long as what was scheduled and retried would have had to wait.
                let marker = try await site.producer.enqueue(
                    name: "test.number", payload: payload, in: .milliseconds(1500))
                guard case .succeeded = try await marker.outcome() else { throw Overdue(description: "no marker") }

                for handle in [queued, scheduled, failing] {
                    guard case .cancelled = try await handle.outcome() else {
                        Issue.record("\(handle.id) is \(try await handle.status())")
                        continue
                    }
                    #expect(try await handle.cancel() == .cancelled)
                }
                #expect(try await failing.status().failures == 1)
                #expect(Set(site.journal.starts.map(\.id)) == [marker.id])
                #expect(try await marker.cancel() == .succeeded)
            }
        }

        @Test func `a run that fails before it hears of it is not tried again`() async throws {
            try await Site.run { site in
                _ = try site.worker("a", lease: "60s")
                try await site.haveBeaten(1)
                let failing = try await site.producer.enqueue(
                    name: "test.deaf", payload: #"{"ms":200,"again":0,"fails":true}"#)
                try await site.started(failing.id)
                #expect(try await failing.cancel() == .running)
                try await site.drained(within: .seconds(5))
                guard case .cancelled = try await failing.outcome() else {
                    throw Overdue(description: "it is \(try await failing.status())")
                }
                #expect(site.journal.starts.count == 1)
            }
        }

        @Test(arguments: [0, 1])
        func `a run hears of it soon while others block every thread, and success wins`(processes: Int) async throws {
            try await Site.run { site in
                let threads = ProcessInfo.processInfo.activeProcessorCount
                let watching = try await site.producer.enqueue(name: "test.watch", payload: "{}")
                let worker = try site.worker(
                    "a", lease: "60s", slots: threads + 4, "--processes", "\(processes)")
                try await site.started(watching.id)
                for _ in 1..<threads { try await site.enqueue("test.block", #"{"ms":4000}"#) }
                try await site.started(threads)
                let command = try await site.command(
                    "cancel", "jobs", "cancel", watching.id, "--redis-url", site.redis.url)
                #expect(command.status == 0, "\(command.log)")
                let asked = Journal.now
                try await eventually("it has heard of it", within: .seconds(4)) {
                    site.journal.lines.contains { $0.id == watching.id && $0.phase == .stop }
                }
                let stop = try #require(site.journal.lines.first { $0.id == watching.id && $0.phase == .stop })
                #expect(stop.time - asked < 2_000_000_000)
                #expect(site.journal.lines.count { $0.phase == .end } == 0, "the others blocked no longer")
                guard case .cancelled = try await watching.outcome() else {
                    throw Overdue(description: "it is \(try await watching.status())")
                }

                let late = try await site.producer.enqueue(
                    name: "test.deaf", payload: #"{"ms":1500,"again":0}"#)
                try await site.started(late.id)
                #expect(try await late.cancel() == .running)
                #expect(try await late.status().isCancelRequested)
                guard case .succeeded = try await late.outcome() else {
                    throw Overdue(description: "it is \(try await late.status())")
                }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }
    }
}
