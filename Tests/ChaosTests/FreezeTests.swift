import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension TimeTests {
    @Suite(.timeLimit(.minutes(2))) struct FreezeTests {
        @Test(arguments: [true, false])
        func `a worker frozen longer than its lease cannot settle, and works on`(isDone: Bool) async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.deaf", #"{"ms":200,"again":1200}"#)
                let frozen = try site.worker("frozen")
                try await site.started(id)
                frozen.signal(SIGSTOP)
                let heir = try site.worker("heir")
                try await site.started(id, times: 2)
                if isDone { try await site.drained() }
                frozen.signal(SIGCONT)
                try await eventually("its outcome is refused") { frozen.log.contains("a late outcome was refused") }
                #expect(try await site.view(id).state == (isDone ? .succeeded : .running))

                try await site.drained()
                let view = try await site.view(id)
                #expect(view.state == .succeeded && view.errors.map(\.reason) == [.lost])
                #expect(view.result?.worker.contains(":\(heir.pid):") == true)
                #expect(site.journal.starts(of: id).map(\.pid) == [frozen.pid, heir.pid])
                #expect(try await site.store.snapshot().total("succeeded") == 1)

                heir.signal(SIGTERM)
                #expect(try await heir.exit() == 0)
                let next = try await site.enqueue("test.number", #"{"number":1,"ms":0}"#)
                try await site.drained()
                #expect(site.journal.starts(of: next).map(\.pid) == [frozen.pid])
                frozen.signal(SIGTERM)
                #expect(try await frozen.exit() == 0)
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }

        @Test func `jobs that run while Redis is down longer than their lease run once`() async throws {
            try await Site.run(writesAtOnce) { site in
                let ids = try await site.enqueueNumbers(0..<8) { 3500 + $0 * 700 }
                for label in ["a", "b"] { _ = try site.worker(label, lease: "3s") }
                try await site.started(8)
                try await site.haveBeaten(2)
                site.redis.kill()
                // That is longer than the lease.
                try await eventually("the first run ends") { site.journal.lines.count > 8 }
                try site.redis.start()
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(site.journal.starts.count == 8 && audit.records.isEmpty, "\(audit.reasons)\n\(site.logs)")
            }
        }

        @Test func `jobs that run while Redis is frozen longer than their lease run once`() async throws {
            try await Site.run { site in
                // Some end while it is frozen, some after.
                let ids = try await site.enqueueNumbers(0..<8) { 500 + $0 * 1200 }
                for label in ["a", "b"] { _ = try site.worker(label) }
                try await site.started(8)
                try await site.haveBeaten(2)
                site.redis.freeze()
                let begin = ContinuousClock.now
                let enqueue = try await site.command(
                    "enqueue", "enqueue", "test.number", "number:=1", "ms:=0", "--redis-url", site.redis.url)
                #expect(enqueue.status == 69)
                #expect(enqueue.log.split(separator: "\n").count == 1, "\(enqueue.log)")
                #expect(enqueue.output.isEmpty)
                let frozen = ContinuousClock.now - begin
                #expect(frozen > .seconds(3) && frozen < .seconds(12), "three leases at least, and no endless wait")
                site.redis.thaw()
                try await site.drained()

                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
                #expect(site.journal.starts.count == 8)
                #expect(audit.records.isEmpty && audit.states.count == 8)
            }
        }
    }
}
