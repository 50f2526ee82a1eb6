import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension TimeTests {
    /// Clocks that are set while jobs run, by an hour: far beyond every lease, and beyond how long records are kept.
    @Suite(.timeLimit(.minutes(2))) struct ClockTests {
        private static let hour = 3600

        @Test(arguments: [hour, -hour])
        func `when the clock of Redis is set, what runs goes on, and no record is wiped`(step: Int) async throws {
            let clock = try await Preload.wrongClock()
            try await Site.run(under: clock.command) { site in
                let workers = try ["a", "b"].map { try site.worker($0, "--demo-handlers") }
                try await site.haveBeaten(2)
                let before = try await Self.leaveRecords(site)
                let later = try await site.producer.enqueue(
                    name: "test.number", payload: #"{"number":9,"ms":0}"#, in: .seconds(1800))
                let numbers = try await site.enqueueNumbers(0..<6) { _ in 2500 }
                try await site.started(numbers.count + 1)
                try clock.set(step)
                let wrong = try await site.store.snapshot().now / 1000 - Int(Date.now.timeIntervalSince1970)
                #expect(abs(wrong - step) < 10, "the clock of Redis was not set")
                try await Self.expectWork(site, numbers)
                // What was to wait for half an hour has done so, or waits for half an hour more than that hour.
                if step > 0 {
                    guard case .succeeded = try await later.outcome() else { throw Overdue(description: "it is late") }
                } else {
                    #expect(try await later.status().state == .scheduled)
                }
                try await Self.expectRecords(before, site)
                for worker in workers {
                    worker.signal(SIGTERM)
                    #expect(try await worker.exit() == 0)
                }
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }

        @Test(arguments: [hour, -hour])
        func `when the clock of workers is set, nothing changes`(step: Int) async throws {
            let clock = try await Preload.wrongClock()
            try await Site.run { site in
                let supervisor = try site.worker(
                    "supervisor", under: clock.command, "--processes", "2", "--demo-handlers")
                try await site.haveBeaten(2)
                let before = try await Self.leaveRecords(site)
                let later = try await site.producer.enqueue(
                    name: "test.number", payload: #"{"number":9,"ms":0}"#, in: .seconds(1800))
                let numbers = try await site.enqueueNumbers(0..<6) { _ in 2500 }
                try await site.started(numbers.count + 1)
                try clock.set(step)
                try await Self.expectWork(site, numbers)
                #expect(try await later.status().state == .scheduled)
                try await Self.expectRecords(before, site)
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                let hours = [0, -60].map {
                    Date.now.addingTimeInterval(Double(step + $0)).formatted(.iso8601).prefix(13)
                }
                #expect(hours.contains { supervisor.log.contains($0) }, "the clock of the workers was not set")
                #expect(Set(site.journal.lines.map(\.pid)).count <= 2, "a process was replaced")
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }

        /// A job that succeeded and one that is dead.
        private static func leaveRecords(_ site: Site) async throws -> (succeeded: String, dead: String) {
            let succeeded = try await site.enqueue("test.number", #"{"number":7,"ms":0}"#)
            let dead = try await site.enqueue("demo.fail", "{}", options: JobOptions(maxAttempts: 1))
            try await site.drained()
            return (succeeded, dead)
        }

        private static func expectRecords(_ before: (succeeded: String, dead: String), _ site: Site) async throws {
            #expect(try await site.result(before.succeeded) == "7")
            let dead = try await site.view(before.dead)
            #expect(dead.state == .dead && dead.errors.map(\.reason) == [.failed])
        }

        /// What ran when the clock was set ran once, and what is scheduled from then on starts in time.
        private static func expectWork(_ site: Site, _ numbers: [String]) async throws {
            let set = Journal.now
            let soon = try await site.producer.enqueue(
                name: "test.number", payload: #"{"number":8,"ms":0}"#, in: .seconds(1))
            guard case .succeeded = try await soon.outcome() else { throw Overdue(description: "it did not succeed") }
            let start = try #require(site.journal.starts(of: soon.id).first)
            #expect(start.time - set > 900_000_000 && start.time - set < 4_000_000_000)
            // Longer than two leases.
            try await eventually("all that ran has ended") {
                try await site.store.inspect(numbers, full: false).jobs.allSatisfy { $0.state == .succeeded }
            }
            for id in numbers {
                #expect(site.journal.starts(of: id).count == 1)
                #expect(try await site.view(id).errors.isEmpty)
            }
        }
    }
}
