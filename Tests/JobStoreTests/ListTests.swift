import JobModel
import TestSupport
import Testing

@testable import JobStore

/// Pages of the jobs of one state.
@Suite(.timeLimit(.minutes(1))) struct ListTests {
    /// Goes through all pages, and does something between them.
    private func walk(
        _ queue: QueueStore, _ state: JobState, backward: Bool = false, limit: Int, filter: JobFilter = JobFilter(),
        between: (Int) async throws -> Void = { _ in }
    ) async throws -> [[String]] {
        var pages: [[String]] = []
        var place: ListPlace?
        repeat {
            let page = try await queue.list(state, from: place, backward: backward, limit: limit, filter: filter)
            pages.append(page.jobs.map(\.id))
            place = page.next
            try await between(pages.count)
        } while place != nil && pages.count < 1000
        return pages
    }

    @Test(arguments: JobState.allCases) func `jobs are listed by score, equal ones by id`(state: JobState) async throws
    {
        let key = state.key.rawValue
        let ids = ["b", "a", "B", "a:1", "_", "0", "A", "a.b", "a-b"]
        let queue = try await stage(ids.flatMap { ["jobs \($0) = {}", "\(key) \($0) = 7"] } + ["\(key) z = 3"])
        // By bytes, whatever the language of the machine.
        let order = ["z", "0", "A", "B", "_", "a", "a-b", "a.b", "a:1", "b"]
        for limit in [1, 3, 4, 10, 11] {
            #expect(try await walk(queue, state, limit: limit).flatMap { $0 } == order)
            #expect(try await walk(queue, state, backward: true, limit: limit).flatMap { $0 } == order.reversed())
        }
        #expect(try await walk(queue, state, limit: 4).map(\.count) == [4, 4, 2])
        #expect(try await walk(queue, state, limit: 10).count == 1, "the end is seen with the last job")
    }

    @Test func `a page says of each job what a full look says, without its history`() async throws {
        let result = ResultRecord(result: Array("[1]".utf8)[...], at: 5, ms: 6, attempt: 7, worker: "w")
        let queue = try await runningStage(
            ["a": 1, "b": 2],
            [
                "runs a = \(text(record(errors: 12).encoded()))", "errors a/0 = \(text(entry(1).encoded()))",
                "errors a/2 = \(text(entry(12).encoded()))", "results a = \(text(result.encoded()))", "asked a = 5",
            ])
        let page = try await queue.list(.running, results: true)
        let seen = try await queue.inspect(["a", "b"], full: true).jobs
        #expect(page.jobs.map(\.version) == seen.map(\.version) && seen[0].version != nil)
        #expect(page.jobs[0].record == seen[0].record && page.jobs[0].result == result && page.jobs[0].isAsked)
        #expect(page.jobs[1].result == nil && !page.jobs[1].isAsked && page.jobs[0].errors == [])
        #expect(page.now == start && page.total == 2 && page.searched == 2 && page.next == nil)
        #expect(try await queue.list(.running).jobs[0].result == nil)
        #expect(try await queue.newestErrors(of: page.jobs).mapValues(\.number) == ["a": 12])
        #expect(try await queue.newestErrors(of: []).isEmpty)
    }

    @Test(arguments: [false, true]) func `who stays is seen once, whoever comes and goes`(backward: Bool) async throws {
        let scores = ["inf", "5", "5", "9007199254740991", "281474976710656"]
        func line(_ number: Int) -> [String] { ["jobs j\(number) = {}", "dead j\(number) = \(scores[number % 5])"] }
        let queue = try await stage((0..<200).flatMap(line))
        var seed = Seed()
        var gone: Set<String> = []
        var new = 200
        let pages = try await walk(queue, .dead, backward: backward, limit: 7) { _ in
            let victims = (0..<200).map { "j\($0)" }.filter { _ in Int.random(in: 0..<20, using: &seed) == 0 }
            _ = try await queue.remove(victims.map { QueueStore.Sighting(id: $0) })
            gone.formUnion(victims)
            try await queue.draw((new..<new + 5).flatMap(line))
            new += 5
        }
        let seen = pages.flatMap { $0 }
        #expect(Set(seen).count == seen.count, "none twice")
        let stayed = Set((0..<200).map { "j\($0)" }).subtracting(gone)
        #expect(stayed.subtracting(seen) == [], "none left out")
        #expect(pages.dropLast().allSatisfy { $0.count == 7 })
    }

    @Test func `a filter looks at 2,000 jobs a call, and says so`() async throws {
        let queue = try await stage(
            (0..<2100).flatMap { number in
                let name = number == 2050 ? "rare" : "x"
                return ["jobs j\(number) = {\"name\":\"\(name)\"}", "succeeded j\(number) = \(number)"]
            })
        var page = try await queue.list(.succeeded, limit: 5, filter: JobFilter(name: "rare"))
        #expect(page.jobs.isEmpty && page.searched == 2000 && page.next?.id == "j1999" && page.total == 2100)
        page = try await queue.list(.succeeded, from: page.next, limit: 5, filter: JobFilter(name: "rare"))
        #expect(page.jobs.map(\.id) == ["j2050"] && page.searched == 100 && page.next == nil)
        page = try await queue.list(.succeeded, limit: 1, filter: JobFilter(name: "x"))
        #expect(page.jobs.map(\.id) == ["j0"] && page.searched == 1 && page.next?.id == "j0")
    }

    @Test func `large jobs are brought in slices, and a page ends early`() async throws {
        let large = String(repeating: "x", count: 400_000)
        let queue = try await stage((10..<40).flatMap { ["jobs j\($0) = \(large)", "dead j\($0) = \($0)"] })
        let page = try await queue.list(.dead, limit: 40)
        #expect(page.jobs.count == 22 && page.next?.id == "j31")
        let rest = try await queue.list(.dead, from: page.next, limit: 40)
        #expect(rest.jobs.map(\.id) == (32..<40).map { "j\($0)" } && rest.next == nil)
    }

    @Test func `an empty state, an envelope that is missing, and a place that nobody was given`() async throws {
        let queue = try await stage(["dead a = 5"])
        #expect(try await queue.list(.queued).next == nil)
        #expect(try await queue.list(.queued, backward: true).jobs.isEmpty)
        #expect(try await queue.list(.dead).jobs.map(\.envelope) == [[]])
        #expect(ListPlace(score: "x", id: "a") == nil && ListPlace(score: "nan", id: "a") == nil)
        let beyond = try #require(ListPlace(score: "inf", id: "zz\u{0}'"))
        #expect(try await queue.list(.dead, from: beyond).jobs.isEmpty)
        #expect(try await queue.list(.dead, from: beyond, backward: true).jobs.map(\.id) == ["a"])
    }

    struct Wish: CustomStringConvertible, Sendable {
        var filter: JobFilter
        var holds: Bool
        var description: String { "\(filter)" }
    }

    static let wishes = [
        Wish(filter: JobFilter(), holds: true), Wish(filter: JobFilter(name: "n"), holds: true),
        Wish(filter: JobFilter(name: "N"), holds: false), Wish(filter: JobFilter(tag: "b"), holds: true),
        Wish(filter: JobFilter(tag: "c"), holds: false), Wish(filter: JobFilter(name: "n", tag: "c"), holds: false),
        Wish(filter: JobFilter(createdFrom: 50), holds: true), Wish(filter: JobFilter(createdFrom: 51), holds: false),
        Wish(filter: JobFilter(createdBefore: 51), holds: true),
        Wish(filter: JobFilter(createdBefore: 50), holds: false),
    ]

    @Test(arguments: wishes) func `every condition must hold`(wish: Wish) {
        let envelope = Array(#"{"name":"n","tags":["a","b"],"created_ms":50}"#.utf8)[...]
        #expect(wish.filter.holds(for: envelope) == wish.holds)
        #expect(wish.filter.holds(for: Array("{".utf8)[...]) == wish.filter.isOpen, "what cannot be read")
        let undated = Array(#"{"name":"n"}"#.utf8)[...]
        #expect(!JobFilter(createdFrom: 0).holds(for: undated) && !JobFilter(createdBefore: 9).holds(for: undated))
    }
}
