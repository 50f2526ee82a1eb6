import JobModel
import JobStore
import Logging
import Redis
import Synchronization

/// Sends the ends of runs to Redis: while one call is in flight, those that come gather for the next.
final class Settler: Sendable {
    private struct Item: Sendable {
        var lease: Lease
        var settlement: Settlement
    }

    private struct State {
        var items: [Item] = []
        /// Those that a call is in flight for.
        var sending: [Item] = []
        /// What could not be stored although the jobs are still held, by id.
        var kept: [String: Item] = [:]
        var waiter: CheckedContinuation<Void, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())
    private let stores: [QueueName: QueueStore]
    private let clock: WorkerClock
    private let logger: Logger

    init(_ stores: [QueueStore], clock: WorkerClock, logger: Logger) {
        self.stores = Dictionary(uniqueKeysWithValues: stores.map { ($0.name, $0) })
        self.clock = clock
        self.logger = logger
    }

    func add(_ settlement: Settlement, under lease: Lease) {
        add(contentsOf: CollectionOfOne((settlement, lease)))
    }

    /// Together, so that they go out in one call: of two calls the later one's jobs come back first.
    func add(contentsOf settlements: some Collection<(Settlement, Lease)>) {
        let waiter = state.withLock { state in
            for (settlement, lease) in settlements { state.items.append(Item(lease: lease, settlement: settlement)) }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Ids that wait for their settlement to be answered.
    var ids: [String] { state.withLock { ($0.items + $0.sending).map(\.settlement.id) } }

    /// Outcomes that are known here and may not be stored, by id. Whoever gives back what is held must not take these
    /// jobs for ones that never ran.
    var unsettled: [String: Settlement] {
        state.withLock { state in
            var all = state.kept.mapValues(\.settlement)
            for item in state.items + state.sending { all[item.settlement.id] = item.settlement }
            return all
        }
    }

    /// What has come is still sent; then `run` returns.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Works until `close` was called and everything is settled.
    func run() async {
        while let batch = await gather() {
            var rest = batch[...]
            while let first = rest.first {
                let count = prefix(of: rest, under: first.lease)
                await settle(rest.prefix(count).map(\.settlement), under: first.lease)
                rest = rest.dropFirst(count)
            }
            state.withLock { $0.sending = [] }
        }
    }

    private func gather() async -> [Item]? {
        while true {
            let (batch, isClosed) = state.withLock { state -> ([Item], Bool) in
                swap(&state.items, &state.sending)
                return (state.sending, state.isClosed)
            }
            if !batch.isEmpty { return batch }
            if isClosed { return nil }
            await withCheckedContinuation { caller in
                let mayGo = state.withLock { state in
                    let mayGo = !state.items.isEmpty || state.isClosed
                    if !mayGo { state.waiter = caller }
                    return mayGo
                }
                if mayGo { caller.resume() }
            }
        }
    }

    /// How many of the first items belong to one lease and fit into one call.
    private func prefix(of items: ArraySlice<Item>, under lease: Lease) -> Int {
        var bytes = 0
        var count = 0
        for item in items {
            bytes += item.settlement.byteCount
            guard item.lease === lease, count < QueueStore.batchLimit, count == 0 || bytes <= QueueStore.batchBytes
            else {
                break
            }
            count += 1
        }
        return count
    }

    /// Tries until it is answered: every settlement may be repeated. Under a lease that is over it is tried once, because
    /// somebody else may have settled these jobs already.
    private func settle(_ settlements: [Settlement], under lease: Lease) async {
        guard let store = stores[lease.queue] else { return }
        defer { lease.letGo(settlements.count) }
        var pause = 50
        while true {
            do throws(StoreError) {
                let (now, answers) = try await store.settle(lease.incarnation, settlements)
                clock.learn(redis: now)
                report(settlements, answers, lease)
                return
            } catch {
                guard error.mayHeal, !lease.isOver, !isGivenUp else {
                    logger.error("the outcomes of \(settlements.count) jobs could not be stored: \(error)")
                    if !lease.isOver { keep(settlements, lease) }
                    return
                }
                logger.log(level: pause == 50 ? .debug : .warning, "settling is repeated: \(error)")
                try? await Task.sleep(for: .milliseconds(pause))
                if !error.isWorthWaitingFor { pause = min(pause * 2, 1000) }
            }
        }
    }

    /// More than this nobody holds; it bounds what is kept when every call fails for good.
    private static let keptLimit = 10_000

    private func keep(_ settlements: [Settlement], _ lease: Lease) {
        state.withLock { state in
            state.kept = state.kept.filter { !$0.value.lease.isOver }
            for settlement in settlements.prefix(Self.keptLimit - min(state.kept.count, Self.keptLimit)) {
                state.kept[settlement.id] = Item(lease: lease, settlement: settlement)
            }
        }
    }

    /// Sends again what was kept for these jobs. Answers for which ids there was something.
    func sendKept(_ ids: [String]) -> Set<String> {
        let items = state.withLock { state in ids.compactMap { state.kept.removeValue(forKey: $0) } }
        for item in items where !item.lease.isOver {
            item.lease.hold(1)
            add(item.settlement, under: item.lease)
        }
        return Set(items.map(\.settlement.id))
    }

    private let givenUp = Atomic(false)
    private var isGivenUp: Bool { givenUp.load(ordering: .relaxed) }
    /// At the end of a shutdown: what cannot be stored now will be recovered by others.
    func giveUp() { givenUp.store(true, ordering: .relaxed) }

    private func report(_ settlements: [Settlement], _ answers: [Settled], _ lease: Lease) {
        for (settlement, answer) in zip(settlements, answers) {
            switch answer {
            case .ok: break
            case .asked:
                logger.info("job cancelled", metadata: ["job_id": "\(settlement.id)", "queue": "\(lease.queue)"])
            case .stale, .gone:
                // What never ran has no outcome to lose.
                if case .front(_, nil, _) = settlement.disposition { break }
                logger.warning(
                    "a late outcome was refused (\(answer)): the job had been given to somebody else",
                    metadata: ["job_id": "\(settlement.id)", "queue": "\(lease.queue)"])
            }
        }
    }
}

extension StoreError {
    /// Redis is away or says "not now": the same call will do later.
    package var isWorthWaitingFor: Bool {
        switch self {
        case .redis(let error): error.isRetryable || error.outcomeIsUnknown
        case .unwritten: true
        case .foreignFormat, .badAnswer: false
        }
    }

    /// The same call will do later, if an operator corrects a password or a right.
    package var mayHeal: Bool {
        switch self {
        case .redis(.authentication), .redis(.permission): true
        default: isWorthWaitingFor
        }
    }
}
