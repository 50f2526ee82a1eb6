import JobModel
import JobStore
import Logging
import Redis

/// The parts of a worker, wired. Data goes one way: fetcher → buffer → slots → settler; heart and upkeep stand beside.
struct Parts: Sendable {
    let identity: WorkerIdentity
    let heart: Heart
    private let buffer: JobBuffer
    private let slots: [Slot]
    private let executor: Executor
    private let settler: Settler
    private let members: Members
    private let upkeep: Upkeep
    private let fetcher: Fetcher
    private let waker: Waker
    private let meter: WorkerMeter?
    private let closing = Gate()

    /// `obey` hears what somebody tells this worker from afar.
    init(
        _ configuration: WorkerConfiguration, _ handlers: Handlers, _ store: Store, _ waker: Waker,
        obey: @escaping @Sendable (WorkerOrder) -> Void = { _ in }
    ) {
        let clock = WorkerClock()
        let logger = configuration.logger
        identity = WorkerIdentity(clock: clock, names: handlers.names)
        let board = configuration.board
        board?.introduce(identity.id)
        slots = (0..<configuration.concurrency).map { Slot(shownAt: board?.place($0)) }
        meter = configuration.metrics.map {
            WorkerMeter($0, queues: configuration.queues.queues, names: handlers.names)
        }
        buffer = JobBuffer(concurrency: configuration.concurrency, prefetch: configuration.prefetch)
        members = Members(
            configuration.queues.queues, home: store, lease: configuration.lease, slots: slots, clock: clock,
            board: board, meter: meter, logger: logger)
        settler = Settler(members.all.map(\.store), clock: clock, logger: logger)
        executor = Executor(
            handlers: handlers.bodies, worker: identity.id, maxResultBytes: configuration.maxResultBytes,
            surroundings: JobContext.Surroundings(
                clock: clock, logger: logger, maxResultBytes: configuration.maxResultBytes))
        upkeep = Upkeep(
            members: members, settler: settler, buffer: buffer, slots: slots, clock: clock, worker: identity.id,
            maxPayloadBytes: configuration.maxPayloadBytes, logger: logger)
        self.waker = waker
        fetcher = Fetcher(
            members: members, buffer: buffer, settler: settler, executor: executor, upkeep: upkeep, slots: slots,
            waker: waker, order: configuration.queues, maxIdle: configuration.maxIdle, suspects: configuration.suspects,
            logger: logger)
        heart = Heart(
            worker: identity, members: members, slots: slots, buffer: buffer, fetcher: fetcher, upkeep: upkeep,
            clock: clock, client: store.client, killAfter: configuration.killAfter, board: board,
            meter: meter, onTurn: configuration.onTurn, obey: obey, logger: logger)
    }

    /// Stops claiming: what has not started is given back, slots end with the runs they have.
    func close() {
        settler.add(
            contentsOf: buffer.close().map { (executor.settlement(of: $0, .released(started: false)), $0.lease) })
        closing.close()
    }

    /// Claims nothing more. What is here goes on, and so does everything else.
    func quiet() {
        buffer.quiet()
        // A hint that is heard here would be lost on others.
        closing.close()
    }

    /// The same until it is told otherwise.
    func rest(_ isResting: Bool) { buffer.rest(isResting) }

    /// Becomes a member of the queues. Throws when none of them can be served.
    func join() async throws(StoreError) { try await members.joinAll() }

    /// A queue that could not be served to the end, and why.
    var problem: StoreError? { members.problem }

    /// Works until closed, or with `isBurst` until there is nothing to do, and everything is settled.
    func run(isBurst: Bool) async {
        meter?.open(slots: slots.count)
        defer { meter?.close() }
        await withDiscardingTaskGroup { beside in
            beside.addTask { await upkeep.run() }
            await withDiscardingTaskGroup { settling in
                settling.addTask { await settler.run() }
                await runJobs(isBurst: isBurst)
                executor.surroundings.threads.close()
                settler.close()
                heart.limitSettling { settler.giveUp() }
            }
            // Only now, when every outcome is stored, is what the queue still thinks to be ours given back.
            upkeep.bell.close()
            await upkeep.leaveAll()
        }
    }

    /// Returns when the buffer is closed and every run has ended.
    private func runJobs(isBurst: Bool) async {
        await withDiscardingTaskGroup { work in
            for slot in slots { work.addTask { await serve(slot) } }
            work.addTask {
                if fetcher.suspects == .only {
                    await fetcher.runOnlySuspects()
                } else {
                    await fetcher.runFirst(isBurst: isBurst)
                }
                close()
            }
            work.addTask { await fetcher.runSecond() }
            work.addTask {
                _ = await closing.pass()
                await waker.client.close()
            }
        }
    }

    /// Keeps one slot busy. When a run is cancelled, its whole loop task is, and a new one takes its place: so a job costs
    /// neither a task nor a cancellation handler of its own.
    private func serve(_ slot: Slot) async {
        var isOpen = true
        while isOpen {
            slot.beginLoop()
            isOpen = await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    defer { slot.endLoop() }
                    return await loop(slot)
                }
                await slot.untilCancelled()
                group.cancelAll()
                return await group.next() ?? false
            }
        }
    }

    /// Runs jobs until one was cancelled (true) or there will be no more (false).
    private func loop(_ slot: Slot) async -> Bool {
        var finished: Int?
        while let run = await buffer.next(finished: finished) {
            // Somebody else may have it by now.
            if run.lease.isOver {
                buffer.putDown()
                settler.add(executor.settlement(of: run, .released(started: false)), under: run.lease)
                finished = nil
                continue
            }
            let end = await executor.execute(run, in: slot)
            settle(run, end, successor: slot.clear())
            finished = end.nanoseconds
            if end.isCancelled {
                buffer.finish(end.nanoseconds)
                return true
            }
        }
        return false
    }

    /// Settles a run. If its job was claimed anew meanwhile, a success counts for the new claim; anything else lets the new
    /// run begin now that the old one is over.
    private func settle(_ run: Run, _ end: Executor.End, successor: Run?) {
        guard let successor else { return settler.add(end.settlement, under: run.lease) }
        run.lease.letGo(1)
        if end.isSuccess, successor.bytes == run.bytes {
            var settlement = end.settlement
            settlement.token = successor.token
            settler.add(settlement, under: successor.lease)
        } else if buffer.isClosed {
            settler.add(executor.settlement(of: successor, .released(started: false)), under: successor.lease)
        } else {
            buffer.deliver([successor], of: 0)
        }
    }
}
