import JobModel
import JobStore
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct PruneTests {
    @Test(arguments: ["succeeded", "dead", "cancelled"])
    func `what was kept long enough is forgotten, with everything that belonged to it`(index: String) async throws {
        let errors = (0...9).map { "errors a/\($0) = {}" }
        let queue = try await stage(
            [
                "jobs a = {}", "runs a = {}", "results a = 1", "\(index) a = \(start)",
                "jobs b = {}", "runs b = {}", "errors b/0 = {}", "results b = 1", "\(index) b = \(start + 1)",
                "jobs c = {}", "\(index) c = inf",
            ] + errors)
        let (first, second, changes) = try await queue.twice { try await $0.prune() }
        #expect(first.forgotten == 1)
        #expect(first.isMoreDue == false)
        #expect(second.forgotten == 0)
        let gone = Changes(lines: (0...9).map { "errors a/\($0) gone" })
        #expect(
            changes == ["jobs a gone", "runs a gone", "results a gone", "\(index) a gone", "meta forgotten = 1"] + gone)
    }

    @Test func `jobs that have not ended are never forgotten`() async throws {
        let waiting = ["queued", "scheduled", "retrying", "blocked", "suspect", "running"]
        let queue = try await stage(waiting.flatMap { ["jobs \($0) = {}", "\($0) \($0) = 5"] })
        #expect(try await queue.unchanged { try await $0.prune() }.forgotten == 0)
    }

    @Test func `a slice forgets so many of each, and says that there is more`() async throws {
        let lines = (1...3).flatMap { ["dead d\($0) = 5", "cancelled c\($0) = 5"] }
        let queue = try await stage(lines + ["succeeded s = 5"])
        let first = try await queue.prune(limit: 2)
        #expect(first.forgotten == 5)
        #expect(first.isMoreDue)
        let second = try await queue.prune(limit: 2)
        #expect(second.forgotten == 2)
        #expect(second.isMoreDue == false)
        #expect(try await queue.picture()["meta forgotten"] == "7")
    }

    @Test func `five hundred of each are forgotten in one call`() async throws {
        let lines = (1...500).flatMap {
            ["dead d\($0) = 5", "runs d\($0) = {}", "errors d\($0)/3 = {}", "succeeded s\($0) = 5", "idem i\($0) = d"]
                + ["cancelled c\($0) = 5", "idem-until i\($0) = 5"]
        }
        let queue = try await stage(lines)
        let pruned = try await queue.prune()
        #expect(pruned.forgotten == 1500)
        #expect(pruned.isMoreDue)
        let rest = try await queue.picture().lines.filter { !$0.hasPrefix("meta") }
        #expect(rest == ["leases 7 = \(start + 20_000)"])
        #expect(try await queue.prune().isMoreDue == false)
    }

    @Test func `a remembered id is forgotten in its time`() async throws {
        let queue = try await stage([
            "idem a = d", "idem-until a = \(start)", "idem b = d", "idem-until b = \(start + 1)",
        ])
        let (first, _, changes) = try await queue.twice { try await $0.prune() }
        #expect(first.forgotten == 0)
        #expect(changes == ["idem a gone", "idem-until a gone"])
    }

    @Test func `an id is remembered for as long as its job or record exists`() async throws {
        let queue = try await stage([
            "idem a = d", "idem-until a = 5", "jobs a = {}", "queued a = 1",
            "idem b = d", "idem-until b = 5", "jobs b = ", "succeeded b = \(start + 1)",
        ])
        let (_, _, changes) = try await queue.twice { try await $0.prune() }
        #expect(changes == ["idem-until a = \(start + 60_000)", "idem-until b = \(start + 60_000)"])
        let repeated = try await queue.enqueue([job("a", remember: 1, digest: "e")])
        #expect(repeated.admissions == [.conflict(.queued)])
    }

    @Test func `an id that is remembered longer than its record outlives it`() async throws {
        let queue = try await stage([
            "idem a = d", "idem-until a = \(start + 5)", "jobs a = {}", "succeeded a = \(start)",
        ])
        #expect(try await queue.prune().forgotten == 1)
        #expect(try await queue.unchanged { try await $0.enqueue([job("a")]) }.admissions == [.duplicate(nil)])
        #expect(try await queue.inspect(["a"], full: false).jobs[0].isRemembered)
        _ = try await queue.at(start + 5).prune()
        #expect(try await queue.enqueue([job("a")]).admissions == [.created])
    }
}
