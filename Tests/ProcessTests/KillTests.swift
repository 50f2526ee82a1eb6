import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct KillTests {
        @Test func `the jobs of a killed worker are recovered soon, and each extra run has its reason`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<600) { _ in 15 }
                let victim = try site.worker("victim", slots: 8)
                try await site.started(20)
                _ = try site.worker("heir", slots: 4)
                try await eventually("both work") { Set(site.journal.starts.map(\.pid)).count == 2 }
                try await site.started(100)
                victim.signal(SIGKILL)
                #expect(try await victim.exit() == 128 + SIGKILL)
                let death = Journal.now
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines, killed: [victim.pid]) == [])
                #expect(!audit.reasons.isEmpty, "the victim had nothing in hand")
                #expect(audit.reasons.values.allSatisfy { $0 == [.lost] })
                for id in audit.reasons.keys {
                    let last = try #require(site.journal.starts(of: id).last)
                    #expect(last.pid != victim.pid)
                    #expect(last.time - death < 6_000_000_000, "more than the lease and 5 s")
                }
            }
        }

        @Test func `a process that was killed twice with a job runs it alone the third time`() async throws {
            try await Site.run { site in
                let crash = try await site.enqueue("test.crash", #"{"times":2,"ms":300}"#)
                var numbers = try await site.enqueueNumbers(0..<160) { _ in 100 }
                for label in ["first", "second"] {
                    let worker = try site.worker(label)
                    // By a trap: which signal that is depends on the processor.
                    #expect(try await worker.exit() > 128)
                }
                #expect(site.journal.starts(of: crash).count == 2)
                _ = try site.worker("third")
                try await eventually("the job is suspect") { try await site.view(crash).state == .suspect }
                // There is always something else to do, so nothing but its turn makes the worker run it.
                try await eventually("the job ends", within: .seconds(30)) {
                    if try await site.store.snapshot().count(.queued) < 20 {
                        numbers += try await site.enqueueNumbers(numbers.count..<numbers.count + 20) { _ in 100 }
                    }
                    return try await site.view(crash).state == .succeeded
                }
                try await site.drained()

                let lines = site.journal.lines
                let start = try #require(lines.lastIndex { $0.id == crash && $0.phase == .start })
                let end = try #require(lines.lastIndex { $0.id == crash && $0.phase == .end })
                #expect(end == start + 1, "something began or ended beside it")
                let crashed = Set(site.journal.starts(of: crash).prefix(2).map(\.pid))
                let before = lines[..<start].filter { !crashed.contains($0.pid) }
                #expect(before.count { $0.phase == .start } == before.count { $0.phase == .end }, "something still ran")

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(numbers, 0...)))
                #expect(audit.findings(against: lines, killed: crashed) == [])
                #expect(audit.reasons[crash] == [.lost, .lost])
            }
        }

        @Test func `jobs that were lost twice run one at a time, without a pause between them`() async throws {
            try await Site.run { site in
                try await site.enqueue("test.crash", #"{"times":2,"ms":200}"#)
                let numbers = try await site.enqueueNumbers(0..<7) { _ in 200 }
                var crashed: Set<pid_t> = []
                for label in ["first", "second"] {
                    let worker = try site.worker(label, slots: 8)
                    #expect(try await worker.exit() > 128)
                    crashed.insert(worker.pid)
                }
                _ = try site.worker("third")
                try await site.drained()
                let lines = site.journal.lines.filter { !crashed.contains($0.pid) }
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(numbers, 0...)))
                #expect(audit.findings(against: site.journal.lines, killed: crashed) == [])
                try #require(audit.records.count == 8 && lines.count == 16, "not all were lost twice")
                #expect(lines.map(\.phase) == Array(repeating: [.start, .end], count: 8).flatMap(\.self))
                let first = try #require(lines.first)
                let last = try #require(lines.last)
                #expect(last.time - first.time < 3_500_000_000, "8 runs of 200 ms")
            }
        }

        @Test func `a handler that ignores its time limit ends its process with 70`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue(
                    "test.deaf", #"{"ms":60000,"again":0}"#, options: JobOptions(timeout: .milliseconds(300)))
                let stuck = try site.worker("stuck", "--kill-after", "300ms")
                #expect(try await stuck.exit() == 70)
                #expect(stuck.log.contains("a handler ignored its time limit"))
                #expect(site.journal.lines.map(\.phase) == [.start])

                _ = try site.worker("heir")
                try await site.drained()
                let audit = try await Audit(site.store)
                #expect(audit.findings(against: site.journal.lines, killed: [stuck.pid]) == [])
                #expect(audit.states[id] == .succeeded && audit.reasons[id] == [.lost])
            }
        }

        @Test(arguments: ["0", "1"])
        func `what runs beside a handler that ignores its time limit is given back, without blame`(
            processes: String
        ) async throws {
            try await Site.run { site in
                let beside = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let deaf = try await site.enqueue(
                    "test.deaf", #"{"ms":60000,"again":0}"#,
                    options: JobOptions(maxAttempts: 1, timeout: .milliseconds(500)))
                let worker = try site.worker(
                    "worker", lease: "60s", slots: 2, "--processes", processes, "--kill-after", "300ms")
                try await eventually("it is given back") { try await site.view(beside).errors.count == 1 }
                let view = try await site.view(beside)
                #expect(view.errors.map(\.reason) == [.released])
                #expect(view.record.lost == 0 && view.record.attempts == 0)
                if processes == "1" {
                    try await eventually("the deaf one is over") { try await site.view(deaf).state == .dead }
                    worker.signal(SIGKILL)
                } else {
                    #expect(try await worker.exit() == 70)
                    #expect(try await site.view(beside).state == .queued)
                    #expect(try await site.view(deaf).state == .running, "it still ran when the others were given back")
                }
            }
        }

        @Test func `signals are heard while handlers block every thread`() async throws {
            try await Site.run { site in
                for _ in 0..<16 { try await site.enqueue("test.block", #"{"ms":60000}"#) }
                let worker = try site.worker("worker", lease: "60s", slots: 16)
                try await site.started(1)
                for count in 1...2 {
                    worker.signal(SIGTERM)
                    try await eventually("it is heard") {
                        worker.log.components(separatedBy: "received SIGTERM").count == count + 1
                    }
                }
                worker.signal(SIGTERM)
                #expect(try await worker.exit(within: .seconds(3)) == 130)
            }
        }

        @Test func `handlers that block every thread longer than the lease do not lose it`() async throws {
            try await Site.run { site in
                let count = 2 * ProcessInfo.processInfo.activeProcessorCount
                for _ in 0..<count { try await site.enqueue("test.block", #"{"ms":2500}"#) }
                let blocked = try site.worker("blocked", slots: count)
                try await site.started(ProcessInfo.processInfo.activeProcessorCount)
                _ = try site.worker("idle")
                try await site.drained()
                #expect(site.journal.lines.count == 2 * count)
                #expect(site.journal.lines.allSatisfy { $0.pid == blocked.pid })
                let audit = try await Audit(site.store)
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(audit.records.isEmpty)
            }
        }
    }
}
