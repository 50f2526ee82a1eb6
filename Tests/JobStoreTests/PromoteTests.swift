import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct PromoteTests {
    @Test func `what is due becomes queued in the order it was due, and keeps its priority`() async throws {
        let queue = try await stage([
            "jobs a = {}", "scheduled a = \((start - 30) * 10 + 9)", "retrying b = \((start - 40) * 10 + 5)",
            "scheduled c = \((start - 20) * 10 + 5)", "retrying d = \((start - 10) * 10 + 0)",
            "scheduled e = \(start * 10 + 9)", "scheduled f = \((start + 1) * 10)", "retrying g = \((start + 2) * 10)",
        ])
        let (first, second, changes) = try await queue.twice { try await $0.promote() }
        #expect(first.moved == 5)
        #expect(first.nextDue == start + 1)
        #expect(second.moved == 0)
        #expect(
            changes == [
                "scheduled a gone", "retrying b gone", "scheduled c gone", "retrying d gone", "scheduled e gone",
                "queued b = \(place(1))", "queued a = \(place(2, priority: 9))", "queued c = \(place(3))",
                "queued d = \(place(4, priority: 0))", "queued e = \(place(5, priority: 9))", "meta sequence = 5",
                "wake w = 0",
            ])
    }

    @Test func `at the same millisecond the better priority is first`() async throws {
        let queue = try await stage(["scheduled a = \(start * 10 + 7)", "scheduled b = \(start * 10 + 2)"])
        _ = try await queue.promote()
        let picture = try await queue.picture()
        #expect(picture["queued b"] == "\(place(1, priority: 2))")
        #expect(picture["queued a"] == "\(place(2, priority: 7))")
    }

    /// What a crash within the effects of a call leaves behind: the job was moved, and stands in its old place as well.
    @Test(arguments: ["running a = 5", "succeeded a = 5", "dead a = 5", "cancelled a = 5"], ["scheduled", "retrying"])
    func `a job that went on is only taken off`(place: String, index: String) async throws {
        let queue = try await stage(["jobs a = {}", "\(index) a = 15", place])
        let (first, second, changes) = try await queue.twice { try await $0.promote() }
        #expect(first.moved == 1)
        #expect(second.moved == 0)
        #expect(changes == ["\(index) a gone"])
    }

    @Test func `among those that went on the others move in order`() async throws {
        let queue = try await stage(["scheduled a = 15", "scheduled b = 25", "retrying c = 35", "running b = 5"])
        _ = try await queue.promote()
        let picture = try await queue.picture()
        #expect(picture["queued a"] == "\(JobStoreTests.place(1))")
        #expect(picture["queued b"] == nil)
        #expect(picture["queued c"] == "\(JobStoreTests.place(2))")
    }

    @Test func `nothing is due`() async throws {
        let queue = try await stage()
        let empty = try await queue.unchanged { try await $0.promote() }
        #expect(empty.moved == 0)
        #expect(empty.nextDue == nil)
        try await queue.draw(["retrying a = \((start + 1) * 10)", "suspect b = 5", "blocked c = 5"])
        #expect(try await queue.unchanged { try await $0.promote() }.nextDue == start + 1)
    }

    @Test func `a slice takes the earliest of both indexes`() async throws {
        let queue = try await stage([
            "scheduled a = 15", "retrying b = 25", "scheduled c = 35", "retrying d = 45", "scheduled e = 55",
        ])
        let slice = try await queue.promote(limit: 2)
        #expect(slice.moved == 2)
        #expect(slice.nextDue == 3)
        let picture = try await queue.picture()
        #expect(picture["queued a"] == "\(place(1))")
        #expect(picture["queued b"] == "\(place(2))")
        #expect(try await queue.promote(limit: 2).moved == 2)
        #expect(try await queue.promote(limit: 2).moved == 1)
        #expect(try await queue.picture()["queued e"] == "\(place(5))")
    }

    @Test func `a thousand due jobs move in one call`() async throws {
        let queue = try await stage((1...600).flatMap { ["scheduled s\($0) = \($0)5", "retrying r\($0) = \($0)5"] })
        #expect(try await queue.promote().moved == 1000)
        #expect(try await queue.promote().moved == 200)
        #expect(try await queue.snapshot().count(.queued) == 1200)
    }

    @Test func `promoted jobs stand behind those that were queued before`() async throws {
        let queue = try await stage(["jobs b = {}", "scheduled b = 5"])
        _ = try await queue.enqueue([job("a")])
        _ = try await queue.promote()
        _ = try await queue.enqueue([job("c")])
        #expect(try await queue.claimed(1).ids == ["a", "b", "c"])
    }

    @Test(arguments: [start + 15_001, start - 1001])
    func `right after a gap or a step in time nothing moves`(now: Int) async throws {
        let queue = try await stage(["scheduled a = 5"])
        let first = try await queue.at(now).promote()
        #expect(first.moved == 0)
        #expect(first.nextDue == 0)
        #expect(try await queue.at(now).promote().moved == 1)
    }
}
