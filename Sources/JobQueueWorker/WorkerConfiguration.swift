public import CoreMetrics
public import JobModel
import JobQueueClient
public import Logging

/// How a worker works. Everything has a default.
public struct WorkerConfiguration: Sendable {
    /// Where to look for jobs. The default is the queue `default`.
    public var queues = QueueOrder.strict([.default])
    /// Handlers that run at once, at least 1. The default is 10.
    public var concurrency = 10
    /// Jobs claimed ahead of free slots, 0 to 1,000; nil adapts: only what, by the durations just seen, will start within 10 ms.
    public var prefetch: Int?
    /// How long jobs may go on after shutdown was asked, up to a day; then they are cancelled and given back. The default
    /// is 25 s.
    public var drainTimeout: Duration = .seconds(25)
    /// How long a handler may go on after it was cancelled for its time limit, up to a day; then the process exits with
    /// status 70. The default is 30 s.
    public var killAfter: Duration = .seconds(30)
    /// The queue's lease length, where the queue has none yet: a worker that is silent for so long has lost its jobs. It
    /// beats three times as often. 100 ms to 1 hour; the default is 30 s.
    public var lease: Duration = .seconds(30)
    /// The largest result that is kept, in bytes. The default is 256 KiB.
    public var maxResultBytes = 256 * 1024
    /// The largest payload taken in from the inbox, in bytes. The default is 256 KiB.
    public var maxPayloadBytes = 256 * 1024
    /// Return once the queues have nothing that can be claimed. The default is false.
    public var isBurst = false
    /// Return once there has been nothing to do for so long, at most a day; nil, the default, never.
    public var maxIdle: Duration?
    /// What may be wrong with the server all the same. The default is nothing.
    public var allowedRisks: Set<ServerRisk> = []
    /// All risks at once: work with a server that may lose jobs, whatever the reason. The default is false.
    public var allowsUnsafeServer: Bool {
        get { allowedRisks == ServerRisk.all }
        set { allowedRisks = newValue ? ServerRisk.all : [] }
    }
    /// Lines about what the worker does. The default says nothing.
    public var logger = Logger(label: "worker") { _ in SwiftLogNoOpLogHandler() }

    /// Where runs, waits and slots are counted (Docs/metrics.md). The default counts nothing and costs nothing.
    public var metrics: (any MetricsFactory)?

    /// Where a supervisor sees what this worker holds.
    package var board: Board?
    /// What becomes of jobs that have lost two runs in a row or more, and have to run with nothing beside them.
    package enum Suspects: Sendable {
        /// They are run here, between others.
        case run
        /// Another process is there for them. They are run here when it has not come for a minute.
        case leave
        /// Nothing else is run. The worker returns when there have been none for ten seconds.
        case only
    }

    package var suspects = Suspects.run
    /// Called from the event loop every few milliseconds, from when the worker is at work, as long as it would run new jobs.
    /// Must not block.
    package var onTurn: (@Sendable () -> Void)?

    public init() {}

    func check() throws(JobQueueError) {
        func check(_ isFine: Bool, _ problem: String) throws(JobQueueError) {
            if !isFine { throw JobQueueError(.badOption, problem) }
        }
        try check(concurrency >= 1, "the concurrency must be at least 1")
        try check((100...3_600_000).contains(lease.milliseconds), "the lease must be 100 ms to 1 hour")
        let day = Duration.zero ... .seconds(86_400)
        try check(day.contains(killAfter), "the time until a deaf handler is killed must be 0 to 24 hours")
        try check(day.contains(drainTimeout), "the drain timeout must be 0 to 24 hours")
        try check(maxIdle.map { day.contains($0) } ?? true, "the time without work must be 0 to 24 hours")
        try check(prefetch.map { (0...1000).contains($0) } ?? true, "the prefetch must be 0 to 1000")
        try check(!queues.queues.isEmpty, "there must be at least one queue")
        try check(Set(queues.queues).count == queues.queues.count, "a queue is named twice")
        if case .weighted(let weighted) = queues {
            try check(weighted.allSatisfy { (1...1000).contains($0.weight) }, "a weight must be 1 to 1000")
        }
    }
}
