import JobModel
import JobStore
import Logging
import NIOCore
import Redis
import Synchronization

/// Everything that must happen on time, on the event loop's own thread: time limits, beats, the stages of a shutdown.
/// Handlers that block every thread of the tasks' pool cannot hold it up.
final class Heart: Sendable {
    private struct State {
        var nextBeat: [QueueName: Int] = [:]
        var nextLook: [QueueName: Int] = [:]
        var lastTurn = 0
        var mismatches: [QueueName: Int] = [:]
        var drain = Drain()
        var fetch = FetchWatch()
        /// The process ends because of a handler that does not.
        var isGivingUp = false
        /// What was last told in each queue.
        var orders: [QueueName: WorkerOrder] = [:]
    }

    /// How often it turns. Time limits are kept to within this.
    private static let period = TimeAmount.nanoseconds(Int64(periodNanoseconds))
    private static let periodNanoseconds = 20_000_000
    /// After this long without a turn the world has been standing still: look around before saying that all is well, ns.
    private static let stillness = 10_000_000_000
    /// Beats stop when claimed jobs have been waiting for so long to be looked at, ns: others shall have them.
    private static let starvation = 60_000_000_000
    /// So long the fetch loop may stand still with nothing to wait for, ns.
    private static let fetchPatience = 60_000_000_000

    private let state = Mutex(State())
    private let worker: WorkerIdentity
    private let members: Members
    private let slots: [Slot]
    private let buffer: JobBuffer
    private let fetcher: Fetcher
    private let upkeep: Upkeep
    private let clock: WorkerClock
    private let client: RedisClient
    private let killAfter: Int
    private let board: Board?
    private let meter: WorkerMeter?
    private let onTurn: (@Sendable () -> Void)?
    /// Obeys what somebody told this worker.
    private let obey: @Sendable (WorkerOrder) -> Void
    private let logger: Logger

    init(
        worker: WorkerIdentity, members: Members, slots: [Slot], buffer: JobBuffer, fetcher: Fetcher, upkeep: Upkeep,
        clock: WorkerClock, client: RedisClient, killAfter: Duration,
        board: Board?, meter: WorkerMeter?, onTurn: (@Sendable () -> Void)?,
        obey: @escaping @Sendable (WorkerOrder) -> Void, logger: Logger
    ) {
        self.worker = worker
        self.members = members
        self.slots = slots
        self.buffer = buffer
        self.fetcher = fetcher
        self.upkeep = upkeep
        self.clock = clock
        self.client = client
        self.killAfter = killAfter.milliseconds * 1_000_000
        self.board = board
        self.meter = meter
        self.onTurn = onTurn
        self.obey = obey
        self.logger = logger
    }

