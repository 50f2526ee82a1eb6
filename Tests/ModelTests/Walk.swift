import JobModel
import JobStore
import Redis
import TestSupport

/// Goes through operations one by one, in the model and in Redis, and compares the answer and the whole state each time.
struct Walk {
    private(set) var model = ModelQueue()
    private(set) var tally = Tally()
    private(set) var ledger = Ledger()
    private let side: RedisSide
    private var steps = 0

    init(_ side: RedisSide) { self.side = side }

    /// Where model and Redis parted, or a promise was broken.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// One operation. Throws `Failure` when something is not as it should be.
    @discardableResult
    mutating func step(_ operation: Operation) async throws -> Answer {
        let before = model
        let broken = model.victim(of: operation)
        let expected = model.apply(operation, in: side.queue.name, broken: broken)
        let answer = await side.apply(operation, broken: broken)
        try await compare(operation, answer, expected)
        let breach = ledger.check(operation, answer, before: before, after: model)
        if let breach { throw Failure(description: breach) }
        tally.count(operation, answer)
        if operation.isRepeated { try await again(operation) }
        steps += 1
        if steps.isMultiple(of: 32) { try await checkInfo(at: operation.now) }
        return answer
    }

    private func compare(_ operation: Operation, _ answer: Answer, _ expected: Answer) async throws {
        let isEqual = try side.isEqual(to: model)
        if answer == expected, isEqual { return }
        var text = ""
        if answer != expected { text += "  answer: model \(expected)\n          Redis \(answer)\n" }
        if !isEqual { text += try await StateDifference.describe(model, side) }
        throw Failure(description: text)
    }

    /// What `info` counts is what is stored. At one step of thirty-two, because a look takes about as long as a step; each step also compares all that is stored.
    private func checkInfo(at now: Int) async throws {
        let snapshot = try await side.queue.at(now).snapshot()
        let row = InfoReport(server: ServerFacts(info: ""), snapshots: [snapshot]).queues[0]
        let shown = [
            row.queued, row.scheduled, row.retrying, row.blocked, row.suspect, row.running, row.succeeded, row.dead,
            row.cancelled, row.inbox, row.remembered,
        ]
        let states: [JobState] = [
            .queued, .scheduled, .retrying, .blocked, .suspect, .running, .succeeded, .dead, .cancelled,
        ]
        let stored = states.map(model.count) + [model.inbox.count, model.remembered.count]
        if shown != stored { throw Failure(description: "info shows \(shown), but stored are \(stored)") }
    }

    /// The same call at once, as after a lost reply: the state stays as it is.
    private mutating func again(_ operation: Operation) async throws {
        let before = model
        let expected = model.apply(operation, in: side.queue.name)
        if operation.action.isIdempotent, model != before {
            throw Failure(description: "the same call again changes the state")
        }
        let answer = await side.apply(operation, broken: nil)
        try await compare(operation, answer, expected)
        tally.count(operation, answer)
    }
}
