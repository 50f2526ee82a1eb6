import JobModel
import JobStore

/// How often each script ran, and what it answered.
struct Tally: Sendable {
    private(set) var scripts: [StoreScript: Int] = [:]
    private(set) var operations = 0
    private(set) var answers: [String: Int] = [:]
    private(set) var moves: [String: Int] = [:]

    mutating func count(_ operation: Operation, _ answer: Answer) {
        operations += 1
        guard let script = operation.action.script else { return }
        scripts[script, default: 0] += 1
        for word in answer.words { answers["\(script) \(word)", default: 0] += 1 }
    }

    mutating func add(_ moves: [String: Int]) { self.moves.merge(moves, uniquingKeysWith: +) }

    mutating func add(_ other: Tally) {
        operations += other.operations
        add(other.moves)
        scripts.merge(other.scripts, uniquingKeysWith: +)
        answers.merge(other.answers, uniquingKeysWith: +)
    }

    /// What a long run must have met, and how seldom it met it.
    func rarities(below least: Int) -> [String] {
        let found = answers.merging(moves) { a, _ in a }
        return Self.everything.compactMap { word in
            let count = found[word] ?? 0
            return count < least ? "\(word): \(count)" : nil
        }
    }

    private static let everything = [
        "enqueue created", "enqueue duplicate", "enqueue duplicate of forgotten", "enqueue conflict", "enqueue full",
        "enqueue invalid", "enqueue held", "intake created", "intake duplicate", "intake conflict", "intake full",
        "intake gone",
        "join joined", "join taken", "claim jobs", "claim nothing", "claim stale", "claim skipped", "claim refused",
        "beat live", "beat stale", "beat asked", "settle ok", "settle asked", "settle stale", "settle gone",
        "promote moved", "recover all", "recover slice", "recover empty", "recover nothing", "recover grace",
        "cancel cancelled", "cancel asked", "cancel gone", "requeue ok", "requeue gone", "requeue changed",
        "requeue full",
        "pause was paused", "pause was not paused", "watch was watched", "watch was not watched", "remove ok",
        "remove running", "remove gone", "remove changed",
        "edit ok", "edit changed", "edit running", "edit succeeded", "edit gone", "list end", "list page",
        "groups none", "groups end", "groups page", "grouped none", "grouped end", "grouped page", "restore ok",
        "restore dup", "restore invalid",
        "queued → -", "scheduled → -", "retrying → -", "queued → scheduled",
        "prune forgotten", "prune more", "inspect remembered", "inspect unknown",
        "- → queued", "- → scheduled", "- → dead", "scheduled → queued", "retrying → queued", "queued → running",
        "suspect → running", "queued → dead", "running → succeeded", "running → slim", "running → -",
        "running → retrying", "running → queued", "running → suspect", "running → dead", "running → cancelled",
        "scheduled → cancelled", "queued → cancelled", "retrying → cancelled", "suspect → cancelled", "dead → queued",
        "cancelled → queued", "succeeded → -", "dead → -", "cancelled → -",
    ]

    var table: String {
        var lines = ["\(operations) operations"]
        for script in StoreScript.allCases {
            let words = answers.filter { $0.key.hasPrefix("\(script) ") }.sorted { $0.key < $1.key }
                .map { "\($0.key.dropFirst("\(script) ".count)) \($0.value)" }
            lines.append("\(script) \(scripts[script] ?? 0): \(words.joined(separator: ", "))")
        }
        let moves = moves.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return (lines + ["moves: " + moves.joined(separator: ", ")]).joined(separator: "\n")
    }
}

extension Answer {
    /// The classes of this answer: what a walk must have met.
    fileprivate var words: [String] {
        switch self {
        case .admissions(let all): all.map(Self.word)
        case .intake(let all): all.map { $0.map(Self.word) ?? "gone" }
        case .join(.joined): ["joined"]
        case .join(.taken): ["taken"]
        case .claimed(let claim): [claim.jobs.isEmpty ? "nothing" : "jobs"]
        case .stale: ["stale"]
        case .skipped: ["skipped"]
        case .refused: ["refused"]
        case .beat(let beat): beat.members.map { $0.isLive ? $0.asked.isEmpty ? "live" : "asked" : "stale" }
        case .settled(let all): all.map(\.rawValue)
        case .promoted(let count, _): [count > 0 ? "moved" : "nothing"]
        case .recovered(let slice): [slice.jobs.isEmpty ? "empty" : slice.left > 0 ? "slice" : "all"]
        case .nothing: ["nothing"]
        case .grace: ["grace"]
        case .cancelled(let all): all.map(\.rawValue)
        case .requeued(let all): all.map(\.rawValue)
        case .pruned(let count, let isMoreDue): [count > 0 ? "forgotten" : "nothing"] + (isMoreDue ? ["more"] : [])
        case .inspected(let all): all.map { $0.state?.rawValue ?? ($0.isRemembered ? "remembered" : "unknown") }
        case .paused(let was): [was.map { $0 ? "was paused" : "was not paused" } ?? "gone"]
        case .watched(let was): [was.map { $0 ? "was watched" : "was not watched" } ?? "gone"]
        case .removed(let all): all.map(\.rawValue)
        case .edited(let word): [word.rawValue]
        case .listed(let page): [page.next == nil ? "end" : "page"]
        case .groups(let page): [page.groups.isEmpty ? "none" : page.next == nil ? "end" : "page"]
        case .searched(let jobs, let next): [jobs.isEmpty ? "none" : next == nil ? "end" : "page"]
        case .restored(let all): all.map(\.rawValue)
        case .done, .snapshot, .failed: []
        }
    }

    private static func word(_ admission: Admission) -> String {
        switch admission {
        case .created: "created"
        case .duplicate(let state): state == nil ? "duplicate of forgotten" : "duplicate"
        case .conflict: "conflict"
        case .full: "full"
        case .invalid: "invalid"
        case .held: "held"
        }
    }
}
