import CoreMetrics
import JobModel
import Synchronization

// What a worker counts, with all handles made beforehand: a run costs a few atomic additions.

/// The counters of a worker. Several in one process add up.
final class WorkerMeter: Sendable {
    private let queues: [QueueName: QueueMeter]
    private let slots: Meter
    private let busy: Meter
    /// What this worker has told of itself.
    private let told = Mutex((slots: 0, busy: 0))

    /// Only `names` become labels, others are counted as `other`: strangers choose those.
    init(_ factory: any MetricsFactory, queues: [QueueName], names: [String]) {
        slots = Meter(label: Metric.slots.rawValue, factory: factory)
        busy = Meter(label: Metric.busySlots.rawValue, factory: factory)
        self.queues = Dictionary(uniqueKeysWithValues: queues.map { ($0, QueueMeter(factory, $0, names)) })
    }

    func queue(_ name: QueueName) -> QueueMeter? { queues[name] }

    func open(slots count: Int) { tell(slots: count, busy: 0) }
    func note(busy count: Int) { told.withLock { told in if told.slots > 0 { change(&told, told.slots, count) } } }
    func close() { tell(slots: 0, busy: 0) }

    private func tell(slots: Int, busy: Int) { told.withLock { change(&$0, slots, busy) } }

    private func change(_ told: inout (slots: Int, busy: Int), _ slots: Int, _ busy: Int) {
        if slots != told.slots { self.slots.increment(by: Double(slots - told.slots)) }
        if busy != told.busy { self.busy.increment(by: Double(busy - told.busy)) }
        told = (slots, busy)
    }
}

/// The counters of one queue.
final class QueueMeter: Sendable {
    private let factory: any MetricsFactory
    private let queue: QueueName
    private let tallies: [String: JobTally]
    private let rest: JobTally
    private let leasesExpired: Counter

    fileprivate init(_ factory: any MetricsFactory, _ queue: QueueName, _ names: [String]) {
        self.factory = factory
        self.queue = queue
        rest = JobTally(factory, queue, Metric.rest)
        leasesExpired = Counter(
            label: Metric.leasesExpired.rawValue, dimensions: [("queue", queue.text)], factory: factory)
        tallies = Dictionary(uniqueKeysWithValues: names.map { ($0, JobTally(factory, queue, $0)) })
    }

    func tally(_ name: String) -> JobTally { tallies[name] ?? rest }

    /// A worker was found to have died, or to have stood still, with jobs in its hands.
    func leaseExpired() { leasesExpired.increment() }

    /// What became of an entry of the inbox.
    func took(in name: String, _ result: String) {
        let name = tallies[name] == nil ? Metric.rest : name
        Counter(
            label: Metric.enqueued.rawValue,
            dimensions: [("queue", queue.text), ("name", name), ("source", "inbox"), ("result", result)],
            factory: factory
        ).increment()
    }
}

/// The counters of one queue's jobs of one name.
final class JobTally: Sendable {
    private struct Ended: Sendable {
        var attempts: Counter
        var duration: Timer
    }

    private let factory: any MetricsFactory
    private let labels: [(String, String)]
    private let wait: Timer
    private let succeeded: Ended
    private let finished: [JobState: Counter]
    private let done: Counter
    /// The other ways to end, made when they are first needed.
    private let others = Mutex<[String: Ended]>([:])

    fileprivate init(_ factory: any MetricsFactory, _ queue: QueueName, _ name: String) {
        self.factory = factory
        let labels = [("queue", queue.text), ("name", name)]
        self.labels = labels
        wait = Timer(label: Metric.wait.rawValue, dimensions: labels, factory: factory)
        succeeded = Self.ended("succeeded", labels, factory)
        func finished(_ state: JobState) -> Counter {
            Counter(
                label: Metric.finished.rawValue, dimensions: labels + [("state", state.rawValue)], factory: factory)
        }
        done = finished(.succeeded)
        self.finished = [.dead: finished(.dead), .cancelled: finished(.cancelled)]
    }

    private static func ended(
        _ word: String, _ labels: [(String, String)], _ factory: any MetricsFactory
    ) -> Ended {
        let labels = labels + [("outcome", word)]
        return Ended(
            attempts: Counter(label: Metric.attempts.rawValue, dimensions: labels, factory: factory),
            duration: Timer(label: Metric.attemptDuration.rawValue, dimensions: labels, factory: factory))
    }

    /// A handler begins; `now` is Redis' time, ms. Only of a first start is it known since when it could have been.
    func began(_ run: Run, at now: Int) {
        let ready = run.envelope.readyMs
        guard ready > 0, run.record.errors == 0, run.record.generation == 0 else { return }
        wait.recordMilliseconds(max(0, now - ready))
    }

    /// A run has ended, as far as this process is concerned: whether that can be stored turns out later.
    func ended(_ outcome: Outcome, _ disposition: Disposition, nanoseconds: Int) {
        guard let word = outcome.word else { return }
        let ended = word == "succeeded" ? succeeded : other(word)
        ended.attempts.increment()
        if outcome.isRun, nanoseconds > 0 { ended.duration.recordNanoseconds(nanoseconds) }
        switch disposition {
        case .done: done.increment()
        case .dead: finished[.dead]?.increment()
        case .cancelled: finished[.cancelled]?.increment()
        case .retry, .front, .suspect: break
        }
    }

    private func other(_ word: String) -> Ended {
        others.withLock { others in
            if let known = others[word] { return known }
            let new = Self.ended(word, labels, factory)
            others[word] = new
            return new
        }
    }
}

extension Outcome {
    /// Its label: the words of the error history. nil: it never ran, and nothing came of it.
    fileprivate var word: String? {
        switch self {
        case .succeeded: "succeeded"
        case .failed(_, let isCrash): isCrash ? Reason.crash.rawValue : Reason.failed.rawValue
        case .permanent: Reason.permanent.rawValue
        case .retry: Reason.failed.rawValue
        case .snoozed: Reason.snoozed.rawValue
        case .timedOut: Reason.timeout.rawValue
        case .undecodable: Reason.payload.rawValue
        case .malformed: Reason.malformed.rawValue
        case .unhandled: "unhandled"
        case .expired: Reason.expired.rawValue
        case .cancelled: Reason.cancelled.rawValue
        case .released(let started): started ? Reason.released.rawValue : nil
        case .lost: Reason.lost.rawValue
        case .crashed: Reason.crash.rawValue
        }
    }

    /// A handler saw it.
    fileprivate var isRun: Bool {
        switch self {
        case .malformed, .unhandled, .expired, .released(started: false): false
        default: true
        }
    }
}
