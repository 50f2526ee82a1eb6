import JobModel
import JobStore
import Logging
import Synchronization
import Telemetry

/// What Redis says of all queues, for whoever collects metrics. Asked at most once a second and by one at a time, however
/// many collect: a scrape costs Redis one short script for each queue.
///
/// Nothing is remembered beyond that: while Redis is away there are no numbers, rather than old ones.
final class QueueExporter: Sendable {
    /// More queues than that are not read.
    private static let queueLimit = 5000
    /// Scripts that are on their way at once.
    private static let width = 64
    /// Who was not heard of for so long is no worker any more, ms: two beats of the longest usual lease.
    private static let silence = 60_000

    private let store: Store
    private let timeout: Duration
    private let logger: Logger
    private let answer: SharedAnswer<[MetricFamily]>
    private let problem = Mutex<StoreError?>(nil)

    /// `timeout`: until when all of it has to be answered.
    init(_ store: Store, timeout: Duration = .seconds(1), life: Duration = .seconds(1), logger: Logger) {
        self.store = store
        self.timeout = timeout
        self.logger = logger
        answer = SharedAnswer(for: life)
    }

    func families() async -> [MetricFamily] { await answer.value(read) }

    private func read() async -> [MetricFamily] {
        do throws(StoreError) {
            let families = try await ask(until: .now + timeout)
            problem.withLock { $0 = nil }
            return families + [Metric.redisUp.family(1)]
        } catch {
            note(error)
            return [Metric.redisUp.family(0)]
        }
    }

    /// Once, until something else is wrong.
    private func note(_ error: StoreError) {
        let isNews = problem.withLock { problem in
            defer { problem = error }
            return problem != error
        }
        if isNews { logger.warning("no metrics of the queues: \(error)", metadata: ["event": "metrics.failed"]) }
    }

    private func ask(until deadline: ContinuousClock.Instant) async throws(StoreError) -> [MetricFamily] {
        var left: Duration { max(deadline - .now, .milliseconds(1)) }
        let now = try await store.time(timeout: left)
        let facts = try await store.server(timeout: left)
        let workers = try await store.workers(since: now - Self.silence, timeout: left)
        let queues = try await store.queues(timeout: left).prefix(Self.queueLimit)
        var snapshots: [QueueSnapshot] = []
        var rest = queues[...]
        while !rest.isEmpty {
            snapshots += try await self.snapshots(of: rest.prefix(Self.width), timeout: left)
            rest = rest.dropFirst(Self.width)
        }
        return QueueFigures(snapshots).families + [
            Metric.workers.family(Double(workers)),
            Metric.redisUsedMemory.family(Double(facts.usedMemory)),
            Metric.redisMaxMemory.family(Double(facts.maxMemory)),
        ]
    }

    private func snapshots(
        of queues: ArraySlice<QueueName>, timeout: Duration
    ) async throws(StoreError) -> [QueueSnapshot] {
        let results = await withTaskGroup(of: Result<QueueSnapshot, StoreError>.self) { group in
            for queue in queues {
                group.addTask { [store] in
                    do throws(StoreError) {
                        return .success(try await store.queue(queue).snapshot(timeout: timeout))
                    } catch { return .failure(error) }
                }
            }
            var results: [Result<QueueSnapshot, StoreError>] = []
            for await result in group { results.append(result) }
            return results
        }
        var snapshots: [QueueSnapshot] = []
        for result in results {
            // What another version stored is not ours to count.
            if case .failure(.foreignFormat) = result { continue }
            snapshots.append(try result.get())
        }
        return snapshots
    }
}
