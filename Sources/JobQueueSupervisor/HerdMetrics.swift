import FoundationEssentials
package import JobQueueWorker
package import Logging
import Synchronization
package import Telemetry

/// What worker processes count, added up by the one that supervises them: whoever collects metrics sees one worker,
/// whatever becomes of its processes.
///
/// Each process tells on its board once a second. What one that has ended had counted goes on being part of the sum, but
/// for what it did in its last second, if it was killed.
package final class HerdMetrics: Sendable {
    private struct State {
        var boards: [Int: Board] = [:]
        var gone: [MetricFamily] = []
    }

    private let state = Mutex(State())

    package init() {}

    package func began(_ index: Int, _ board: Board) { state.withLock { $0.boards[index] = board } }

    /// Its last words are read.
    package func ended(_ index: Int) {
        guard let board = state.withLock({ $0.boards.removeValue(forKey: index) }) else { return }
        let totals = MetricFamily.totals(Self.read(board))
        if totals.isEmpty { return }
        state.withLock { $0.gone = MetricFamily.sum([$0.gone, totals]) }
    }

    /// The sum as it is now.
    package var families: [MetricFamily] {
        let (boards, gone) = state.withLock { (Array($0.boards.values), $0.gone) }
        return MetricFamily.sum([gone] + boards.map(Self.read))
    }

    private static func read(_ board: Board) -> [MetricFamily] {
        guard let bytes = board.published else { return [] }
        return (try? JSONDecoder().decode([MetricFamily].self, from: Data(bytes))) ?? []
    }
}

/// The side of the worker process.
package struct MetricsTeller: Sendable {
    private static let period = Duration.seconds(1)

    private let metrics: PrometheusMetrics
    private let board: Board
    private let logger: Logger

    package init(_ metrics: PrometheusMetrics, _ board: Board, logger: Logger) {
        self.metrics = metrics
        self.board = board
        self.logger = logger
    }

    /// Tells once a second while `body` runs, and once more when it has ended.
    package func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        defer { tell() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if !tell() { return logger.warning("more is counted than can be told to the supervisor") }
                    try? await Task.sleep(for: Self.period)
                }
            }
            defer { group.cancelAll() }
            return try await body()
        }
    }

    @discardableResult
    package func tell() -> Bool {
        guard let text = try? JSONEncoder().encode(metrics.families) else { return false }
        return board.publish(Array(text))
    }
}
