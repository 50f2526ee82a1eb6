import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RecoverTests {
    private let hold = start + QueueStore.recoveryHoldMs

    @Test func `a lease that ran out is condemned, and its jobs are told`() async throws {
        let queue = try await runningStage(
            ["a": 1, "b": 2],
            ["runs b = {r}", "about 7 = {me}", "leases 7 = \(start)", "running x = \(token(1).number * 2)"])
        let (answer, changes) = try await queue.once { try await $0.recover().recovery() }
        #expect(answer.now == start)
        #expect(answer.incarnation == worker)
        #expect(text(answer.about) == "{me}")
        #expect(answer.left == 0)
        #expect(answer.jobs.map(\.id) == ["a", "b"])
        #expect(answer.jobs.map(\.token) == [token(1), token(2)])
        #expect(answer.jobs.map { text($0.envelope) } == ["{}", "{}"])
        #expect(answer.jobs.map { text($0.record) } == ["", "{r}"])
        #expect(changes == ["leases 7 = -\(hold)"])
    }

    @Test func `nothing is due before a lease runs out`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = \(start + 1)"])
        #expect(try await queue.unchanged { try await $0.recover() }.isNone)
    }

    @Test func `a condemned lease is its recoverer's until the hold ends, then anybody's`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = \(start)"])
        _ = try await queue.recover().recovery()
        try await queue.draw(["meta tick = \(hold)"])
        #expect(try await queue.at(hold - 1).unchanged { try await $0.recover() }.isNone)
        let later = try await queue.at(hold).recover().recovery()
        #expect(later.jobs.map(\.id) == ["a"])
        #expect(try await queue.picture()["leases 7"] == "-\(hold + QueueStore.recoveryHoldMs)")
    }

    @Test(arguments: [start + 20_000, start - 5, -(start + 9000), -5])
    func `a named lease is recovered at once, twice alike`(deadline: Int) async throws {
        let queue = try await runningStage(
            ["a": 1], ["leases 7 = \(deadline)", "leases 8 = 5", "meta grace = \(start + 5)"])
        let (first, second, changes) = try await queue.twice { try await $0.recover(worker).recovery() }
        #expect(first.jobs.map(\.id) == ["a"])
        #expect(second.jobs.map(\.id) == ["a"])
        #expect(changes == ["leases 7 = -\(hold)"])
    }

    @Test func `a named lease that is not there is nothing`() async throws {
        let queue = try await stage(["leases 8 = 5"])
        #expect(try await queue.unchanged { try await $0.recover(Incarnation(9)) }.isNone)
    }

    @Test func `in a grace window nothing is recovered unless by name`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = 5", "meta grace = \(start + 1)"])
        #expect(try await queue.unchanged { try await $0.recover() }.graceUntil == start + 1)
        #expect(try await queue.at(start + 1).recover().recovery().jobs.count == 1)
    }

    @Test func `a lease without jobs goes at once`() async throws {
        let queue = try await stage(["leases 7 = \(start)", "claims 7 = 3", "about 7 = {me}"])
        let (answer, changes) = try await queue.once { try await $0.recover().recovery() }
        #expect(answer.jobs.isEmpty)
        #expect(answer.left == 0)
        #expect(text(answer.about) == "{me}")
        #expect(changes == ["leases 7 gone", "claims 7 gone", "about 7 gone"])
    }

    @Test func `jobs are told in slices, each settled before the next`() async throws {
        let ids = (1...5).map { "j\($0)" }
        let lines = ids.flatMap { ["jobs \($0) = {}", "running \($0) = \(token(1).number)"] }
        let queue = try await stage(lines + ["leases 7 = \(start)", "claims 7 = 1"])
        var seen: [String] = []
        var left = 5
        while left > 0 {
            let slice = try await queue.recover(worker, limit: 2).recovery()
            #expect(slice.left == max(0, 5 - seen.count - 2))
            left = slice.left
            seen += slice.jobs.map(\.id)
            let settlements = slice.jobs.map {
                Settlement(id: $0.id, token: $0.token, disposition: .front(.normal, nil, nil))
            }
            #expect(try await queue.settle(worker, settlements).answers.allSatisfy { $0 == .ok })
        }
        #expect(seen == ids)
        let picture = try await queue.picture()
        #expect(picture["leases 7"] == nil)
        #expect(picture["claims 7"] == nil)
    }

    @Test(arguments: [([2000, 1], 1), ([512, 512, 1], 2), ([512, 513, 1], 1)])
    func `a slice ends at a mebibyte of envelopes, but tells of at least one job`(
        sizes: [Int], count: Int
    ) async throws {
        let queue = try await stage(["leases 7 = 5"])
        for (index, size) in sizes.enumerated() {
            try await queue.draw(["running \(index) = \(token(1).number)"])
            try await queue.draw(["jobs \(index) = \(String(repeating: "x", count: size * 1024))"])
        }
        let slice = try await queue.recover().recovery()
        #expect(slice.jobs.map(\.id) == (0..<count).map(String.init))
        #expect(slice.left == sizes.count - count)
    }

    @Test func `a job whose envelope is gone is told without one`() async throws {
        let queue = try await stage(["running a = \(token(1).number)", "leases 7 = 5"])
        #expect(try await queue.recover().recovery().jobs.map(\.envelope) == [[]])
    }

    @Test func `the neighbours of a range are not told of`() async throws {
        let queue = try await runningStage(
            ["a": 1],
            [
                "leases 7 = 5", "running x = \(Incarnation(6).tokens.upperBound)",
                "running y = \(other.tokens.lowerBound)",
            ])
        let answer = try await queue.recover().recovery()
        #expect(answer.jobs.map(\.id) == ["a"])
        #expect(answer.left == 0)
    }

    @Test func `a worker that leaves condemns itself, gives back what it holds, and is gone`() async throws {
        let queue = try await runningStage(["a": 1, "b": 2], ["about 7 = {}"])
        let held = try await queue.recover(worker).recovery()
        #expect(try await queue.claim(worker, number: 3, want: 1).isStale)
        _ = try await queue.settle(
            worker, held.jobs.map { Settlement(id: $0.id, token: $0.token, disposition: .front(.normal, nil, nil)) })
        let picture = try await queue.picture()
        for key in ["leases", "claims", "about"] { #expect(picture["\(key) 7"] == nil) }
        #expect(picture["queued a"] == "\(place(-2))")
        #expect(picture["queued b"] == "\(place(-1))")
        #expect(try await queue.claim(worker, number: 3, want: 1).isStale)
    }

    @Test func `a request to stop takes effect at recovery`() async throws {
        let queue = try await runningStage(["a": 1], ["leases 7 = 5"])
        #expect(try await queue.cancel(["a"]) == [.asked])
        _ = try await queue.recover().recovery()
        #expect(try await queue.settle("a", 1, .front(.normal, record(), entry())) == .asked)
        #expect(try await queue.picture()["cancelled a"] != nil)
    }
}
