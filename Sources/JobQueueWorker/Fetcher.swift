import JobModel
import JobStore
import Logging
import Redis
import Synchronization

/// Claims jobs for the slots: two lanes, so that while one claim is answered the next is on its way.
///
/// The first lane does everything; the second only helps while queues have more than one claim can carry.
final class Fetcher: Sendable {
    /// What the heart must know of a lane: since when an answer has been waiting to be looked at, ns; 0 when none is.
    final class Lane: Sendable {
        let answeredAt = Atomic(0)
        /// Grows whenever the lane goes on.
        let turns = Atomic(0)

        func turn() { turns.wrappingAdd(1, ordering: .relaxed) }
    }

    let lanes = (first: Lane(), second: Lane())
    let members: Members
    let buffer: JobBuffer
    let settler: Settler
    private let executor: Executor
    private let upkeep: Upkeep
    private let slots: [Slot]
    let clock: WorkerClock
    private let waker: Waker
    private let order: QueueOrder
    let more = Gate()
    /// How long there may be nothing to do before the work is over, ns; nil for ever.
    private let maxIdle: Int?
    let suspects: WorkerConfiguration.Suspects
    private let logger: Logger

    init(
        members: Members, buffer: JobBuffer, settler: Settler, executor: Executor, upkeep: Upkeep, slots: [Slot],
        waker: Waker, order: QueueOrder, maxIdle: Duration?,
        suspects: WorkerConfiguration.Suspects, logger: Logger
    ) {
        self.members = members
        self.buffer = buffer
        self.settler = settler
        self.executor = executor
        self.upkeep = upkeep
        self.slots = slots
        clock = executor.clock
        self.waker = waker
        self.order = order
        self.suspects = suspects
        self.maxIdle = maxIdle.map { $0.milliseconds * 1_000_000 }
        self.logger = logger
    }

    /// What one look into all queues found.
    struct Look {
        var found = 0
        var left = 0
        /// ms by Redis' clock.
        var nextDue: Int?
        /// Queues that answered, and of these the ones with a suspect that is due.
        var asked: [Member] = []
        var suspects: [Member] = []
        /// Those with something due or in the inbox.
        var arrivals: [Member] = []
        /// Enough was found before every queue was looked into.
        var isCutShort = false
    }

    // MARK: The first lane

    /// Claims until the buffer is closed, there was nothing to do for too long, or with `isBurst` until there is nothing to
    /// claim and nothing runs.
    func runFirst(isBurst: Bool) async {
        defer { more.close() }
        var hasTakenIn = false
        var idleSince: Int?
        while true {
            let want = await buffer.demand(atLeast: 1)
            lanes.first.turn()
            if want == 0 { return }
            let (wasEmpty, delivered) = (buffer.load == 0, buffer.delivered)
            let look = await look(want, lanes.first)
            if look.left > 0 { more.open() } else { more.shut() }
            let hasRunSuspect = await runSuspects(look)
            if look.found > 0 { hasTakenIn = false }
            if look.found > 0 || hasRunSuspect || buffer.load > 0 { idleSince = nil }
            if look.left > 0 || look.isCutShort || hasRunSuspect || buffer.isClosed { continue }
            if !isBurst {
                let now = clock.nanoseconds
                let rest = maxIdle.map { (idleSince ?? now) + $0 - now }
                if let rest, rest <= 0, buffer.load == 0 { return }
                idleSince = idleSince ?? now
                await idle(until: look.nextDue, atMost: rest.map { max(1, $0 / 1_000_000) })
            } else if look.found == 0, !wasEmpty || !buffer.isStill(since: delivered) {
                // What runs may enqueue more, or come back; and the other lane may have found what was left.
                await buffer.untilEmpty()
            } else if look.found == 0 {
                if look.arrivals.isEmpty || hasTakenIn { return }
                for member in look.arrivals { await upkeep.takeIn(member) }
                hasTakenIn = true
            }
        }
    }

    /// Waits for a wake-up, at most until something is due, and moves what is.
    private func idle(until due: Int?, atMost limit: Int?) async {
        let members = members.joined
        guard !members.isEmpty else {
            try? await Task.sleep(for: .milliseconds(200))
            return
        }
        let safety = max(2000, self.members.workers * 20)
        var wait = Int.random(in: safety * 3 / 4...safety)
        if let due { wait = min(wait, due - clock.redis) }
        if let limit { wait = min(wait, limit) }
        if wait > 0 { await waker.wait(members.map(\.store), ms: wait) { !buffer.isQuiet } }
        if let due, clock.redis >= due {
            for member in members {
                lanes.first.turn()
                await upkeep.promote(member)
            }
        }
    }

    // MARK: The second lane

    /// A claim of fewer jobs is not worth a second round trip.
    private static let worthALane = 64

