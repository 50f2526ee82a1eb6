package import JobModel

/// One reason why a job does not run, or has not yet, or will not: a fact, which a sentence is made of.
package enum Explanation: Equatable, Sendable {
    // Of a job.
    /// It never was in this queue, or it is forgotten.
    case unknown
    /// It ended, and only its id is remembered, so that nobody enqueues it again.
    case remembered
    /// No worker has taken it in yet.
    case inInbox
    case scheduled(dueMs: Int)
    /// It failed, and waits for its next attempt; `error` is of the last run.
    case retrying(dueMs: Int, failed: Int, maxAttempts: Int?, error: ErrorEntry?)
    /// Its time has come, and no worker has moved it into the line yet.
    case overdue(dueMs: Int)
    case blocked
    /// Its runs were lost, and it waits to run alone.
    case suspect(dueMs: Int, lost: Int)
    /// `ahead` jobs stand before it; of `slots` of all live workers `busy` are taken.
    case inLine(ahead: Int, busy: Int, slots: Int)
    /// `worker` is nil before its first beat; `sinceMs` where it waits for a slot there, or the beat did not tell.
    case running(worker: String?, sinceMs: Int?, isAsked: Bool)
    /// The lease of its worker ran out: it is given to another one, not before `afterMs`.
    case lost(worker: String?, sinceMs: Int, afterMs: Int?)
    /// Somebody is giving the jobs of its dead worker back.
    case recovering(worker: String?)
    case succeeded(atMs: Int?)
    case dead(atMs: Int, reason: Reason?, error: ErrorEntry?)
    case cancelled(atMs: Int?)

    // Of the queue.
    case paused(by: String?, reason: String?, sinceMs: Int?)
    /// No live worker serves it; `waiting` jobs do.
    case noWorker(waiting: Int)
    /// Live workers serve it, and those that could run it, or what waits, claim nothing: their ids.
    case quiet(workers: [String], waiting: Int)
    /// Live workers serve it, and none has a handler for this name.
    case noHandler(name: String, workers: Int)
    /// Every slot is taken.
    case slotsBusy(waiting: Int, slots: Int)
    /// Something waits, and there are slots for it.
    case working(waiting: Int, busy: Int, slots: Int)
    /// Nothing waits now; nil: nothing is to come either.
    case idle(nextDueMs: Int?)

    /// Stable: for programs.
    package var code: String {
        switch self {
        case .unknown: "unknown"
        case .remembered: "remembered"
        case .inInbox: "inbox"
        case .scheduled: "scheduled"
        case .retrying: "retrying"
        case .overdue: "overdue"
        case .blocked: "blocked"
        case .suspect: "suspect"
        case .inLine: "in-line"
        case .running: "running"
        case .lost: "lost"
        case .recovering: "recovering"
        case .succeeded: "succeeded"
        case .dead: "dead"
        case .cancelled: "cancelled"
        case .paused: "paused"
        case .noWorker: "no-worker"
        case .quiet: "quiet"
        case .noHandler: "no-handler"
        case .slotsBusy: "slots-busy"
        case .working: "working"
        case .idle: "idle"
        }
    }
}

// MARK: - Finding them

extension Explanation {
    /// Why a job is where it is: first what holds it up, if anything does, last its own state. Pure: of what was seen of the
    /// job and of its queue, and of how many jobs stand before it in line.
    package static func of(_ job: JobView, in queue: QueueSnapshot, ahead: Int = 0, isInInbox: Bool = false) -> [Self] {
        guard let state = job.state else {
            if isInInbox { return obstacles(to: nil, in: queue) + [.inInbox] }
            return [job.isRemembered ? .remembered : .unknown]
        }
        let name = (try? Envelope(parsing: job.envelope))?.name
        switch state {
        case .queued, .scheduled, .retrying, .suspect, .blocked:
            return obstacles(to: name, in: queue) + [waiting(job, state, queue, ahead)]
        case .running: return [running(job, queue)]
        case .succeeded: return [.succeeded(atMs: job.result?.at)]
        case .dead:
            return [.dead(atMs: job.errors.last?.at ?? job.record.at, reason: job.record.last, error: job.errors.last)]
        case .cancelled: return [.cancelled(atMs: job.score.flatMap(Self.moment).map { $0 - Limits.cancelledTTL })]
        }
    }

