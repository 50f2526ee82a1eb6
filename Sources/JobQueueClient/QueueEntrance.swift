import JobModel
import JobStore
import Redis
import Synchronization

/// One queue as a producer uses it: concurrent calls are joined, and each round trip is repeated while its outcome is unknown.
/// What is answered as stored is in Redis' append-only file, if there is one.
struct QueueEntrance: Sendable {
    private let sender: EnqueueSender
    private let batcher: EnqueueBatcher

    init(_ queue: QueueName, store: Store, timeout: Duration, clock: RedisClock) {
        let sender = EnqueueSender(queue, store: store, timeout: timeout, clock: clock)
        self.sender = sender
        batcher = EnqueueBatcher { jobs, since in await sender.enqueue(jobs, since: since) }
    }

    /// Hands over one job, together with those that others hand over at the same time.
    func enqueue(_ job: NewJob) async -> Result<Admission, StoreError> { await batcher.enqueue(job) }

    /// What a first round trip did is written down. Before that a second one could overtake it: the queue is registered and the script
    /// is sent with it.
    var isOpen: Bool { sender.distance.load(ordering: .relaxed) != .unknown }
    /// The last round trip was short beside what Redis does with a thousand jobs, so a second one costs the caller little.
    var isNear: Bool { sender.distance.load(ordering: .relaxed) == .near }

    /// Hands over up to 1,000 jobs in one round trip; `atomic` takes in all or none. The time that they have counts from
    /// `since`.
    func enqueue(
        _ jobs: [NewJob], atomic: Bool = false, since: ContinuousClock.Instant = .now
    ) async -> Result<[Admission], StoreError> {
        await sender.enqueue(jobs, atomic: atomic, since: since)
    }
}

/// How far away Redis is.
private enum Distance: UInt8, AtomicRepresentable {
    case unknown, far, near
}

/// Sends batches of jobs to one queue, which it registers before the first.
private final class EnqueueSender: Sendable {
    private let store: QueueStore
    private let home: Store
    private let timeout: Duration
    private let clock: RedisClock
    private let isRegistered = Atomic(false)
    let distance = Atomic(Distance.unknown)

    init(_ queue: QueueName, store: Store, timeout: Duration, clock: RedisClock) {
        home = store
        self.store = store.queue(queue)
        self.timeout = timeout
        self.clock = clock
    }

    /// Hands over up to 1,000 jobs in one round trip. The time that they have counts from `since`.
    func enqueue(
        _ jobs: [NewJob], atomic: Bool = false, since: ContinuousClock.Instant
    ) async -> Result<[Admission], StoreError> {
        let deadline = since + timeout
        do throws(StoreError) {
            return .success(try await trying(jobs, atomic: atomic, until: deadline))
        } catch { return .failure(error) }
    }

    private func register(until deadline: ContinuousClock.Instant) async throws(StoreError) {
        if isRegistered.load(ordering: .relaxed) { return }
        try await home.register(store.name, timeout: Self.timeLeft(deadline))
    }

    /// Repeats the same call until it is answered and what it did is written down, or the time is over: ids are ours before
    /// the first try, so nothing is stored twice, and what a lost first try stored is answered as a duplicate.
    private func trying(
        _ jobs: [NewJob], atomic: Bool, until deadline: ContinuousClock.Instant
    ) async throws(StoreError) -> [Admission] {
        var isRepeat = false
        while true {
            do throws(StoreError) {
                try await register(until: deadline)
                let start = ContinuousClock.now
                let (now, admissions, receipt) = try await store.enqueue(
                    jobs, atomic: atomic, timeout: Self.timeLeft(deadline))
                // Storing a job takes Redis about 10 µs.
                let allowed = Duration.milliseconds(5) + .microseconds(20) * jobs.count
                let isNear = ContinuousClock.now - start < allowed
                clock.learn(now)
                try await store.confirm(receipt, timeout: Self.timeLeft(deadline))
                // What was registered before is written down with the jobs.
                isRegistered.store(true, ordering: .relaxed)
                distance.store(isNear ? .near : .far, ordering: .relaxed)
                return isRepeat ? zip(jobs, admissions).map(Self.ownFirstTry) : admissions
            } catch .redis(let error) where error.isWorthAnotherTry && ContinuousClock.now < deadline {
                isRepeat = isRepeat || error.outcomeIsUnknown
                // The connection waits by itself until it is back; this is for a server that answers "not now".
                try? await Task.sleep(for: .milliseconds(20))
                if Task.isCancelled { throw .redis(error) }
            }
        }
    }

    private static func timeLeft(_ deadline: ContinuousClock.Instant) -> Duration {
        max(deadline - ContinuousClock.now, .milliseconds(1))
    }

    /// Nobody but us can have used an id that we made a moment ago.
    private static func ownFirstTry(_ job: NewJob, _ admission: Admission) -> Admission {
        if case .duplicate = admission, job.rememberMs == 0 { return .created }
        return admission
    }
}

extension RedisError {
    /// The same call may succeed within seconds.
    fileprivate var isWorthAnotherTry: Bool {
        switch self {
        case .timedOut, .connectionLost, .loading, .busy, .tryAgain, .clusterDown, .masterDown, .readOnly: true
        default: false
        }
    }
}
