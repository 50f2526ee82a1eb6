package import CoreMetrics
package import JobModel
import Synchronization

/// Counts jobs that were handed over through this process, by queue, name and what became of them.
package final class EnqueuedMeter: Sendable {
    /// Jobs with one fate: `created`, `duplicate`, `conflict`, `full`, `invalid` or `held`.
    package struct Handed: Hashable, Sendable {
        package var queue: QueueName
        package var name: String
        package var result: String

        package init(queue: QueueName, name: String, result: String) {
            self.queue = queue
            self.name = name
            self.result = result
        }
    }

    private struct State {
        var names: Set<String> = []
        var handed: [Handed: Counter] = [:]
    }

    /// Names of jobs that are told apart: strangers choose them.
    private static let nameLimit = 200
    /// What is remembered of queues, names and results; what comes after that is looked up each time.
    private static let handleLimit = 2000

    private let factory: any MetricsFactory
    private let source: String
    private let state = Mutex(State())

    /// - Parameter source: the way they came by: `http`, `outbox`.
    package init(_ factory: any MetricsFactory, source: String) {
        self.factory = factory
        self.source = source
    }

    package func count(_ count: Int, _ kind: Handed) {
        state.withLock { state in
            var kind = kind
            if state.names.count < Self.nameLimit { state.names.insert(kind.name) }
            if !state.names.contains(kind.name) { kind.name = Metric.rest }
            return counter(kind, &state.handed)
        }.increment(by: count)
    }

    private func counter(_ kind: Handed, _ known: inout [Handed: Counter]) -> Counter {
        if let counter = known[kind] { return counter }
        let counter = Counter(
            label: Metric.enqueued.rawValue,
            dimensions: [
                ("queue", kind.queue.text), ("name", kind.name), ("source", source), ("result", kind.result),
            ],
            factory: factory)
        if known.count < Self.handleLimit { known[kind] = counter }
        return counter
    }
}
