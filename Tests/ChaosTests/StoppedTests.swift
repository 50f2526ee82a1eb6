import Foundation
import JobModel
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

extension WaitTests {
    /// What stands still, goes away or forgets, while a supervisor looks after the processes.
    @Suite(.timeLimit(.minutes(2))) struct StoppedTests {
        /// Lets time pass while something stands still.
        private static func pass(milliseconds: Int) async throws {
            let end = Journal.now + milliseconds * 1_000_000
            try await eventually("\(milliseconds) ms have passed") { Journal.now > end }
        }

        /// A machine that sleeps, or a container that is paused.
        @Test func `processes that stood still with their supervisor longer than the lease go on with what they ran`()
            async throws
        {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<4) { 800 + $0 * 700 }
                let supervisor = try site.worker("supervisor", slots: 2, "--processes", "2", "--hang-after", "1s")
                try await site.haveBeaten(2)
                try await site.started(4)
                let children = Processes.children(of: supervisor.pid)
                // It goes to sleep last and wakes first, so it finds that nobody has moved for longer than they may.
                for pid in children { kill(pid, SIGSTOP) }
                try await Self.pass(milliseconds: 200)
                supervisor.signal(SIGSTOP)
                try await Self.pass(milliseconds: 2500)
                supervisor.signal(SIGCONT)
                try await Self.pass(milliseconds: 300)
                for pid in children { kill(pid, SIGCONT) }
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(site.journal.starts.count == 4 && audit.records.isEmpty, "\(audit.reasons)\n\(site.logs)")
                #expect(Set(Processes.children(of: supervisor.pid)) == Set(children), "a process was replaced")
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
            }
        }

        @Test func `a frozen Redis is no reason to replace a process, and jobs run once`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<8) { 500 + $0 * 500 }
                let supervisor = try site.worker("supervisor", "--processes", "2", "--hang-after", "1s")
                try await site.haveBeaten(2)
                try await site.started(8)
                let children = Set(Processes.children(of: supervisor.pid))
                site.redis.freeze()
                try await Self.pass(milliseconds: 2500)
                site.redis.thaw()
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(site.journal.starts.count == 8 && audit.records.isEmpty, "\(audit.reasons)\n\(site.logs)")
                #expect(Set(Processes.children(of: supervisor.pid)) == children, "\(supervisor.log)")
            }
        }

        @Test func `what a killed supervisor and its processes had is back when others come`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<40) { _ in 300 }
                let supervisor = try site.worker("supervisor", "--processes", "2")
                try await site.started(12)
                let children = Processes.children(of: supervisor.pid)
                supervisor.signal(SIGKILL)
                _ = try await supervisor.exit()
                try await eventually("its processes are gone") { !children.contains(where: Processes.isAlive) }
                let open = Set(site.journal.starts.map(\.id)).filter { site.journal.ends(of: $0).isEmpty }
                #expect(!open.isEmpty)
                let begin = Journal.now
                _ = try site.worker("heir", "--processes", "2")
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines, killed: Set(children)) == [])
                #expect(audit.reasons.values.allSatisfy { $0 == [.lost] })
                for id in open {
                    let last = try #require(site.journal.starts(of: id).last)
                    #expect(last.time - begin < 12_000_000_000, "more than grace, lease and 10 s")
                }
            }
        }

        @Test func `when the data is gone the processes stay, stop what they ran, and take new jobs`() async throws {
            try await Site.run { site in
                let old = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let supervisor = try site.worker("supervisor", "--processes", "2")
                try await site.started(old)
                try await site.haveBeaten(2)
                let children = Set(Processes.children(of: supervisor.pid))
                _ = try await site.store.client.send(Command("FLUSHALL"))
                let new = try await site.enqueue("test.number", #"{"number":7,"ms":0}"#)
                try await eventually("the new job is done") { try await site.view(new).state == .succeeded }
                try await eventually("the run whose job is gone has stopped") {
                    site.journal.lines.map(\.phase).contains(.stop)
                }
                #expect(Set(Processes.children(of: supervisor.pid)) == children)
                supervisor.signal(SIGTERM)
                #expect(try await supervisor.exit() == 0)
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }
    }
}
