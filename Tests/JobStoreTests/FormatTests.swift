import JobModel
import TestSupport
import Testing

@testable import JobStore

/// A queue in a format that this version does not speak is left alone.
@Suite(.timeLimit(.minutes(1))) struct FormatTests {
    /// Arguments behind time and format with which each script would change the queue below.
    static func arguments(_ script: StoreScript) -> [String] {
        switch script {
        case .enqueue: ["1", "0", "", "new", "{}", "5", "0", "0", ""]
        case .intake:
            ["1", "1", "1-0", "new", "{}", "5", "0", "0", "", "2-0", "inbox:2-0", "x", "5", "{}", "{}", "n/0"]
        case .join: ["9", "30000"]
        case .claim: ["7", "2", "5", "0", "1048576", "5"]
        case .beat: ["1", "7", "{}"]
        case .settle: ["7", "5", "1", "0", "0", "0", "0", "0", "\(token(1).number)", "5", "1", "r", "{}"]
        case .promote: ["100"]
        case .recover: ["8", "100", "1048576", "10000"]
        case .cancel: ["5", "q"]
        case .requeue: ["d", "5", "", "{}", "", ""]
        case .prune: ["100"]
        case .snapshot: ["5", "5"]
        case .inspect: ["1", "q"]
        case .inbox: ["9", "9", "9"]
        case .pause: ["1", "me", "why"]
        case .remove: ["", "q", ""]
        case .edit: ["q", version, "{1}", "5", ""]
        case .list: ["1", "0", "", "", "9", "9", "0"]
        case .order: ["quiet", "10"]
        case .watch: ["10000"]
        case .groups: ["-", "+", "9"]
        case .grouped: ["-", "+", "0", "9", "9"]
        case .restore: ["5", "1", "new", "{}", "-1", "5", "", "n/0", "0"]
        }
    }

    /// Of the job q below.
    private static let version = JobView.version(
        state: .queued, score: "1", isAsked: false, record: [], envelope: [123, 125])

    static let lines = [
        "jobs q = {}", "queued q = 1", "running r = \(token(1).number)", "jobs r = {}", "scheduled s = 5", "dead d = 5",
        "leases 8 = 5", "leases 10 = 9000000000000", "claims 7 = 1", "inbox 1-0 = job {}", "inbox 2-0 = job x",
    ]

    @Test(arguments: StoreScript.allCases)
    func `no script touches another format`(script: StoreScript) async throws {
        let queue = try await stage(Self.lines + ["meta format = 2"])
        _ = try await queue.at(start + 40_000).unchanged { queue in
            await #expect(throws: StoreError.foreignFormat("2")) {
                try await queue.raw(script, Self.arguments(script))
            }
        }
    }

    /// The same calls do something to a queue of our format: else the test above could not fail.
    @Test(arguments: StoreScript.allCases)
    func `every script works on its own format`(script: StoreScript) async throws {
        let queue = try await stage(Self.lines)
        let (answer, changes) = try await queue.once { try await $0.raw(script, Self.arguments(script)) }
        #expect(answer.first == "ok")
        #expect(changes.isEmpty == ([.snapshot, .inspect, .inbox, .list, .groups, .grouped].contains(script)))
    }

    @Test func `the error says what to do`() {
        #expect("\(StoreError.foreignFormat("2"))".contains("upgrade this program"))
    }
}