    /// Why a queue does what it does; `firstName` is of the first job in line.
    package static func of(_ queue: QueueSnapshot, firstName: String? = nil) -> [Self] {
        let waiting = queue.waiting
        if waiting == 0 {
            let idle = Self.idle(nextDueMs: queue.nextDue)
            let isOver = queue.count(.running) > 0 && queue.live.isEmpty
            return obstacles(to: nil, in: queue).filter { isOver || $0.code == "paused" } + [idle]
        }
        let obstacles = obstacles(to: firstName, in: queue)
        if obstacles.contains(where: { $0.code == "no-worker" || $0.code == "quiet" }) { return obstacles }
        let (busy, slots) = (queue.busy, queue.slots)
        return obstacles
            + [
                busy >= slots
                    ? .slotsBusy(waiting: waiting, slots: slots) : .working(waiting: waiting, busy: busy, slots: slots)
            ]
    }

    /// What keeps a queue from starting anything, or jobs of a name.
    private static func obstacles(to name: String?, in queue: QueueSnapshot) -> [Self] {
        var found: [Self] = []
        if queue.isPaused {
            found.append(.paused(by: queue.pausedBy, reason: queue.pausedReason, sinceMs: queue.pausedAt))
        }
        let cards = queue.live
        if queue.liveWorkers == 0 {
            found.append(.noWorker(waiting: queue.backlog))
        } else if cards.count == queue.liveWorkers {
            let able = cards.filter { mayRun(name, $0) }
            if let name, able.isEmpty {
                found.append(.noHandler(name: name, workers: cards.count))
            } else if able.allSatisfy(\.isQuiet) {
                found.append(.quiet(workers: able.map(\.id).sorted(), waiting: queue.waiting))
            }
        }
        return found
    }

    /// Has a worker a handler for this name, as far as one can know? A list as long as it may be was perhaps cut.
    private static func mayRun(_ name: String?, _ card: WorkerCard) -> Bool {
        guard let name, let names = card.names else { return true }
        return names.contains(name) || names.count >= WorkerCard.nameLimit
    }

    private static func waiting(_ job: JobView, _ state: JobState, _ queue: QueueSnapshot, _ ahead: Int) -> Self {
        let due = job.score.flatMap(moment).map { $0 / 10 } ?? 0
        switch state {
        case .blocked: return .blocked
        case .suspect: return .suspect(dueMs: due, lost: job.record.lost)
        case .scheduled where due > queue.now: return .scheduled(dueMs: due)
        case .retrying where due > queue.now:
            return .retrying(
                dueMs: due, failed: job.record.attempts,
                maxAttempts: (try? Envelope(parsing: job.envelope))?.policy.maxAttempts, error: job.errors.last)
        case .scheduled, .retrying: return .overdue(dueMs: due)
        default: return .inLine(ahead: ahead, busy: queue.busy, slots: queue.slots)
        }
    }

    private static func running(_ job: JobView, _ queue: QueueSnapshot) -> Self {
        let incarnation = job.score.flatMap(moment).map { Token($0).incarnation }
        guard let owner = queue.workers.first(where: { $0.incarnation == incarnation }) else {
            return .running(worker: nil, sinceMs: nil, isAsked: job.isAsked)
        }
        let card = WorkerCard(parsing: owner.about)
        if owner.deadline < 0 { return .recovering(worker: card?.id) }
        if owner.deadline < Double(queue.now) {
            let grace = queue.meta["grace"].flatMap { Int($0) }.flatMap { $0 > queue.now ? $0 : nil }
            return .lost(worker: card?.id, sinceMs: Int(owner.deadline), afterMs: grace)
        }
        let start = card?.runs.first { $0.id == job.id }?.started
        return .running(worker: card?.id, sinceMs: start, isAsked: job.isAsked)
    }

    /// Whatever somebody wrote there.
    private static func moment(_ score: Double) -> Int? { abs(score) < 9e18 ? Int(score) : nil }
}

extension QueueSnapshot {
    /// Jobs that could begin now.
    fileprivate var waiting: Int { count(.queued) + overdue + inbox }

    /// Incarnations whose lease lasts.
    fileprivate var liveWorkers: Int { workers.count { $0.deadline >= Double(now) } }

    /// What they say of themselves, as far as they have.
    fileprivate var live: [WorkerCard] {
        workers.filter { $0.deadline >= Double(now) }.compactMap { WorkerCard(parsing: $0.about) }
    }

    fileprivate var slots: Int { live.reduce(0) { $0 + $1.slots } }

    /// A worker may hold a few more jobs than it has slots.
    fileprivate var busy: Int {
        workers.filter { $0.deadline >= Double(now) }.reduce(0) { sum, worker in
            sum
                + min(
                    max(worker.held, WorkerCard(parsing: worker.about)?.busy ?? 0),
                    WorkerCard(parsing: worker.about)?.slots ?? 0)
        }
    }
}
