import JobModel
import JobStore
import Logging
import Synchronization

/// What every worker does for its queues beside running jobs: moves what is due, recovers what others lost, forgets what
/// is old, takes in what strangers left in the inbox. There is no leader: whoever hears that something is due does it.
final class Upkeep: Sendable {
    struct Duty: Hashable, Sendable {
        enum Kind: Hashable, Sendable { case promote, recover, prune, intake, strangers, abandon, giveUp }
        var kind: Kind
        var queue: QueueName
        init(_ kind: Kind, _ queue: QueueName) {
            self.kind = kind
            self.queue = queue
        }
    }

    let bell = Bell<Duty>()
    private let members: Members
    private let settler: Settler
    private let buffer: JobBuffer
    private let slots: [Slot]
    private let clock: WorkerClock
    private let worker: String
    private let maxPayloadBytes: Int
    private let logger: Logger
    /// Jobs in our range that nobody here knew, as of the last look, by queue.
    private let strange = Mutex<[QueueName: Set<String>]>([:])
    /// Stays with the lease until others take that over: its handler still runs.
    private let stuck = Mutex<Run?>(nil)

    init(
        members: Members, settler: Settler, buffer: JobBuffer, slots: [Slot], clock: WorkerClock, worker: String,
        maxPayloadBytes: Int, logger: Logger
    ) {
        self.members = members
        self.settler = settler
        self.buffer = buffer
        self.slots = slots
        self.clock = clock
        self.worker = worker
        self.maxPayloadBytes = maxPayloadBytes
        self.logger = logger
    }

    /// Works until the bell is closed.
    func run() async {
        while let duties = await bell.next() {
            for duty in duties where !bell.isClosed {
                guard let member = members.member(duty.queue) else { continue }
                await fulfil(duty.kind, member)
            }
        }
    }

    private func fulfil(_ kind: Duty.Kind, _ member: Member) async {
        do throws(StoreError) {
            switch kind {
            case .promote: await promote(member)
            case .recover: try await recover(member)
            case .prune: try await prune(member)
            case .intake: try await intake(member)
            case .strangers: try await releaseStrangers(member)
            case .abandon: await abandon(status: 0)
            case .giveUp: await abandon(status: 70)
            }
        } catch {
            // Whatever was due will be found due again by the next beat, here or elsewhere.
            logger.debug("\(kind) of \(member.queue) failed: \(error)")
        }
    }

    /// Moves everything that is due.
    func promote(_ member: Member) async {
        do throws(StoreError) {
            while try await member.store.promote().moved == QueueStore.batchLimit, !bell.isClosed {}
        } catch { logger.debug("promote of \(member.queue) failed: \(error)") }
    }

    private func intake(_ member: Member) async throws(StoreError) {
        try await Intake(
            store: member.store, worker: worker, limit: maxPayloadBytes, clock: clock, meter: member.meter
        )
        .run { bell.isClosed }
    }

    /// Makes jobs that can be claimed of what is due and of what lies in the inbox.
    func takeIn(_ member: Member) async {
        await promote(member)
        await fulfil(.intake, member)
    }

    private func prune(_ member: Member) async throws(StoreError) {
        while try await member.store.prune().isMoreDue, !bell.isClosed {}
    }

    // MARK: Recovery

    private func recover(_ member: Member) async throws(StoreError) {
        var current: Incarnation?
        while case .recovered(let slice) = try await member.store.recover(current) {
            if let own = member.lease, own.incarnation == slice.incarnation {
                members.end(own, because: "its own lease ran out")
            }
            if current == nil, !slice.jobs.isEmpty { member.meter?.leaseExpired() }
            try await settleLost(slice, member)
            current = slice.left > 0 ? slice.incarnation : nil
        }
    }

    /// Without proof of death every job that was held counts as lost.
    private func settleLost(_ slice: Recovery, _ member: Member) async throws(StoreError) {
        if slice.jobs.isEmpty { return }
        let card = WorkerCard(parsing: slice.about)
        let who = card?.id ?? "unknown worker"
        let starts = Dictionary(card?.runs.map { ($0.id, $0.started) } ?? [], uniquingKeysWith: { $1 })
        let error = RunError(type: "LeaseLost", "the lease of \(who) ran out")
        let settlements = slice.jobs.map { job in
            // Until now: nobody knows when it ended.
            let envelope = try? Envelope(parsing: job.envelope)
            let facts = RunFacts(
                worker: who, now: slice.now, ms: starts[job.id].map { max(0, slice.now - $0) } ?? 0,
                name: envelope?.name)
            let outcome: Outcome =
                envelope == nil ? .malformed(RunError("the envelope cannot be read")) : .lost(error)
            let disposition = decide(
                outcome, policy: envelope?.policy ?? .standard, record: RunRecord(parsing: job.record), facts: facts,
                random: 0)
            member.meter?.tally(envelope?.name ?? "").ended(outcome, disposition, nanoseconds: 0)
            return Settlement(id: job.id, token: job.token, disposition: disposition)
        }
        _ = try await member.store.settle(slice.incarnation, settlements)
        logger.warning(
            "jobs of \(who) are recovered",
            metadata: [
                "event": "job.lost", "jobs": .stringConvertible(settlements.count), "queue": "\(member.queue)",
                "incarnation": .stringConvertible(slice.incarnation.number),
            ])
    }

