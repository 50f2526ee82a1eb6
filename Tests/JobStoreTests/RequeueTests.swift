import JobModel
import JobStore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequeueTests {
    private var fresh: RunRecord {
        var record = RunRecord()
        record.generation = 1
        return record
    }

    private func life(_ id: String, old: String = "", priority: Int = 5) -> QueueStore.Requeue {
        QueueStore.Requeue(id: id, priority: Priority(priority)!, old: Array(old.utf8)[...], new: fresh)
    }

    @Test(arguments: ["dead", "cancelled"])
    func `a job that ended badly gets another life at the back of the queue`(index: String) async throws {
        let queue = try await stage([
            "jobs a = {}", "runs a = {old}", "errors a/0 = {}", "\(index) a = 5", "meta sequence = 4",
        ])
        let (first, second, changes) = try await queue.twice {
            try await $0.requeue([life("a", old: "{old}", priority: 8)])
        }
        #expect(first == [.ok])
        #expect(second == [.gone])
        #expect(
            changes == [
                "\(index) a gone", "queued a = \(place(5, priority: 8))", "runs a = \(text(fresh.encoded()))",
                "meta sequence = 5", "meta requeued = 1", "wake w = 0",
            ])
    }

    @Test(arguments: JobState.allCases.filter { $0 != .dead && $0 != .cancelled })
    func `a job in any other state is gone`(state: JobState) async throws {
        let queue = try await stage(["jobs a = {}", "\(state.key.rawValue) a = 5"])
        #expect(try await queue.unchanged { try await $0.requeue([life("a"), life("b")]) } == [.gone, .gone])
    }

    @Test func `a record that changed since it was read is not overwritten`() async throws {
        let queue = try await stage(["dead a = 5", "runs a = {new}", "cancelled b = 5", "runs c = {}", "dead d = 5"])
        let answers = try await queue.unchanged {
            try await $0.requeue([life("a", old: "{old}"), life("a"), life("b", old: "{}"), life("d", old: "x")])
        }
        #expect(answers == [.changed, .changed, .changed, .changed])
    }

    @Test func `a full queue takes none back`() async throws {
        let queue = try await stage([
            "meta limit_waiting = 4", "queued x = 5", "scheduled y = 5", "retrying z = 5", "dead a = 5", "dead b = 5",
        ])
        let (first, second, changes) = try await queue.twice { try await $0.requeue([life("a"), life("b")]) }
        #expect(first == [.ok, .full])
        #expect(second == [.gone, .full])
        #expect(!changes.lines.contains { $0.contains(" b ") })
    }

    @Test func `the same job twice in a call is taken back once`() async throws {
        let queue = try await stage(["dead a = 5"])
        #expect(try await queue.requeue([life("a"), life("a")]) == [.ok, .gone])
    }

    @Test func `requeued jobs are claimed after those that wait`() async throws {
        let queue = try await stage(["jobs a = {}", "dead a = 5"])
        _ = try await queue.enqueue([job("b")])
        _ = try await queue.requeue([life("a")])
        #expect(try await queue.claimed(1).ids == ["b", "a"])
    }
}
