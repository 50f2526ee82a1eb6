/// How long something that ended is kept.
public enum Retention: Hashable, Sendable {
    /// Not at all.
    case none
    /// For so long.
    case keep(Duration)
    /// Until somebody deletes it.
    case forever

    public static func seconds(_ seconds: Int) -> Retention { .keep(.seconds(seconds)) }

    /// Milliseconds as stored: 0 keeps nothing, −1 keeps for ever.
    package var wire: Int {
        switch self {
        case .none: 0
        case .keep(let duration): max(1, duration.milliseconds)
        case .forever: -1
        }
    }

    package init(wire: Int) {
        self = wire < 0 ? .forever : wire == 0 ? .none : .keep(.milliseconds(wire))
    }
}

/// How a job is to be run. A job type has defaults of its own; a single call may bring others.
public struct JobOptions: Hashable, Sendable {
    /// The queue's name. The default is `default`.
    public var queue: String
    /// 0 is claimed first, 9 last. The default is 5.
    public var priority: Priority
    /// Failed and timed-out runs until the job is dead, at least 1. The default is 25. Runs that were lost, released or
    /// snoozed do not count.
    public var maxAttempts: Int
    /// The wait before the next attempt. The default is exponential with jitter.
    public var backoff: Backoff
    /// How long one run may take before it is cancelled; nil is without limit. The default is 180 s.
    public var timeout: Duration?
    /// How long record and result are kept after success. The default is 500 s.
    public var resultTTL: Retention
    /// Unless it starts within this time after it was enqueued, the job is dead with the reason `expired`. The default
    /// is nil: it waits for ever.
    public var expiry: Duration?
    /// Words to find it by; each follows the rule for names, at most 16.
    public var tags: [String]
    /// Whatever the caller wants to hand along beside the payload.
    public var metadata: [String: String]

    public init(
        queue: String = "default", priority: Priority = .normal, maxAttempts: Int = 25,
        backoff: Backoff = .standard, timeout: Duration? = .seconds(180),
        resultTTL: Retention = .seconds(500), expiry: Duration? = nil,
        tags: [String] = [], metadata: [String: String] = [:]
    ) {
        self.queue = queue
        self.priority = priority
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.timeout = timeout
        self.resultTTL = resultTTL
        self.expiry = expiry
        self.tags = tags
        self.metadata = metadata
    }
}

/// The part of the options that steers a run, as stored: what the worker reads from an envelope.
package struct Policy: Hashable, Sendable {
    package var priority = Priority.normal
    package var maxAttempts = 25
    package var backoff = Backoff.standard
    /// −1 is without limit.
    package var timeoutMs = 180_000
    /// 0 keeps nothing, −1 keeps for ever.
    package var resultTTLMs = 500_000
    /// ms since 1970 by Redis' clock; nil waits for ever.
    package var expiresMs: Int?

    package init() {}

    /// The defaults. An envelope leaves out whatever equals them.
    package static let standard = Policy()
}
