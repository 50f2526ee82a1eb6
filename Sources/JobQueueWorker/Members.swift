import JobModel
import JobStore
import Logging
import Redis
import Synchronization

/// One queue that this worker serves.
final class Member: Sendable {
    let queue: QueueName
    let store: QueueStore
    let suspectSince = Atomic(0)
    /// Where its jobs are counted.
    let meter: QueueMeter?
    fileprivate let state = Mutex(State())

    fileprivate struct State {
        var lease: Lease?
        var isRefused = false
        /// Why the last try to join failed.
        var problem: StoreError?
    }

    init(_ store: QueueStore, meter: QueueMeter?) {
        queue = store.name
        self.meter = meter
        self.store = store
    }

    /// The lease, unless there is none or it is over.
    var lease: Lease? { state.withLock { $0.lease.flatMap { $0.isOver ? nil : $0 } } }
}

/// The memberships of this worker: joins, notices when one is over, and remembers that old runs may still go on.
final class Members: Sendable {
    let all: [Member]
    private let home: Store
    private let length: Duration
    private let slots: [Slot]
    private let clock: WorkerClock
    private let board: Board?
    private let logger: Logger
    private let orphans = Atomic(false)
    /// When the connection was last lost, ns: whoever answers since may have forgotten what was claimed before.
    private let lossAt = Atomic(-1)
    private let liveWorkers = Atomic(1)

    init(
        _ queues: [QueueName], home: Store, lease: Duration, slots: [Slot], clock: WorkerClock, board: Board?,
        meter: WorkerMeter?, logger: Logger
    ) {
        all = queues.map { Member(home.queue($0), meter: meter?.queue($0)) }
        self.home = home
        length = lease
        self.slots = slots
        self.clock = clock
        self.board = board
        self.logger = logger
    }

    var joined: [Member] { all.filter { $0.lease != nil } }
    func member(_ queue: QueueName) -> Member? { all.first { $0.queue == queue } }

    /// How many workers share the busiest queue, as the last beat told.
    var workers: Int {
        get { liveWorkers.load(ordering: .relaxed) }
        set { liveWorkers.store(newValue, ordering: .relaxed) }
    }

    /// The lease in a queue; joins when there is none. nil while that is not possible.
    func lease(of member: Member, mayJoin: Bool) async -> Lease? {
        if let lease = member.lease { return lease }
        guard mayJoin, !member.state.withLock({ $0.isRefused }) else { return nil }
        do throws(StoreError) {
            return try await join(member)
        } catch {
            note(error, member)
            if case .foreignFormat = error {} else { try? await Task.sleep(for: .milliseconds(100)) }
            return nil
        }
    }

    /// The first try, before any work: says why when none of the queues can ever be joined as things are.
    func joinAll() async throws(StoreError) {
        var refusals: [StoreError] = []
        for member in all {
            do throws(StoreError) { _ = try await join(member) } catch {
                note(error, member)
                if !error.isWorthWaitingFor { refusals.append(error) }
            }
        }
        if refusals.count == all.count, let first = refusals.first { throw first }
    }

    /// A queue that is not served, and why.
    var problem: StoreError? { all.lazy.compactMap { $0.state.withLock(\.problem) }.first }

    /// Says it once, until something else is wrong.
    private func note(_ error: StoreError, _ member: Member) {
        if case .foreignFormat = error { refuse(member, error) }
        let isNews = member.state.withLock { state in
            defer { state.problem = error }
            return state.problem != error
        }
        if isNews { logger.warning("cannot join \(member.queue): \(error)") }
    }

    private func join(_ member: Member) async throws(StoreError) -> Lease {
        do throws(StoreError) { try await home.register(member.queue) } catch {
            // Whoever filled the queue has registered it; one that is full must be drained.
            guard case .redis(.outOfMemory) = error else { throw error }
        }
        while true {
            let incarnation = Incarnation.random()
            board?.note(incarnation, of: member.queue)
            switch try await member.store.join(incarnation, leaseMs: length.milliseconds) {
            case .taken:
                board?.takeBackLease()
                continue
            case .joined(let now, let born, let leaseMs):
                clock.learn(redis: now)
                let lease = Lease(
                    queue: member.queue, incarnation: incarnation, born: born, length: .milliseconds(leaseMs),
                    meter: member.meter)
                member.state.withLock { state in
                    state.lease = lease
                    state.problem = nil
                }
                if lease.length != length {
                    logger.notice(
                        "the lease of \(member.queue) is \(lease.length), as its first worker set it",
                        metadata: ["configured": "\(length)"])
                }
                logger.debug("joined \(member.queue)", metadata: ["incarnation": "\(incarnation.number)"])
                return lease
            }
        }
    }

    /// The lease is over: its runs are cancelled, their outcomes tried once; the next claim joins anew.
    func end(_ lease: Lease, because reason: String) {
        guard lease.end() else { return }
        orphans.store(true, ordering: .releasing)
        let stopped = slots.count { $0.cancel(.leaseLost) { $0.lease === lease } }
        logger.warning(
            "left \(lease.queue): \(reason)",
            metadata: ["event": "lease.lost", "queue": "\(lease.queue)", "runs_cancelled": .stringConvertible(stopped)])
    }

    /// The queue does not know the lease any more, or was born anew without it.
    func end(_ lease: Lease, born: String) {
        let history = "the queue's history was lost (FLUSHALL, or another database)"
        end(lease, because: born == lease.born ? "its lease ran out or was lost" : history)
    }

    /// The connection is lost, maybe because another server takes over that lags behind.
    func noteLoss() {
        lossAt.store(clock.nanoseconds, ordering: .relaxed)
        orphans.store(true, ordering: .releasing)
    }

    /// May runs go on here whose jobs a claim can return: of a lease that is over, or from before a loss of the connection?
    var hasOrphans: Bool {
        guard orphans.load(ordering: .acquiring) else { return false }
        let lossAt = lossAt.load(ordering: .relaxed)
        let isSome = slots.contains { slot in
            slot.current.map { $0.run.lease.isOver || $0.started <= lossAt } ?? false
        }
        if !isSome { orphans.store(false, ordering: .releasing) }
        return isSome
    }

    /// The queue is stored in a format that this version does not speak: leave it alone, keep the others.
    func refuse(_ member: Member, _ error: StoreError) {
        let isNews = member.state.withLock { state in
            defer { state.isRefused = true }
            return !state.isRefused
        }
        if isNews { logger.error("queue \(member.queue) is refused: \(error)") }
    }
}