    /// Leaves a queue: what its range still holds goes to the front, and with it the lease. Outcomes that could not be
    /// stored before get a last chance.
    func leave(_ member: Member) async {
        guard let lease = member.lease else { return }
        let unsettled = settler.unsettled
        let stuck = stuck.withLock { $0 }
        do throws(StoreError) {
            while case .recovered(let slice) = try await member.store.recover(lease.incarnation) {
                let facts = RunFacts(worker: worker, now: slice.now, ms: 0, name: nil)
                let started = Set(slots.compactMap { $0.current?.run.id })
                let settlements = slice.jobs.compactMap { job -> Settlement? in
                    if let stuck, stuck.id == job.id, stuck.token == job.token { return nil }
                    if let known = unsettled[job.id], known.token == job.token { return known }
                    let policy = (try? Envelope(parsing: job.envelope))?.policy ?? .standard
                    return Settlement(
                        id: job.id, token: job.token,
                        disposition: decide(
                            .released(started: started.contains(job.id)), policy: policy,
                            record: RunRecord(parsing: job.record), facts: facts, random: 0))
                }
                if !settlements.isEmpty { _ = try await member.store.settle(slice.incarnation, settlements) }
                if slice.left == 0 { break }
            }
        } catch { logger.warning("could not leave \(member.queue) in order: \(error); its lease will run out") }
    }

    /// All at once, so that a Redis that does not answer costs one deadline.
    func leaveAll() async {
        await withDiscardingTaskGroup { group in
            for member in members.all { group.addTask { await self.leave(member) } }
        }
    }

    /// Gives back everything but this run, whose handler does not stop, and ends the process.
    func giveUp(on run: Run) {
        stuck.withLock { $0 = run }
        // What has not started goes back with the lease.
        _ = buffer.close()
        bell.ring(.init(.giveUp, run.lease.queue))
    }

    /// Gives back everything, once the outcomes that are known are stored, and ends the process.
    private func abandon(status: Int32) async {
        let stuck = stuck.withLock { $0 }
        for _ in 0..<50 where !settler.ids.isEmpty || (stuck != nil && slots.contains { $0.isBusy(besides: stuck) }) {
            try? await Task.sleep(for: .milliseconds(20))
        }
        await leaveAll()
        ProcessExit.now(status: status)
    }

    // MARK: Strangers

    /// The queue thinks that we hold more than we know of. What is unknown here twice in a row goes back.
    private func releaseStrangers(_ member: Member) async throws(StoreError) {
        guard let lease = member.lease else { return }
        let answered = lease.answeredBelow
        let held = try await member.store.held(by: lease.incarnation)
        let known = Set(slots.compactMap { $0.current?.run.id } + buffer.waiting.map(\.id) + settler.ids)
        let unknown = held.filter { !known.contains($0.id) && $0.token.claim < answered }
        let before = strange.withLock { strange in
            defer { strange[member.queue] = Set(unknown.map(\.id)) }
            return strange[member.queue] ?? []
        }
        var strangers = unknown.filter { before.contains($0.id) }
        // An outcome that could not be stored is tried again.
        let kept = settler.sendKept(strangers.map(\.id))
        strangers.removeAll { kept.contains($0.id) }
        if strangers.isEmpty { return }
        let (now, views) = try await member.store.inspect(Array(strangers.prefix(200).map(\.id)), full: true)
        let facts = RunFacts(worker: worker, now: now, ms: 0, name: nil)
        let settlements = zip(strangers, views).map { stranger, view in
            Settlement(
                id: stranger.id, token: stranger.token,
                disposition: decide(
                    .released(started: false), policy: (try? Envelope(parsing: view.envelope))?.policy ?? .standard,
                    record: view.record, facts: facts, random: 0))
        }
        _ = try await member.store.settle(lease.incarnation, settlements)
        logger.warning(
            "jobs that nobody here knew are given back",
            metadata: ["jobs": .stringConvertible(settlements.count), "queue": "\(member.queue)"])
    }
}
