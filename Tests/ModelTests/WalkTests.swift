import Foundation
import JobModel
import JobStore
import Redis
import Synchronization
import TestSupport
import Testing

/// Random operations of workers, producers and operators against a queue on a real server and a model of it.
///
/// `SEED` repeats a run, `OPS` is the number of operations.
@Suite struct WalkTests {
    static let operations = ProcessInfo.processInfo.environment["OPS"].flatMap { Int($0) } ?? 104_000
    static let walkLength = 2_500

    @Test(.timeLimit(.minutes(5 + operations / 20_000)))
    func `whatever happens in whatever order, the store does what the model does`() async throws {
        let seed = Seed("model walk").value
        let count = (Self.operations + Self.walkLength - 1) / Self.walkLength
        let reports = try await withThrowingTaskGroup(of: Report.self) { lanes in
            // The walks differ in length, so each lane takes the next one when it is through with its last.
            let numbers = Numbers(count)
            for _ in 0..<4 {
                lanes.addTask { try await Self.walks(numbers, seed: seed) }
            }
            var reports: [Report] = []
            for try await report in lanes {
                reports.append(report)
                if report.failure != nil { lanes.cancelAll() }
            }
            return reports
        }
        var tally = Tally()
        for report in reports {
            tally.add(report.tally)
            if let failure = report.failure { Issue.record("\(failure)") }
        }
        print(tally.table)
        guard Self.operations >= 100_000, reports.allSatisfy({ $0.failure == nil }) else { return }
        // The one that only reads a stream and the one that tells workers are not part of the walk; watching comes seldom.
        for script in StoreScript.allCases where ![.inbox, .order, .watch].contains(script) {
            #expect(tally.scripts[script] ?? 0 >= 2_000, "\(script) ran too seldom")
        }
        #expect(tally.rarities(below: 10) == [])
    }

    /// Only the first failure is shrunk.
    private static let hasFailed = Mutex(false)

    /// The numbers of the walks that nobody has taken yet.
    private final class Numbers: Sendable {
        private let left: Mutex<Range<Int>.Iterator>

        init(_ count: Int) { left = Mutex((0..<count).makeIterator()) }

        func next() -> Int? { left.withLock { $0.next() } }
    }

    struct Report {
        var tally = Tally()
        var failure: String?
    }

    /// Walks one after the other, each on a queue of its own, until one fails or there is no next number.
    private static func walks(_ numbers: Numbers, seed: UInt64) async throws -> Report {
        let redis = try PrivateRedis.shared.get()
        let client = try await TestQueue.client(redis)
        let reader = try StateReader(path: redis.socketPath)
        var report = Report()
        while report.failure == nil, !Task.isCancelled, let number = numbers.next() {
            let side = RedisSide(client, reader, name: try QueueName("walk-\(number)"))
            try await walk(number, seed: seed, side, &report)
        }
        await client.close()
        return report
    }

    private static func walk(_ number: Int, seed: UInt64, _ side: RedisSide, _ report: inout Report) async throws {
        let profile = Profile(number: number, length: walkLength)
        var walker = Walker(profile: profile, seed: seed &+ UInt64(number) &* 0x9E37_79B9)
        var walk = Walk(side)
        var history: [Operation] = []
        do {
            while walk.tally.operations < profile.length {
                let operation = walker.next(walk.model)
                history.append(operation)
                walker.learn(try await walk.step(operation))
            }
            var drain = Drain(after: walker)
            try await drain.run(&walk, &history)
        } catch let failure as Walk.Failure {
            let found = "seed: \(seed), walk \(number), step \(history.count)\n\(failure)"
            let isFirst = hasFailed.withLock { flag in
                defer { flag = true }
                return !flag
            }
            report.failure = isFirst ? "\(found)\n\(try await shortest(history, Shrinker(side)))" : found
        }
        report.tally.add(walk.tally)
        report.tally.add(walk.ledger.moves)
        try await side.clear()
    }

    private static func shortest(_ history: [Operation], _ shrinker: Shrinker) async throws -> String {
        guard let shrunk = try await shrinker.shrink(history) else { return "a second time it does not fail" }
        let lines = shrunk.operations.map { "  \($0)" }.joined(separator: "\n")
        return "the same in \(shrunk.operations.count) steps:\n\(lines)\n\(shrunk.failure)"
    }
}