    /// Beats until the returned task is cancelled.
    func start() -> RepeatedTask {
        client.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: Self.period) { _ in self.turn() }
    }

    /// Begins a shutdown, or shortens the one that has begun.
    func stop(within time: Duration) {
        let nanoseconds = min(time.milliseconds, 1_000_000_000) * 1_000_000
        state.withLock { $0.drain.stop(now: clock.nanoseconds, within: nanoseconds) }
    }

    /// The connection is lost.
    func noteLoss() { members.noteLoss() }

    private func turn() {
        let now = clock.nanoseconds
        board?.turn(now: now)
        meter?.note(busy: slots.count(where: \.isRunning))
        if checkLife(now) { onTurn?() }
        for slot in slots {
            if let stuck = slot.checkDeadline(now: now, killAfter: killAfter) { giveUp(stuck) }
        }
        let (action, isAwake) = state.withLock { state in
            defer { state.lastTurn = now }
            let isAwake = state.lastTurn == 0 || now - state.lastTurn < Self.stillness
            return (state.drain.turn(now: now, running: buffer.load), isAwake)
        }
        fetcher.giveBack(now: now)
        switch action {
        case .cancelRuns:
            let count = slots.count { $0.cancel(.shutdown) }
            if count > 0 { logger.warning("the drain timeout is over: \(count) runs are cancelled") }
        case .abandon: abandon()
        case nil: break
        }
        if isAwake, !isStarved(now) { beat(now) }
    }

    /// A handler that does not stop for `killAfter` after its time limit holds its slot for good: only a new process helps.
    private func giveUp(_ run: Run) {
        let isFirst = state.withLock { state in
            defer { state.isGivingUp = true }
            return !state.isGivingUp
        }
        guard isFirst else { return }
        var fields: Logger.Metadata = [
            "job_id": "\(run.id)", "job_name": "\(run.envelope.name)", "queue": "\(run.lease.queue)",
        ]
        if let id = run.envelope.requestID { fields["request_id"] = "\(id)" }
        logger.critical(
            "a handler ignored its time limit; the process exits, and the job will be recovered", metadata: fields)
        // A supervisor gives back what was beside it, and knows that this one is over.
        if board != nil { ProcessExit.now(status: 70) }
        for slot in slots { slot.cancel(.shutdown) { $0 !== run } }
        upkeep.giveUp(on: run)
        // In case even that cannot run, because handlers block every thread.
        _ = client.eventLoop.scheduleTask(in: .seconds(3)) { ProcessExit.now(status: 70) }
    }

    /// Handlers would not stop although they were cancelled. What they have is given back; then the process ends, because
    /// nothing else stops them.
    private func abandon() {
        logger.critical(
            "\(buffer.load) handlers ignored their cancellation; their jobs are given back and the process exits")
        upkeep.bell.ring(.init(.abandon, members.all[0].queue))
        // In case even that cannot run, because handlers block every thread.
        _ = client.eventLoop.scheduleTask(in: .seconds(3)) { ProcessExit.now(status: 70) }
    }

    /// Outcomes that cannot be stored for so long after everything else has ended will be recovered by others.
    func limitSettling(_ giveUp: @escaping @Sendable () -> Void) {
        _ = client.eventLoop.scheduleTask(in: .seconds(10), giveUp)
    }

    /// Whether new jobs would be run. Not what is late, or waits for Redis: what does not go on although it could.
    private func checkLife(_ now: Int) -> Bool {
        let turns = fetcher.lanes.first.turns.load(ordering: .relaxed)
        // A worker of thousands sleeps longer.
        let patience = max(Self.fetchPatience, members.workers * 40_000_000)
        let isWaiting = buffer.isFetcherWaiting
        let isStarved = isStarved(now)
        return state.withLock {
            $0.fetch.look(now: now, turns: turns, isWaiting: isWaiting, isStarved: isStarved, patience: patience)
        }
    }

    /// How long what claims jobs has been standing still, or this that looks at it.
    var fetchAge: Duration {
        let now = clock.nanoseconds
        let age = state.withLock { max($0.fetch.age(now: $0.lastTurn), now - $0.lastTurn - Self.periodNanoseconds) }
        return .nanoseconds(max(0, age))
    }

    /// As of the last turn, which must not be long ago.
    var isLive: Bool {
        state.withLock { $0.fetch.isLive && clock.nanoseconds - $0.lastTurn < Self.stillness }
    }

    private func isStarved(_ now: Int) -> Bool {
        [fetcher.lanes.first, fetcher.lanes.second].contains { lane in
            let since = lane.answeredAt.load(ordering: .relaxed)
            return since != 0 && now - since > Self.starvation
        }
    }

    // MARK: Beats

    private func beat(_ now: Int) {
        for member in members.all {
            guard let lease = member.lease else { continue }
            let (isDue, isLookDue) = state.withLock { state in
                let isDue = now >= state.nextBeat[member.queue] ?? 0
                let isLookDue = now >= state.nextLook[member.queue] ?? 0
                if isDue { state.nextBeat[member.queue] = now + lease.length.milliseconds * 1_000_000 / 3 }
                if isDue || isLookDue { state.nextLook[member.queue] = now + lookPeriod(lease) }
                return (isDue, isLookDue)
            }
            if isDue {
                send(member, lease, extend: true)
                client.submit(Command("ZADD", Registry.workers, String(clock.redis), worker.id)) { _ in }
            } else if isLookDue, buffer.load > 0 {
                send(member, lease, extend: false)
            }
        }
    }

    /// While jobs run, a cancellation arrives within about a second; many workers ask less often.
    private func lookPeriod(_ lease: Lease) -> Int {
        max(1000, members.workers) * 1_000_000
    }

    private func send(_ member: Member, _ lease: Lease, extend: Bool) {
        let card = extend ? self.card(lease).encoded() : []
        let timeout = Duration.milliseconds(max(100, lease.length.milliseconds / 3))
        member.store.submitBeat([(lease.incarnation, card)], extend: extend, timeout: timeout) { result in
            switch result {
            case .success(let beat): self.hear(beat, member, lease, extended: extend)
            case .failure(.foreignFormat(let found)): self.members.refuse(member, .foreignFormat(found))
            case .failure(let error): self.logger.debug("a beat failed: \(error)")
            }
        }
    }

    private func hear(_ beat: Beat, _ member: Member, _ lease: Lease, extended: Bool) {
        clock.learn(redis: beat.now)
        members.workers = beat.workers
        if beat.isPromoteDue { upkeep.bell.ring(.init(.promote, member.queue)) }
        if beat.isRecoverDue { upkeep.bell.ring(.init(.recover, member.queue)) }
        if beat.isPruneDue { upkeep.bell.ring(.init(.prune, member.queue)) }
        if beat.born != lease.born { members.end(lease, born: beat.born) }
        for answer in beat.members where answer.incarnation == lease.incarnation {
            guard answer.isLive else { return members.end(lease, born: beat.born) }
            for asked in answer.asked { cancel(asked, lease) }
            if let order = answer.order { hear(order, in: member.queue) }
            if extended { compare(answer.held, member, lease) }
        }
    }

    /// It is told in each of its queues, by different calls: the strictest counts. A new lease has heard of nothing yet, so
    /// only words change anything, and silence does not.
    private func hear(_ order: WorkerOrder, in queue: QueueName) {
        let change = state.withLock { state -> WorkerOrder? in
            let before = Self.strictest(state.orders)
            state.orders[queue] = order
            let after = Self.strictest(state.orders)
            return after == before ? nil : after
        }
        if let change { obey(change) }
    }

    private static func strictest(_ orders: [QueueName: WorkerOrder]) -> WorkerOrder {
        let said = Set(orders.values)
        return said.contains(.stop) ? .stop : said.contains(.quiet) ? .quiet : .work
    }

    private func cancel(_ asked: Beat.Asked, _ lease: Lease) {
        for slot in slots {
            slot.cancel(.cancelled) { $0.id == asked.id && $0.token == asked.token && $0.lease === lease }
        }
        fetcher.cancelWaiting { $0.id == asked.id && $0.token == asked.token && $0.lease === lease }
    }

    /// More held there than known here, twice in a row: some claim's answer got lost for good.
    private func compare(_ held: Int, _ member: Member, _ lease: Lease) {
        let isMismatch = held > lease.held
        let count = state.withLock { state in
            state.mismatches[member.queue] = isMismatch ? (state.mismatches[member.queue] ?? 0) + 1 : 0
            return state.mismatches[member.queue] ?? 0
        }
        if count >= 2 { upkeep.bell.ring(.init(.strangers, member.queue)) }
    }

    private func card(_ lease: Lease) -> WorkerCard {
        let current = slots.compactMap(\.current).sorted { $0.started < $1.started }
        let mine = current.filter { $0.run.lease === lease }.prefix(WorkerCard.runLimit)
        var card = WorkerCard(
            id: worker.id, host: worker.host, pid: worker.pid, version: worker.version,
            started: clock.redis(at: worker.startedAt), slots: slots.count, busy: current.count,
            runs: mine.map { run, started in
                WorkerCard.Run(
                    id: run.id, name: run.envelope.name, attempt: run.record.attempts + 1,
                    started: clock.redis(at: started))
            }, names: worker.names)
        card.memory = ResidentMemory.bytes(of: worker.pid)
        card.done = slots.reduce(0) { $0 + $1.succeeded.load(ordering: .relaxed) }
        card.failed = slots.reduce(0) { $0 + $1.failed.load(ordering: .relaxed) }
        card.quiet = buffer.isQuiet ? true : nil
        return card
    }
}
