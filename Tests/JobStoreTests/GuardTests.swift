import JobModel
import JobStore
import TestSupport
import Testing

/// A clock that wakes in another year must not wipe what was kept.
@Suite(.timeLimit(.minutes(1))) struct GuardTests {
    private let year2040 = 2_208_988_800_000

    /// Lets regular time pass, a tick every 10 s, and answers how many jobs were forgotten.
    private func pass(_ queue: QueueStore, from: Int, ms: Int) async throws -> Int {
        var forgotten = 0
        for now in stride(from: from + 10_000, through: from + ms, by: 10_000) {
            forgotten += try await queue.at(now).prune().forgotten
        }
        return forgotten
    }

    @Test func `a clock that wakes in 2040 wipes nothing before ten regular minutes`() async throws {
        let queue = try await stage([
            "jobs a = {}", "dead a = \(start + 5)", "idem b = d", "idem-until b = \(start + 5)",
        ])
        #expect(try await queue.at(year2040).prune().forgotten == 0)
        #expect(try await pass(queue, from: year2040, ms: 590_000) == 0)
        #expect(try await queue.picture()["idem b"] == "d")
        #expect(try await queue.at(year2040 + 600_000).prune().forgotten == 1)
        #expect(try await queue.picture()["idem b"] == nil)
    }

    @Test func `a clock that comes back in time has wiped nothing`() async throws {
        let queue = try await stage(["jobs a = {}", "dead a = \(start + 900_000)"])
        _ = try await queue.at(year2040).prune()
        #expect(try await pass(queue, from: year2040, ms: 300_000) == 0)
        #expect(try await queue.at(start + 5000).prune().forgotten == 0)
        #expect(try await pass(queue, from: start + 5000, ms: 800_000) == 0)
        #expect(try await queue.picture()["jobs a"] == "{}")
    }

    @Test func `what becomes due after the gap is forgotten in time`() async throws {
        let queue = try await stage(["succeeded a = \(year2040)", "succeeded b = \(year2040 + 1)"])
        #expect(try await queue.at(year2040).prune().forgotten == 0)
        #expect(try await queue.at(year2040 + 1).prune().forgotten == 1)
        #expect(try await queue.picture()["succeeded a"] != nil)
    }

    @Test func `the regular minutes add up over gaps shorter than a day`() async throws {
        let queue = try await stage(["dead a = \(start + 5)"])
        let day = 86_400_000
        var now = start + day
        #expect(try await queue.at(now).prune().forgotten == 0)
        for _ in 1...2 {
            #expect(try await pass(queue, from: now, ms: 290_000) == 0)
            now += 290_000 + day - 1
            #expect(try await queue.at(now).prune().forgotten == 0)
        }
        #expect(try await pass(queue, from: now, ms: 20_000) == 1)
    }

    @Test func `after a day's gap they start anew`() async throws {
        let queue = try await stage(["dead a = \(start + 5)", "meta calm = 600000"])
        let day = 86_400_000
        #expect(try await queue.at(start + day).prune().forgotten == 0)
        #expect(try await queue.picture()["meta calm"] == "0")
        #expect(try await pass(queue, from: start + day, ms: 590_000) == 0)
        #expect(try await queue.at(start + day + 600_000).prune().forgotten == 1)
    }

    @Test func `a deploy of a calm queue does not stop the cleaning`() async throws {
        let queue = try await stage(["dead a = \(start + 5)", "meta calm = 600000"])
        #expect(try await queue.at(start + 3_600_000).prune().forgotten == 1)
    }

    @Test func `a step back of more than a day starts anew as well`() async throws {
        let queue = try await stage(["meta tick = \(start + 86_400_000)", "meta calm = 600000", "dead a = 5"])
        #expect(try await queue.prune().forgotten == 0)
        #expect(try await pass(queue, from: start, ms: 590_000) == 0)
        #expect(try await queue.at(start + 600_000).prune().forgotten == 1)
    }
}
