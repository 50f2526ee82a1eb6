import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// A crash of Redis may cut its append-only file within the effects of a script. Redis 7.0 drops these effects then,
    /// but leaves the first of them in the file, and executes them when it restarts once more.
    @Suite(.timeLimit(.minutes(2))) struct TornLogTests {
        private static let incarnation = Incarnation(7)

        enum Step: String, Sendable, CaseIterable {
            case claim, settle, promote, cancel, requeue
        }

        @Test(arguments: Step.allCases)
        func `a script of which only the first effects survive leaves every job somewhere`(step: Step) async throws {
            try await Site.run(writesAtOnce) { site in
                let log = AppendOnlyFile(site.redis)
                let ids = try await prepare(step, site)
                let begin = try log.read().count
                try await take(step, ids, site)
                site.redis.kill()
                let whole = try log.read()
                let cuts = AppendOnlyFile.commands(in: whole, from: begin).map(\.upperBound).dropFirst().dropLast()
                #expect(cuts.count >= 3, "the script should have several effects")
                for cut in cuts {
                    // Some bytes more than a whole command: so the file is cut, and not just short.
                    try log.write(whole.prefix(cut + 3))
                    try site.redis.start()
                    let other = try await site.enqueue("test.number", #"{"number":1,"ms":0}"#)
                    site.redis.kill()
                    try site.redis.start()
                    let audit = try await Audit(site.store)
                    for id in ids + [other] {
                        #expect(audit.states[id] != nil, "\(id) is nowhere after a cut at \(cut - begin)")
                    }
                    site.redis.kill()
                }
                try site.redis.start()
            }
        }

        private static let group = DeadGroup(name: "n", ErrorEntry())

        /// Brings six jobs to where the step finds them.
        private func prepare(_ step: Step, _ site: Site) async throws -> [String] {
            let ids = try await site.enqueueNumbers(0..<6) { _ in 0 }
            _ = try await site.store.join(Self.incarnation, leaseMs: 60_000)
            guard step != .claim, step != .cancel else { return ids }
            try await claim(site)
            let policy = Priority.normal
            switch step {
            case .promote: try await settle(ids, .retry(due: .at(ms: 1), policy, RunRecord(), ErrorEntry()), site)
            case .requeue: try await settle(ids, .dead(ttlMs: -1, RunRecord(), ErrorEntry(), Self.group), site)
            case .claim, .settle, .cancel: break
            }
            return ids
        }

        private func take(_ step: Step, _ ids: [String], _ site: Site) async throws {
            switch step {
            case .claim: try await claim(site)
            case .settle:
                let (record, entry, priority) = (RunRecord(), ErrorEntry(), Priority.normal)
                let all: [Disposition] = [
                    .done(ttlMs: 60_000, result: Array("1".utf8)), .retry(due: .now, priority, record, entry),
                    .front(priority, record, entry), .suspect(due: .now, priority, record, entry),
                    .dead(ttlMs: -1, record, entry, Self.group), .cancelled(record, entry),
                ]
                let token = Self.incarnation.token(claim: 1)
                let settlements = zip(ids, all).map { Settlement(id: $0, token: token, disposition: $1) }
                #expect(try await site.store.settle(Self.incarnation, settlements).answers.allSatisfy { $0 == .ok })
            case .promote:
                // The first call may see a gap in time, and leaves it at that.
                try await eventually("the jobs are promoted") { try await site.store.promote().moved == ids.count }
            case .cancel: #expect(try await site.store.cancel(ids).allSatisfy { $0 == .cancelled })
            case .requeue:
                let views = try await site.store.inspect(ids, full: false).jobs
                let requests = views.map {
                    QueueStore.Requeue(id: $0.id, priority: .normal, old: $0.recordBytes, new: RunRecord())
                }
                #expect(try await site.store.requeue(requests).allSatisfy { $0 == .ok })
            }
        }

        private func claim(_ site: Site) async throws {
            let answer = try await site.store.claim(Self.incarnation, number: 1, want: 6)
            guard case .claimed(let claim) = answer, claim.jobs.count == 6 else {
                throw Overdue(description: "claim answered \(answer)")
            }
        }

        private func settle(_ ids: [String], _ disposition: Disposition, _ site: Site) async throws {
            let token = Self.incarnation.token(claim: 1)
            let settlements = ids.map { Settlement(id: $0, token: token, disposition: disposition) }
            #expect(try await site.store.settle(Self.incarnation, settlements).answers.allSatisfy { $0 == .ok })
        }
    }
}
