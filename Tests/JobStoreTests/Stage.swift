import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// The time of most tests, ms since 1970.
let start = 1_000_000_000
/// The worker of most tests, and another one.
let worker = Incarnation(7)
let other = Incarnation(8)

/// A queue at `start`, known and ticking, where `worker` is a member for 20 s, and what `lines` say besides.
func stage(_ lines: [String] = []) async throws -> QueueStore {
    let queue = try await TestQueue.make().at(start)
    let known = [
        "meta format = 1", "meta born = 77", "meta lease_ms = 30000", "meta tick = \(start)", "meta sampled = \(start)",
    ]
    try await queue.draw(known + ["leases 7 = \(start + 20_000)"] + lines)
    return queue
}

/// A stage where `worker` runs these jobs, each under its claim number.
func runningStage(_ claims: KeyValuePairs<String, Int>, _ lines: [String] = []) async throws -> QueueStore {
    let runs = claims.flatMap { id, claim in ["jobs \(id) = {}", "running \(id) = \(token(claim).number)"] }
    return try await stage(runs + ["claims 7 = \(claims.map(\.value).max() ?? 0)"] + lines)
}

/// The score of a queued job: the sequence counts from 1, jobs at the front have negative ones.
func place(_ sequence: Int, priority: Int = 5) -> Int { priority << 49 + 1 << 48 + sequence }

func token(_ claim: Int) -> Token { worker.token(claim: claim) }

func job(
    _ id: String, priority: Int = 5, due: Due = .now, remember: Int = 0, digest: String = "", envelope: String = "{}"
) -> NewJob {
    NewJob(
        id: id, envelope: Array(envelope.utf8), priority: Priority(priority)!, due: due, rememberMs: remember,
        digest: digest)
}

/// A run record and an entry of the history, as a failed attempt leaves them.
func record(attempts: Int = 1, errors: Int = 1) -> RunRecord {
    var record = RunRecord()
    record.attempts = attempts
    record.errors = errors
    return record
}

func entry(_ number: Int = 1) -> ErrorEntry {
    var entry = ErrorEntry()
    entry.number = number
    entry.message = "no"
    return entry
}

/// What jobs of the name `n` died of.
let commonGroup = DeadGroup(name: "n", entry())

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

extension QueueStore {
    /// Makes a call and answers what it answered, and what it changed.
    func once<Answer>(_ call: (QueueStore) async throws -> Answer) async throws -> (answer: Answer, changes: Changes) {
        let before = try await picture()
        let answer = try await call(self)
        return (answer, try await picture().changes(since: before))
    }

    /// Makes a call twice; the second time nothing may change. Answers both answers, and what the first one changed.
    func twice<Answer>(
        sourceLocation: SourceLocation = #_sourceLocation, _ call: (QueueStore) async throws -> Answer
    ) async throws -> (first: Answer, second: Answer, changes: Changes) {
        let (first, changes) = try await once(call)
        let (second, again) = try await once(call)
        #expect(again == [], "the same call again changed something", sourceLocation: sourceLocation)
        return (first, second, changes)
    }

    /// Makes a call that must leave the queue as it is, and answers what it answered.
    func unchanged<Answer>(
        sourceLocation: SourceLocation = #_sourceLocation, _ call: (QueueStore) async throws -> Answer
    ) async throws -> Answer {
        let (answer, changes) = try await once(call)
        #expect(changes == [], sourceLocation: sourceLocation)
        return answer
    }

    /// Calls a script with arguments that the wrappers would never send. Answers its words, lists flattened.
    func raw(_ script: StoreScript, _ words: [String]) async throws -> [String] {
        var arguments = arguments()
        for word in words { arguments.append(word) }
        var (word, reader) = try await call(script, arguments)
        var answer = [word]
        while let kind = reader.peek {
            if kind == .array { _ = try reader.array() } else { answer.append(try reader.optionalString() ?? "") }
        }
        return answer
    }

    /// A claim that must succeed.
    func claimed(
        _ number: Int, want: Int = 10, alone: Bool = false, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Claim {
        try await claim(worker, number: number, want: want, alone: alone).claim(sourceLocation: sourceLocation)
    }

    /// Settles one job of `worker`.
    func settle(_ id: String, _ claim: Int, _ disposition: Disposition) async throws -> Settled {
        try await settle(worker, [Settlement(id: id, token: token(claim), disposition: disposition)]).answers[0]
    }
}

extension ClaimAnswer {
    func claim(sourceLocation: SourceLocation = #_sourceLocation) throws -> Claim {
        guard case .claimed(let claim) = self else {
            return try #require(nil, "the claim answered \(self)", sourceLocation: sourceLocation)
        }
        return claim
    }

    var isStale: Bool { if case .stale = self { true } else { false } }
    var isSkipped: Bool { if case .skipped = self { true } else { false } }
}

extension Claim {
    var ids: [String] { jobs.map(\.id) }
}

extension RecoverAnswer {
    func recovery(sourceLocation: SourceLocation = #_sourceLocation) throws -> Recovery {
        guard case .recovered(let recovery) = self else {
            return try #require(nil, "recover answered \(self)", sourceLocation: sourceLocation)
        }
        return recovery
    }

    var isNone: Bool { if case .none = self { true } else { false } }
    var graceUntil: Int? { if case .grace(let until) = self { until } else { nil } }
}