    func runSecond() async {
        while await more.pass() {
            let want = await buffer.demand(atLeast: Self.worthALane)
            if want == 0 { return }
            let look = await look(want, lanes.second)
            if look.left == 0 { more.shut() }
        }
    }

    /// A job that waits here for a slot was asked to stop.
    func cancelWaiting(where isMeant: (Run) -> Bool) {
        guard let run = buffer.withdraw(where: isMeant) else { return }
        settler.add(executor.settlement(of: run, .cancelled), under: run.lease)
    }

    /// Gives back what was claimed ahead and has been waiting for too long.
    func giveBack(now: Int) {
        buffer.checkReservation(now: now)
        let overdue = buffer.overdue(now: now)
        if overdue.isEmpty { return }
        settler.add(contentsOf: overdue.map { (executor.settlement(of: $0, .released(started: false)), $0.lease) })
    }

    // MARK: Claiming

    /// Looks into the queues in their order until `want` jobs are found, and keeps the buffer's promise.
    private func look(_ want: Int, _ lane: Lane) async -> Look {
        var look = Look()
        var promised = want
        var generator = SystemRandomNumberGenerator()
        for position in order.positions(using: &generator) {
            if promised == 0 {
                look.isCutShort = true
                break
            }
            let member = members.all[position]
            lane.turn()
            guard let lease = await members.lease(of: member, mayJoin: lane === lanes.first) else { continue }
            guard let claim = await claim(promised, member, lease, lane) else { continue }
            // Of a paused queue nothing can be claimed, however much is left.
            if !claim.jobs.isEmpty { look.left += claim.left }
            look.nextDue = [look.nextDue, claim.nextDue].compactMap(\.self).min()
            look.found += claim.jobs.count
            look.asked.append(member)
            if claim.isSuspectDue { look.suspects.append(member) }
            let isDue = claim.nextDue.map { $0 <= claim.now } ?? false
            if claim.inbox > 0 { upkeep.bell.ring(.init(.intake, member.queue)) }
            if isDue { upkeep.bell.ring(.init(.promote, member.queue)) }
            if claim.inbox > 0 || isDue { look.arrivals.append(member) }
            if claim.jobs.isEmpty { continue }
            let runs = runs(of: claim, lease)
            buffer.deliver(runs, of: claim.jobs.count)
            promised -= claim.jobs.count
        }
        if promised > 0 { buffer.deliver([], of: promised) }
        return look
    }

    /// One claim, with the same number until it is answered: a lost reply is answered again.
    func claim(_ want: Int, _ member: Member, _ lease: Lease, _ lane: Lane, alone: Bool = false) async -> Claim? {
        var number = lease.nextClaim()
        defer { lease.end(claim: number) }
        while !lease.isOver {
            lane.turn()
            do throws(StoreError) {
                let answer = try await member.store.claim(
                    lease.incarnation, number: number, want: want, alone: alone,
                    onAnswer: { [clock] in lane.answeredAt.store(clock.nanoseconds, ordering: .relaxed) })
                lane.answeredAt.store(0, ordering: .relaxed)
                switch answer {
                case .claimed(let claim):
                    lease.hold(claim.jobs.count)
                    clock.learn(redis: claim.now)
                    return claim
                case .skipped:
                    lease.end(claim: number)
                    number = lease.nextClaim()
                case .stale(let born): members.end(lease, born: born)
                }
            } catch {
                lane.answeredAt.store(0, ordering: .relaxed)
                if case .foreignFormat = error { members.refuse(member, error) }
                guard error.isWorthWaitingFor, !buffer.isClosed else {
                    if !buffer.isClosed { logger.error("claiming from \(member.queue) failed: \(error)") }
                    return nil
                }
                try? await Task.sleep(for: .milliseconds(50))
            }
        }
        return nil
    }

    /// Reads the envelopes. What cannot be read is dead; what still runs here from before waits for that run to end.
    func runs(of claim: Claim, _ lease: Lease, alone: Bool = false) -> [Run] {
        let hasOrphans = members.hasOrphans
        var runs: [Run] = []
        runs.reserveCapacity(claim.jobs.count)
        for job in claim.jobs {
            do throws(Envelope.Refusal) {
                let run = Run(
                    job, try Envelope(parsing: job.envelope), lease: lease, epoch: claim.epoch, isAlone: alone)
                if hasOrphans, slots.contains(where: { $0.follow(with: run) }) || buffer.replace(with: run) { continue }
                runs.append(run)
            } catch {
                let blank = Run(job, Envelope(name: "malformed", payload: []), lease: lease, epoch: 0, isAlone: false)
                settler.add(executor.settlement(of: blank, .malformed(RunError("\(error)"))), under: lease)
            }
        }
        return runs
    }
}
