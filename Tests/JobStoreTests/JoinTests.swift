import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct JoinTests {
    @Test func `the first member brings format, birth and lease length`() async throws {
        let queue = try await TestQueue.make().at(start)
        let (first, second, changes) = try await queue.twice { try await $0.join(worker, leaseMs: 9000) }
        #expect(first == .joined(now: start, born: "\(start * 1000)", leaseMs: 9000))
        #expect(second == .taken)
        #expect(
            changes == [
                "leases 7 = \(start + 9000)", "meta format = 1", "meta born = \(start * 1000)", "meta lease_ms = 9000",
                "meta tick = \(start)",
            ])
    }

    @Test func `later members take the queue's lease length and birth`() async throws {
        let queue = try await stage()
        let (answer, changes) = try await queue.once { try await $0.join(other, leaseMs: 1) }
        #expect(answer == .joined(now: start, born: "77", leaseMs: 30_000))
        #expect(changes == ["leases 8 = \(start + 30_000)"])
    }

    @Test(arguments: [("999999999999", 3_600_000), ("1", 100), ("oops", 5000)])
    func `a stored lease length outside its bounds is corrected`(stored: String, lease: Int) async throws {
        let queue = try await stage(["meta lease_ms = \(stored)"])
        #expect(try await queue.join(other, leaseMs: 5000) == .joined(now: start, born: "77", leaseMs: lease))
        #expect(try await queue.picture()["meta lease_ms"] == "\(lease)")
    }

    @Test func `an outage that begins before the first beat is seen as one`() async throws {
        let queue = try await TestQueue.make().at(start)
        _ = try await queue.join(worker, leaseMs: 1000)
        guard case .grace = try await queue.at(start + 5000).recover() else {
            Issue.record("the lease was recovered at once")
            return
        }
    }

    @Test(arguments: [
        "leases 8 = 5", "leases 8 = -5", "running a = \(other.tokens.lowerBound)",
        "running a = \(other.tokens.upperBound)", "claims 8 = 1",
    ])
    func `a number that is in use is taken`(line: String) async throws {
        let queue = try await stage([line])
        #expect(try await queue.unchanged { try await $0.join(other, leaseMs: 30_000) } == .taken)
    }

    @Test(arguments: [worker.tokens.upperBound, Incarnation(9).tokens.lowerBound])
    func `the neighbours of a range do not count`(score: Int) async throws {
        let queue = try await stage(["running a = \(score)"])
        #expect(try await queue.join(other, leaseMs: 1) != .taken)
    }
}
