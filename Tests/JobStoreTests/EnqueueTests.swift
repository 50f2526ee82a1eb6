import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct EnqueueTests {
    @Test func `the first job of a queue is queued, marks the format, and wakes`() async throws {
        let queue = try await TestQueue.make().at(start)
        let (first, second, changes) = try await queue.twice { try await $0.enqueue([job("a")]) }
        #expect(first.now == start)
        #expect(first.admissions == [.created])
        #expect(second.admissions == [.duplicate(.queued)])
        #expect(
            changes == [
                "jobs a = {}", "queued a = \(place(1))", "wake w = 0", "meta format = 1", "meta born = \(start * 1000)",
                "meta sequence = 1", "meta enqueued = 1", "meta sampled = \(start)",
                "rates \(start) 0 0 0 0 0 0 = \(start)",
            ])
    }

    @Test func `a job whose time has not come is scheduled`() async throws {
        let queue = try await stage()
        let (first, second, changes) = try await queue.twice {
            try await $0.enqueue([job("a", priority: 3, due: .at(ms: start + 1)), job("b", due: .after(ms: 5000))])
        }
        #expect(first.admissions == [.created, .created])
        #expect(second.admissions == [.duplicate(.scheduled), .duplicate(.scheduled)])
        #expect(
            changes == [
                "jobs a = {}", "scheduled a = \((start + 1) * 10 + 3)", "jobs b = {}",
                "scheduled b = \((start + 5000) * 10 + 5)", "wake w = 0", "meta enqueued = 2",
            ])
    }

    @Test(arguments: [Due.at(ms: start), .at(ms: 1), .now])
    func `a job whose time has come is queued`(due: Due) async throws {
        let queue = try await stage()
        let (_, _, changes) = try await queue.twice { try await $0.enqueue([job("a", due: due)]) }
        #expect(
            changes == [
                "jobs a = {}", "queued a = \(place(1))", "wake w = 0", "meta sequence = 1", "meta enqueued = 1",
            ])
    }

    @Test func `only the earliest due job wakes`() async throws {
        let queue = try await stage(["scheduled x = \((start + 1000) * 10 + 5)"])
        let later = try await queue.once { try await $0.enqueue([job("a", due: .after(ms: 1000))]) }
        #expect(later.changes == ["jobs a = {}", "scheduled a = \((start + 1000) * 10 + 5)", "meta enqueued = 1"])
        let sooner = try await queue.once { try await $0.enqueue([job("b", due: .after(ms: 999))]) }
        #expect(sooner.changes.lines.contains("wake w = 0"))
    }

    @Test(arguments: JobState.allCases)
    func `a known id is refused with its state`(state: JobState) async throws {
        let queue = try await stage(["jobs a = {}", "\(state.key.rawValue) a = 5"])
        let answer = try await queue.unchanged { try await $0.enqueue([job("a")]) }
        #expect(answer.admissions == [.duplicate(state)])
    }

    @Test func `a caller's own id is remembered with its digest`() async throws {
        let queue = try await stage()
        let (_, second, changes) = try await queue.twice {
            try await $0.enqueue([job("a", remember: NewJob.ownIDMemoryMs, digest: "d")])
        }
        #expect(second.admissions == [.duplicate(.queued)])
        #expect(
            changes == [
                "jobs a = {}", "queued a = \(place(1))", "wake w = 0", "meta sequence = 1", "meta enqueued = 1",
                "idem a = d", "idem-until a = \(start + 600_000)",
            ])
    }

    @Test func `another job under a remembered id is a conflict`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 5", "idem a = d", "idem-until a = 1", "idem b = d"])
        let answer = try await queue.unchanged {
            try await $0.enqueue([
                job("a", remember: 1, digest: "d"), job("a", remember: 1, digest: "e"), job("a"),
                job("b", remember: 1, digest: "d"), job("b", remember: 1, digest: "e"), job("b"),
            ])
        }
        #expect(
            answer.admissions == [
                .duplicate(.queued), .conflict(.queued), .duplicate(.queued),
                .duplicate(nil), .conflict(nil), .duplicate(nil),
            ])
    }

    @Test func `a record without envelope still remembers its id`() async throws {
        let queue = try await stage(["jobs a = ", "succeeded a = \(start + 15_000)"])
        #expect(try await queue.unchanged { try await $0.enqueue([job("a")]) }.admissions == [.duplicate(.succeeded)])
    }

    @Test func `an id twice in one call is taken in once`() async throws {
        let queue = try await stage()
        let (first, _, changes) = try await queue.twice {
            try await $0.enqueue([
                job("a", remember: 1, digest: "d"), job("a", remember: 1, digest: "d"), job("a", digest: "e"),
                job("b", due: .after(ms: 5)), job("b"),
            ])
        }
        #expect(
            first.admissions == [.created, .duplicate(.queued), .conflict(.queued), .created, .duplicate(.scheduled)])
        #expect(
            changes == [
                "jobs a = {}", "queued a = \(place(1))", "idem a = d", "idem-until a = \(start + 1)",
                "jobs b = {}", "scheduled b = \((start + 5) * 10 + 5)", "wake w = 0", "meta sequence = 1",
                "meta enqueued = 2",
            ])
    }

    @Test func `a thousand jobs come in with one call, in order`() async throws {
        let queue = try await stage()
        let jobs = (1...1000).map { job("j\($0)", due: $0 % 2 == 0 ? .now : .after(ms: $0), remember: 1, digest: "d") }
        let (first, second, _) = try await queue.twice { try await $0.enqueue(jobs) }
        #expect(first.admissions.allSatisfy { $0 == .created })
        #expect(second.admissions.allSatisfy { $0 == .duplicate(.queued) || $0 == .duplicate(.scheduled) })
        #expect(try await queue.claimed(1, want: 1000).ids == (1...500).map { "j\($0 * 2)" })
    }
}
