import JobModel
import JobStore
import Synchronization

/// One membership in one queue: what an incarnation is on this side.
final class Lease: Sendable {
    let queue: QueueName
    let incarnation: Incarnation
    /// Changes when the queue's history was lost.
    let born: String
    let length: Duration
    /// Set once somebody else may have these jobs. Never unset.
    private let over = Atomic(false)
    /// Where its jobs are counted.
    let meter: QueueMeter?
    /// Jobs that this side thinks it holds: claimed and not yet settled.
    private let count = Atomic(0)
    /// Claim numbers: the last one, and those that are not answered yet. Few are under way at a time.
    private let claims = Mutex<(last: Int, open: [Int])>((0, []))

    init(
        queue: QueueName, incarnation: Incarnation, born: String, length: Duration, meter: QueueMeter? = nil
    ) {
        self.queue = queue
        self.incarnation = incarnation
        self.born = born
        self.length = length
        self.meter = meter
    }

    var isOver: Bool { over.load(ordering: .acquiring) }
    /// Answers whether this call ended it.
    func end() -> Bool { !over.exchange(true, ordering: .acquiringAndReleasing) }

    func nextClaim() -> Int {
        claims.withLock { claims in
            claims.last += 1
            claims.open.append(claims.last)
            return claims.last
        }
    }

    /// A claim was answered, or will not be tried again.
    func end(claim: Int) { claims.withLock { claims in claims.open.removeAll { $0 == claim } } }

    /// What was claimed under smaller numbers is known here, or lost.
    var answeredBelow: Int { claims.withLock { $0.open.min() ?? $0.last + 1 } }

    var held: Int { count.load(ordering: .relaxed) }
    func hold(_ jobs: Int) { count.add(jobs, ordering: .relaxed) }
    func letGo(_ jobs: Int) { count.subtract(jobs, ordering: .relaxed) }
}

/// One claimed job on its way through this process.
final class Run: Sendable {
    let id: String
    let token: Token
    let lease: Lease
    let envelope: Envelope
    /// The envelope as stored.
    let bytes: ArraySlice<UInt8>
    let record: RunRecord
    let epoch: Int
    /// Claimed to run with nothing beside it.
    let isAlone: Bool
    /// Where it is counted; nil when nothing is.
    let tally: JobTally?

    init(_ job: ClaimedJob, _ envelope: Envelope, lease: Lease, epoch: Int, isAlone: Bool) {
        id = job.id
        token = job.token
        bytes = job.envelope
        record = RunRecord(parsing: job.record)
        self.envelope = envelope
        self.lease = lease
        self.epoch = epoch
        self.isAlone = isAlone
        tally = lease.meter?.tally(envelope.name)
    }

    /// A run whose job is somebody else's to settle.
    init(id: String, _ envelope: Envelope, attempt: Int, generation: Int, lease: Lease, epoch: Int) {
        self.id = id
        token = lease.incarnation.token(claim: 1)
        bytes = []
        var record = RunRecord()
        record.attempts = attempt - 1
        record.generation = generation
        self.record = record
        self.envelope = envelope
        self.lease = lease
        self.epoch = epoch
        isAlone = true
        tally = nil
    }
}

/// The time here, and Redis' time as far as it is known here.
final class WorkerClock: Sendable {
    /// Redis' clock, ms since 1970, minus the monotonic clock, ms.
    private let offset = Atomic(0)
    private let start = ContinuousClock.now

    /// Nanoseconds on a clock that never steps and counts while the machine sleeps. At least 1.
    var nanoseconds: Int {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000) + 1
    }

    func instant(_ nanoseconds: Int) -> ContinuousClock.Instant { start + .nanoseconds(nanoseconds) }

    func learn(redis now: Int) { offset.store(now - nanoseconds / 1_000_000, ordering: .relaxed) }

    /// ms since 1970 by Redis' clock.
    func redis(at nanoseconds: Int) -> Int { nanoseconds / 1_000_000 + offset.load(ordering: .relaxed) }
    var redis: Int { redis(at: nanoseconds) }
}
