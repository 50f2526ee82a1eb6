import JobModel
import JobStore
import TestSupport
import Testing

/// Calls of all or none.
@Suite(.timeLimit(.minutes(1))) struct AtomicTests {
    @Test func `an atomic call in which all are fine is taken in, and again it is all duplicates`() async throws {
        let queue = try await stage(["jobs old = {}", "dead old = 5"])
        let (first, second, changes) = try await queue.twice {
            try await $0.enqueue([job("a"), job("old"), job("b", due: .after(ms: 5)), job("a")], atomic: true)
                .admissions
        }
        #expect(first == [.created, .duplicate(.dead), .created, .duplicate(.queued)])
        #expect(second == [.duplicate(.queued), .duplicate(.dead), .duplicate(.scheduled), .duplicate(.queued)])
        #expect(
            changes == [
                "jobs a = {}", "queued a = \(place(1))", "jobs b = {}", "scheduled b = \((start + 5) * 10 + 5)",
                "wake w = 0", "meta sequence = 1", "meta enqueued = 2",
            ])
    }

    @Test func `a conflict keeps the others out`() async throws {
        let queue = try await stage(["jobs x = {}", "queued x = 5", "idem x = d"])
        let jobs = [
            job("a"), job("x", remember: 1, digest: "e"), job("x", remember: 1, digest: "d"),
            job("b", due: .after(ms: 5), remember: 1, digest: "d"),
        ]
        let answer = try await queue.unchanged { try await $0.enqueue(jobs, atomic: true).admissions }
        #expect(answer == [.held, .conflict(.queued), .duplicate(.queued), .held])
    }

    @Test func `what the script refuses keeps the others out`() async throws {
        let queue = try await stage()
        let answer = try await queue.unchanged {
            try await $0.enqueue([job("a"), job("a b"), job("a")], atomic: true).admissions
        }
        #expect(answer == [.held, .invalid, .held], "a duplicate of a job that is held is held with it")
    }

    @Test func `a queue with room for some takes none`() async throws {
        let queue = try await stage(["meta limit_waiting = 2", "queued x = 5"])
        let answer = try await queue.unchanged {
            try await $0.enqueue([job("a"), job("b"), job("c")], atomic: true).admissions
        }
        #expect(answer == [.held, .full, .full])
        #expect(try await queue.enqueue([job("a")], atomic: true).admissions == [.created])
    }

    @Test func `a refused call does not make a queue`() async throws {
        let queue = try await TestQueue.make().at(start)
        let answer = try await queue.unchanged {
            try await $0.enqueue([job("a"), job("")], atomic: true).admissions
        }
        #expect(answer == [.held, .invalid])
    }
}

/// What a key of a request needs: an id made of it, remembered for a day with a digest of the request.
@Suite(.timeLimit(.minutes(1))) struct KeyTests {
    private func request(_ digest: String) -> NewJob { job("key:1", remember: 86_400_000, digest: digest) }

    @Test func `the same request again is answered by its job, another one under its key is refused`() async throws {
        let queue = try await stage()
        let (first, second, _) = try await queue.twice { try await $0.enqueue([request("d")]).admissions }
        #expect(first == [.created])
        #expect(second == [.duplicate(.queued)])
        #expect(try await queue.unchanged { try await $0.enqueue([request("e")]).admissions } == [.conflict(.queued)])
    }

    @Test func `the key outlives its job, until its day is over`() async throws {
        let queue = try await stage()
        _ = try await queue.enqueue([request("d")])
        #expect(try await queue.claimed(1).ids == ["key:1"])
        #expect(try await queue.settle("key:1", 1, .done(ttlMs: 0, result: [])) == .ok)
        let late = queue.at(start + 86_399_999)
        let answer = try await late.unchanged { try await $0.enqueue([request("d"), request("e")]).admissions }
        #expect(answer == [.duplicate(nil), .conflict(nil)])
        let next = queue.at(start + 86_400_001)
        try await queue.draw(["meta tick = \(start + 86_400_000)", "meta calm = 600000"])
        _ = try await next.prune()
        #expect(try await next.enqueue([request("e")]).admissions == [.created])
    }
}
