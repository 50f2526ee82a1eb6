import JobModel
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct RemoveTests {
    private func sightings(_ ids: String...) -> [QueueStore.Sighting] { ids.map { QueueStore.Sighting(id: $0) } }

    @Test(arguments: JobState.allCases.filter { $0 != .running })
    func `a job goes with all that is known of it, but its id is remembered`(state: JobState) async throws {
        let history = (0...9).map { "errors a/\($0) = {\($0)}" } + ["errors b/0 = {}"]
        let queue = try await stage(
            history + [
                "jobs a = {}", "jobs b = {}", "\(state.key.rawValue) a = 5", "\(state.key.rawValue) b = 5",
                "runs a = {r}", "runs b = {r}", "results a = {s}", "idem a = d", "idem-until a = 5", "asked a = 7",
            ])
        let (first, second, changes) = try await queue.twice { try await $0.remove(sightings("a")) }
        #expect(first == [.ok] && second == [.gone])
        let total = state.isFinal ? "forgotten" : "removed"
        let gone: Changes = [
            "jobs a gone", "\(state.key.rawValue) a gone", "runs a gone", "results a gone", "asked a gone",
            "meta \(total) = 1",
        ]
        #expect(changes == gone + Changes(lines: (0...9).map { "errors a/\($0) gone" }))
    }

    @Test func `what runs stays, and what there is not is gone`() async throws {
        let queue = try await runningStage(["a": 1], ["idem x = d", "queued a = 5"])
        let answer = try await queue.unchanged { try await $0.remove(sightings("a", "b", "x")) }
        #expect(answer == [.running, .gone, .gone], "even where a torn log left it in a second place")
    }

    @Test func `only the state that was asked for`() async throws {
        let queue = try await runningStage(["r": 1], ["dead a = 5", "queued b = 5"])
        let (answer, changes) = try await queue.once { try await $0.remove(sightings("a", "b", "r", "c"), in: .dead) }
        #expect(answer == [.ok, .changed, .changed, .gone])
        #expect(changes == ["dead a gone", "meta forgotten = 1"])
    }

    @Test func `a job that is not as it was seen stays`() async throws {
        for change in ["jobs a = {2}", "runs a = {2}", "dead a = 6"] {
            let queue = try await stage(["jobs a = {}", "runs a = {}", "dead a = 5"])
            let seen = try #require(try await queue.inspect(["a"], full: true).jobs[0].version)
            try await queue.draw([change])
            let guarded = QueueStore.Sighting(id: "a", version: seen)
            #expect(try await queue.unchanged { try await $0.remove([guarded]) } == [.changed], "\(change)")
        }
        let queue = try await stage([
            "jobs a = {}", "runs a = {}", "dead a = inf", "jobs b = {}", "queued b = \(place(1))",
        ])
        let jobs = try await queue.inspect(["a", "b", "c"], full: true).jobs
        #expect(jobs[0].version?.count == 40 && jobs[2].version == nil)
        let same = jobs.prefix(2).map { QueueStore.Sighting(id: $0.id, version: $0.version) }
        #expect(try await queue.remove(Array(same)) == [.ok, .ok])
    }

    @Test func `a short look has no version, and a wish to stop is another one`() async throws {
        let queue = try await runningStage(["a": 1])
        #expect(try await queue.inspect(["a"], full: false).jobs[0].version == nil)
        let before = try await queue.inspect(["a"], full: true).jobs[0].version
        _ = try await queue.cancel(["a"])
        #expect(try await queue.inspect(["a"], full: true).jobs[0].version != before)
    }

    @Test func `a thousand jobs go in one call, and the same twice once`() async throws {
        let ids = (0..<999).map { "j\($0)" }
        let queue = try await stage(ids.flatMap { ["jobs \($0) = {}", "queued \($0) = 5", "runs \($0) = {}"] })
        let answers = try await queue.remove((ids + ["j0"]).map { QueueStore.Sighting(id: $0) })
        #expect(answers == [QueueStore.RemoveAnswer](repeating: .ok, count: 999) + [.gone])
        #expect(try await queue.picture()["meta removed"] == "999")
    }
}

@Suite(.timeLimit(.minutes(1))) struct PurgeTests {
    @Test func `a purge takes what is in the states it names, in slices`() async throws {
        let dead = (0..<1100).flatMap { ["jobs d\($0) = {}", "dead d\($0) = \($0)"] }
        let queue = try await runningStage(
            ["r": 1], dead + ["jobs c = {}", "cancelled c = 5", "jobs q = {}", "queued q = 5", "inbox 1-0 = job {}"])
        let slices = Log<[JobState: Int]>()
        let removed = try await queue.purge([.dead, .queued, .running]) { slices.note($0) }
        #expect(removed == [.dead: 1100, .queued: 1])
        #expect(slices.items.map { $0[.dead] ?? 0 } == [0, 1000, 1100])
        let left = try await queue.snapshot()
        #expect(left.count(.running) == 1 && left.count(.cancelled) == 1 && left.inbox == 1)
        #expect(left.total("removed") == 1 && left.total("forgotten") == 1100)
    }

    @Test func `jobs that come in meanwhile do not keep it going`() async throws {
        let queue = try await stage((0..<1100).flatMap { ["jobs d\($0) = {}", "queued d\($0) = \(place($0))"] })
        _ = try await queue.draw(["meta sequence = 1100"])
        let rounds = Log<Int>()
        let removed = try await queue.purge([.queued]) { _ in
            rounds.note(1)
            _ = try? await queue.enqueue((0..<1000).map { job("n\(rounds.items.count)-\($0)") })
        }
        #expect(removed == [.queued: 1100] && rounds.items.count == 2)
        #expect(try await queue.picture().lines.allSatisfy { !$0.hasPrefix("jobs d") })
    }

    @Test func `a purge of nothing is over at once`() async throws {
        let queue = try await stage()
        #expect(try await queue.unchanged { try await $0.purge([.dead]) } == [.dead: 0])
        #expect(try await queue.purge([]) == [:])
    }
}
