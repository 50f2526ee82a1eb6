import JobModel
import TestSupport
import Testing

@testable import JobStore

@Suite(.timeLimit(.minutes(1))) struct EditTests {
    private static let soon = (start + 5) * 10
    private static let later = (start + 9000) * 10

    /// Sees the job, and edits it as it was seen; twice, because the second call must change nothing.
    private func edit(
        _ queue: QueueStore, priority: Int = 5, due: Due? = nil, envelope: String = "{new}"
    ) async throws -> (first: QueueStore.EditAnswer, second: QueueStore.EditAnswer, changes: Changes) {
        let seen = try #require(try await queue.inspect(["a"], full: true).jobs[0].version)
        return try await queue.twice {
            try await $0.edit(
                QueueStore.Edit(
                    id: "a", version: seen, envelope: Array(envelope.utf8), priority: Priority(priority)!, due: due))
        }
    }

    struct Case: CustomStringConvertible, Sendable {
        var before: String
        var priority = 5
        var due: Due?
        var changes: [String]
        var description: String { "\(before), p\(priority), \(due.map { "\($0)" } ?? "-")" }
    }

    static let cases = [
        Case(before: "queued a = \(place(7))", changes: []),
        Case(before: "queued a = \(place(7))", priority: 2, changes: ["queued a = \(place(7, priority: 2))"]),
        Case(before: "queued a = \(place(-7))", priority: 9, changes: ["queued a = \(place(-7, priority: 9))"]),
        Case(before: "queued a = \(place(7))", due: .now, changes: []),
        Case(before: "queued a = \(place(7))", due: .at(ms: start), changes: []),
        Case(
            before: "queued a = \(place(7))", priority: 2, due: .after(ms: 5),
            changes: ["queued a gone", "scheduled a = \(soon + 2)", "wake w = 0"]),
        Case(before: "scheduled a = \(soon + 5)", priority: 2, changes: ["scheduled a = \(soon + 2)", "wake w = 0"]),
        Case(before: "scheduled a = \(soon + 5)", due: .at(ms: start + 9000), changes: ["scheduled a = \(later + 5)"]),
        Case(
            before: "scheduled a = \(soon + 5)", priority: 1, due: .now,
            changes: ["scheduled a gone", "queued a = \(place(1, priority: 1))", "meta sequence = 1", "wake w = 0"]),
        Case(
            before: "retrying a = \(soon + 5)", due: .at(ms: 1),
            changes: ["retrying a gone", "queued a = \(place(1))", "meta sequence = 1", "wake w = 0"]),
        Case(before: "retrying a = \(soon + 5)", due: .at(ms: start + 9000), changes: ["retrying a = \(later + 5)"]),
        Case(before: "suspect a = \(later + 5)", due: .now, changes: ["suspect a = \(start * 10 + 5)", "wake w = 0"]),
        Case(before: "blocked a = \(soon + 5)", priority: 3, due: .now, changes: ["blocked a = \(soon + 3)"]),
        Case(before: "dead a = inf", priority: 3, due: .now, changes: []),
        Case(before: "cancelled a = 5", changes: []),
    ]

    @Test(arguments: cases) func `a job is what it was given, where its time puts it`(test: Case) async throws {
        let queue = try await stage(["jobs a = {}", test.before])
        let (first, second, changes) = try await edit(queue, priority: test.priority, due: test.due)
        #expect(first == .ok)
        #expect(second == .changed)
        #expect(changes == Changes(lines: test.changes + ["jobs a = {new}"]))
    }

    @Test(arguments: [(JobState.running, QueueStore.EditAnswer.running), (.succeeded, .succeeded)])
    func `it is too late for what runs or has succeeded`(state: JobState, word: QueueStore.EditAnswer) async throws {
        let queue = try await stage(["jobs a = {}", "\(state.key.rawValue) a = \(token(1).number)"])
        let (first, second, changes) = try await edit(queue)
        #expect(first == word && second == word && changes == [])
    }

    @Test func `a job that is not as it was seen is left alone, and none is made`() async throws {
        let queue = try await stage(["jobs a = {}", "dead a = 5"])
        func edit(_ id: String, _ version: String) async throws -> QueueStore.EditAnswer {
            try await queue.unchanged {
                try await $0.edit(QueueStore.Edit(id: id, version: version, envelope: [1], priority: .normal))
            }
        }
        let seen = try #require(try await queue.inspect(["a"], full: true).jobs[0].version)
        try await queue.draw(["runs a = {}"])
        #expect(try await edit("a", seen) == .changed)
        #expect(try await edit("a", "") == .changed)
        #expect(try await edit("b", seen) == .gone)
    }

    @Test func `an edited job is claimed with its new envelope`() async throws {
        let queue = try await stage()
        _ = try await queue.enqueue([job("b"), job("a")])
        #expect(try await edit(queue, priority: 0).first == .ok)
        let claim = try await queue.claimed(1)
        #expect(claim.ids == ["a", "b"])
        #expect(claim.jobs.map { text($0.envelope) } == ["{new}", "{}"])
    }

    @Test func `the last moment is a moment`() async throws {
        let queue = try await stage(["jobs a = {}", "queued a = \(place(7))"])
        let (first, _, changes) = try await edit(queue, priority: 9, due: .at(ms: .max))
        #expect(first == .ok)
        #expect(changes.lines.contains("scheduled a = 9000000000000009"))
    }
}
