import JobModel
import JobStore

/// Leaves steps out of a failing walk for as long as it still fails.
struct Shrinker {
    /// A queue that nobody else uses; emptied before each try.
    let side: RedisSide
    private let deadline = ContinuousClock.now + .seconds(90)

    struct Result {
        var operations: [Operation]
        var failure: Walk.Failure
    }

    init(_ side: RedisSide) { self.side = side }

    /// The shortest list it finds, and how that one fails; nil when the walk does not fail a second time.
    func shrink(_ operations: [Operation]) async throws -> Result? {
        guard var best = try await end(of: operations) else { return nil }
        try await keepWhatChanges(&best)
        try await leaveOutTopics(&best)
        try await leaveOutChunks(&best)
        return best
    }

    /// The last steps are mostly enough, if the workers are there and the settings are made: tries ever more of them.
    private func end(of operations: [Operation]) async throws -> Result? {
        var count = 8
        while count < operations.count {
            let first = operations.count - count
            let end = operations.enumerated().filter { $0 >= first || $1.action.isPreparation }.map(\.element)
            if let result = try await attempt(end) { return result }
            count *= 2
        }
        return try await attempt(operations)
    }

    /// Without what changed nothing, by the model alone, which is quick.
    private func keepWhatChanges(_ best: inout Result) async throws {
        var model = ModelQueue()
        let last = best.operations.count - 1
        let changing = best.operations.enumerated().filter { index, operation in
            let before = model
            _ = model.apply(operation, in: side.queue.name, broken: model.victim(of: operation))
            return index == last || model != before
        }
        try await replace(&best, by: changing.map(\.element))
    }

    /// Without a kind of operation, an incarnation or a job altogether.
    private func leaveOutTopics(_ best: inout Result) async throws {
        for kind in Set(best.operations.map(\.action.kind)) {
            try await replace(&best, by: best.operations.filter { $0.action.kind != kind })
        }
        for incarnation in Set(best.operations.compactMap(\.action.incarnation)) {
            try await replace(&best, by: best.operations.filter { $0.action.incarnation != incarnation })
        }
        for id in Set(best.operations.flatMap(\.action.ids)) {
            let fewer = best.operations.compactMap { operation in
                var operation = operation
                guard let action = operation.action.without(id) else { return Operation?.none }
                operation.action = action
                return operation
            }
            try await replace(&best, by: fewer)
        }
    }

    private func leaveOutChunks(_ best: inout Result) async throws {
        var chunk = max(1, best.operations.count / 2)
        while chunk >= 1 {
            var start = 0
            var hasShrunk = false
            while start < best.operations.count, ContinuousClock.now < deadline {
                var fewer = best.operations
                fewer.removeSubrange(start..<min(start + chunk, fewer.count))
                if try await replace(&best, by: fewer) { hasShrunk = true } else { start += chunk }
            }
            if chunk > 1 || !hasShrunk { chunk /= 2 }
        }
    }

    /// Takes the other list if that one fails too.
    @discardableResult
    private func replace(_ best: inout Result, by operations: [Operation]) async throws -> Bool {
        guard ContinuousClock.now < deadline, let result = try await attempt(operations) else { return false }
        best = result
        return true
    }

    /// Goes through the steps on an empty queue. Answers those up to the failure; nil when all is well.
    private func attempt(_ operations: [Operation]) async throws -> Result? {
        try await side.clear()
        var walk = Walk(side)
        for (index, operation) in operations.enumerated() {
            do {
                try await walk.step(operation)
            } catch let failure as Walk.Failure {
                return Result(operations: Array(operations[...index]), failure: failure)
            }
        }
        return nil
    }
}

extension Action {
    /// Others may depend on it however long ago it was.
    fileprivate var isPreparation: Bool {
        switch self {
        case .join, .configure: true
        default: false
        }
    }

    fileprivate var kind: String { String("\(self)".prefix { $0 != " " }) }

    fileprivate var incarnation: Int? {
        switch self {
        case .join(let number, _), .settle(let number, _): number
        case .claim(let call, _): call.incarnation
        case .beat(let members, _): members.first?.incarnation
        default: nil
        }
    }

    fileprivate var ids: [String] {
        switch self {
        case .enqueue(let jobs, _): jobs.map(\.id)
        case .intake(let good, let bad): good.map(\.job.id) + bad.map(\.id)
        case .settle(_, let items): items.map(\.id)
        case .cancel(let ids), .inspect(let ids, _): ids
        case .requeue(let items): items.map(\.id)
        case .remove(let items, _): items.map(\.id)
        case .edit(let call): [call.seen.id]
        case .restore(let copies): copies.map(\.id)
        default: []
        }
    }

    /// The same without this job; nil when nothing is left.
    fileprivate func without(_ id: String) -> Action? {
        let action: Action =
            switch self {
            case .enqueue(let jobs, let atomic): .enqueue(jobs.filter { $0.id != id }, atomic: atomic)
            case .intake(let good, let bad):
                .intake(good: good.filter { $0.job.id != id }, bad: bad.filter { $0.id != id })
            case .settle(let number, let items): .settle(number, items.filter { $0.id != id })
            case .cancel(let ids): .cancel(ids.filter { $0 != id })
            case .inspect(let ids, let full): .inspect(ids.filter { $0 != id }, full: full)
            case .requeue(let items): .requeue(items.filter { $0.id != id })
            case .remove(let items, let state): .remove(items.filter { $0.id != id }, in: state)
            case .restore(let copies): .restore(copies.filter { $0.id != id })
            default: self
            }
        return action.ids.isEmpty && !ids.isEmpty ? nil : action
    }
}
