import JobModel
import JobStore
import Redis
import Synchronization

/// One queue as a producer uses it: registered once, batched, and retried while the outcome of a call is unknown.
final class QueueEntrance: Sendable {
    let store: QueueStore
    private let home: Store
    private let timeout: Duration
    private let isRegistered = Atomic(false)
    private let batcher = Mutex<EnqueueBatcher?>(nil)

    init(_ queue: QueueName, store: Store, timeout: Duration) {
        home = store
        self.store = store.queue(queue)
        self.timeout = timeout
    }

    func enqueue(_ job: NewJob) async -> Result<Admission, StoreError> {
        let batcher = batcher.withLock { slot in
            if let known = slot { return known }
            let new = EnqueueBatcher { [unowned self] jobs in await self.enqueue(jobs) }
            slot = new
            return new
        }
        return await batcher.enqueue(job)
    }

    /// Hands over up to 1,000 jobs in one round trip.
    func enqueue(_ jobs: [NewJob]) async -> Result<[Admission], StoreError> {
        let deadline = ContinuousClock.now + timeout
        do throws(StoreError) {
            try await register()
            return .success(try await trying(jobs, until: deadline))
        } catch { return .failure(error) }
    }

    private func register() async throws(StoreError) {
        if isRegistered.load(ordering: .relaxed) { return }
        try await home.register(store.name)
        isRegistered.store(true, ordering: .relaxed)
    }

    /// Repeats the same call until it is answered or the time is over: ids are ours before the first try, so nothing is
    /// stored twice, and what a lost first try stored is answered as a duplicate.
    private func trying(_ jobs: [NewJob], until deadline: ContinuousClock.Instant) async throws(StoreError) -> [Admission] {
        var isRepeat = false
        while true {
            do throws(StoreError) {
                let left = deadline - ContinuousClock.now
                let (_, admissions) = try await store.enqueue(jobs, timeout: max(left, .milliseconds(1)))
                return isRepeat ? zip(jobs, admissions).map(Self.ownFirstTry) : admissions
            } catch .redis(let error) where error.isWorthAnotherTry && ContinuousClock.now < deadline {
                isRepeat = isRepeat || error.outcomeIsUnknown
                // The connection waits by itself until it is back; this is for a server that answers "not now".
                try? await Task.sleep(for: .milliseconds(20))
                if Task.isCancelled { throw .redis(error) }
            }
        }
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
