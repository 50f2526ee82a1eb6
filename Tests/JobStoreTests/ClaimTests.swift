import JobModel
import JobStore
import Redis
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ClaimTests {
    @Test func `a claim moves jobs from queued to running`() async throws {
        let queue = try await stage([
            "jobs a = {1}", "jobs b = {2}", "runs b = {r}", "queued a = \(place(1))", "queued b = \(place(2))",
        ])
        let (first, second, changes) = try await queue.twice { try await $0.claimed(1) }
        #expect(first.ids == ["a", "b"])
        #expect(first.jobs.allSatisfy { $0.token == token(1) })
        #expect(first.jobs.map { text($0.envelope) } == ["{1}", "{2}"])
        #expect(first.jobs.map { text($0.record) } == ["", "{r}"])
        #expect(
            changes == [
                "queued a gone", "queued b gone", "running a = \(token(1).number)", "running b = \(token(1).number)",
                "claims 7 = 1", "meta epoch = \(start * 1000)",
            ])
        #expect(second.ids == first.ids)
        #expect(second.jobs.map(\.envelope) == first.jobs.map(\.envelope))
        #expect(second.jobs.map(\.record) == first.jobs.map(\.record))
        #expect(second.epoch == first.epoch)
    }

    @Test func `a claim says what else there is`() async throws {
        let queue = try await stage([
            "jobs a = {}", "queued a = 1", "queued b = 2", "scheduled c = \(start * 10 + 79)",
            "retrying d = \(start * 10 + 65)", "suspect e = \(start * 10 + 9)", "inbox 1-0 = job {}",
            "inbox 2-0 = job {}",
        ])
        let claim = try await queue.claimed(1, want: 1)
        #expect(claim.now == start)
        #expect(claim.epoch == start * 1000)
        #expect(claim.nextDue == start + 6)
        #expect(claim.inbox == 2)
        #expect(claim.isSuspectDue)
        #expect(claim.born == "77")
        #expect(claim.left == 1)
    }

    @Test func `an empty claim records its number and nothing else`() async throws {
        let queue = try await stage(["suspect e = \(start * 10 + 10)"])
        let (answer, changes) = try await queue.once { try await $0.claimed(3) }
        #expect(answer.ids == [])
        #expect(answer.nextDue == nil)
        #expect(answer.isSuspectDue == false)
        #expect(changes == ["claims 7 = 3"])
    }

    @Test func `the epoch grows with every claim that takes something, even when the clock does not`() async throws {
        let queue = try await stage(["jobs a = {}", "jobs b = {}", "queued a = 1", "queued b = 2"])
        #expect(try await queue.claimed(1, want: 1).epoch == start * 1000)
        #expect(try await queue.claimed(2, want: 1).epoch == start * 1000 + 1)
        #expect(try await queue.claimed(3, want: 1).epoch == start * 1000 + 1)
    }

    @Test func `the epoch never falls behind what it was`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "meta epoch = 8000000000000000"])
        #expect(try await queue.claimed(1).epoch == 8_000_000_000_000_001)
    }

    @Test func `jobs are claimed by priority, then in the order they came`() async throws {
        let queue = try await stage()
        let priorities = [5, 9, 0, 5, 0, 9, 5, 1]
        for (index, priority) in priorities.enumerated() {
            _ = try await queue.enqueue([job("\(index)", priority: priority)])
        }
        var ids: [String] = []
        for number in 1...4 { ids += try await queue.claimed(number, want: 2).ids }
        #expect(ids == ["2", "4", "7", "0", "3", "6", "1", "5"])
    }

    @Test func `a paused queue gives nothing, not even a suspect`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "jobs b = {}", "suspect b = 5", "meta paused = 1"])
        for (number, alone) in [(1, false), (2, true)] {
            let (claim, changes) = try await queue.once { try await $0.claimed(number, alone: alone) }
            #expect(claim.ids == [])
            #expect(changes == ["claims 7 = \(number)"])
        }
    }

    @Test func `a paused queue still answers what is held`() async throws {
        let queue = try await runningStage(["a": 1], ["meta paused = 1"])
        #expect(try await queue.unchanged { try await $0.claimed(1) }.ids == ["a"])
    }

    @Test func `the wake hint is put back while more can be claimed`() async throws {
        let queue = try await stage(["jobs a = {}", "jobs b = {}", "queued a = 1", "queued b = 2"])
        #expect(try await queue.once { try await $0.claimed(1, want: 1) }.changes.lines.contains("wake w = 0"))
        _ = try await queue.client.send(.init("DEL", Key.wake.name(in: queue.name)))
        let last = try await queue.once { try await $0.claimed(2, want: 1) }
        #expect(!last.changes.lines.contains("wake w = 0"))
    }

    @Test func `a claim that takes nothing does not wake others`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = 1", "meta paused = 1"])
        #expect(try await queue.once { try await $0.claimed(1) }.changes == ["claims 7 = 1"])
    }

    @Test func `a job without envelope becomes a dead letter`() async throws {
        let queue = try await stage([
            "queued a = 1", "jobs b = {}", "queued b = 2", "jobs c = ", "queued c = 3", "jobs d = {}", "queued d = 4",
        ])
        let (first, _, changes) = try await queue.twice { try await $0.claimed(1, want: 3) }
        #expect(first.ids == ["b"])
        #expect(first.left == 1)
        let forget = start + Limits.deadTTL
        #expect(changes.lines.filter { $0.hasPrefix("dead") } == ["dead a = \(forget)", "dead c = \(forget)"])
        #expect(changes.lines.filter { $0.hasPrefix("queued") } == ["queued a gone", "queued b gone", "queued c gone"])
        let view = try await queue.inspect(["a"], full: true).jobs[0]
        #expect(view.state == .dead)
        #expect(view.record.last == .malformed)
        #expect(view.record.errors == 1)
        #expect(view.errors.map(\.reason) == [.malformed])
        #expect(view.errors.map(\.number) == [1])
        #expect(try await queue.picture()["meta dead"] == "2")
    }
}
