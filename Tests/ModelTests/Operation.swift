import JobModel
import JobStore

/// One step of a walk. It holds everything that it needs, the time included, so that a walk can be repeated with any of
/// its steps left out.
struct Operation: Sendable {
    var now: Int
    var action: Action
    /// The same call again at once, as after a lost reply.
    var isRepeated = false
}

enum Action: Sendable {
    case enqueue([NewJob], atomic: Bool = false)
    case drop(entry: String, envelope: String)
    case intake(good: [(entry: String, job: NewJob)], bad: [QueueStore.BadEntry])
    case join(Int, leaseMs: Int)
    /// `isBreaking`: the envelope of the first job in line is lost just before.
    case claim(ClaimCall, isBreaking: Bool)
    case beat([BeatCall], extend: Bool)
    case settle(Int, [Settlement])
    case promote(limit: Int)
    case recover(Int?, limit: Int)
    case cancel([String])
    case requeue([QueueStore.Requeue])
    case prune(limit: Int)
    case inspect([String], full: Bool)
    case snapshot
    /// nil: the queue goes on.
    case pause(PauseCall?)
    case remove([SeenJob], in: JobState?)
    case edit(EditCall)
    case list(ListCall)
    case groups(name: String?, limit: Int)
    case search(SearchCall)
    case restore([DeadCopy])
    /// Somebody wants to be told of what happens.
    case watch(ms: Int)
    /// Sets a limit or a switch; nil takes it away.
    case configure(ModelMeta.Field, Int?)
    /// An idle worker takes the hint.
    case takeWake
    /// Redis loses everything.
    case flush

    /// The script that does it; nil where no script does.
    var script: StoreScript? {
        switch self {
        case .enqueue: .enqueue
        case .intake: .intake
        case .join: .join
        case .claim: .claim
        case .beat: .beat
        case .settle: .settle
        case .promote: .promote
        case .recover: .recover
        case .cancel: .cancel
        case .requeue: .requeue
        case .prune: .prune
        case .inspect: .inspect
        case .snapshot: .snapshot
        case .pause: .pause
        case .remove: .remove
        case .edit: .edit
        case .list: .list
        case .groups: .groups
        case .search: .grouped
        case .restore: .restore
        case .watch: .watch
        case .drop, .configure, .takeWake, .flush: nil
        }
    }

    /// The same call again changes nothing. The others make progress each time they are called.
    var isIdempotent: Bool {
        switch self {
        case .promote, .prune, .drop, .takeWake, .flush: false
        case .recover(let named, _): named != nil
        case .claim(_, let isBreaking): !isBreaking
        // A good entry that had to wait is a duplicate once the bad one has its id.
        case .intake(let good, let bad): !good.contains { entry in bad.contains { $0.id == entry.job.id } }
        default: true
        }
    }
}

struct ClaimCall: Equatable, Sendable {
    var incarnation: Int
    var number: Int
    var want: Int
    var alone = false
}

struct BeatCall: Sendable {
    var incarnation: Int
    var about: String
}

struct PauseCall: Equatable, Sendable {
    var by: String
    var reason: String
}

/// A job, and how it looked when it was last seen; nil: whatever it is.
struct SeenJob: Sendable {
    var id: String
    var seen: InspectedJob?
}

struct EditCall: Sendable {
    var seen: InspectedJob
    var envelope: [UInt8]
    var priority: Priority
    var due: Due?
}

struct ListCall: Sendable {
    struct Place: Equatable, Sendable {
        var score: Int
        var id: String
    }

    var state: JobState
    var place: Place?
    var backward: Bool
    var limit: Int
    var filter = JobFilter()
    var results = false
}

/// Dead jobs by their groups.
struct SearchCall: Sendable {
    var name: String?
    var group: DeadGroup?
    var diedFrom: Int?
    var diedBefore: Int?
    /// The member of the index behind which to begin.
    var place: String?
    var backward: Bool
    var limit: Int
}

// MARK: - Answers

/// What an operation answers, in a form that can be compared.
enum Answer: Equatable, Sendable {
    case done
    case admissions([Admission])
    case intake([Admission?])
    case join(JoinAnswer)
    case claimed(ClaimView)
    case stale, skipped
    case refused(String)
    case beat(Beat)
    case settled([Settled])
    case promoted(Int, nextDue: Int?)
    case recovered(RecoveryView)
    case nothing
    case grace(until: Int)
    case cancelled([QueueStore.CancelAnswer])
    case requeued([QueueStore.RequeueAnswer])
    case pruned(Int, isMoreDue: Bool)
    case inspected([InspectedJob])
    case snapshot(QueueSnapshot)
    case paused(was: Bool?)
    case removed([QueueStore.RemoveAnswer])
    case edited(QueueStore.EditAnswer)
    case listed(ListView)
    case groups(DeadGroups)
    case searched([InspectedJob], next: String?)
    case restored([QueueStore.RestoreAnswer])
    case watched(was: Bool?)
    /// The call threw: never expected.
    case failed(String)
}

struct HeldJob: Equatable, Sendable {
    var id: String
    var token: Int
    var envelope: String
    var record: String
}

struct ClaimView: Equatable, Sendable {
    var now: Int
    var epoch: Int
    var nextDue: Int?
    var inbox: Int
    var isSuspectDue: Bool
    var born: String
    var left: Int
    var jobs: [HeldJob]
}

struct RecoveryView: Equatable, Sendable {
    var now: Int
    var incarnation: Int
    var about: String
    var left: Int
    var jobs: [HeldJob]
}

struct ListView: Equatable, Sendable {
    var jobs: [InspectedJob] = []
    var searched = 0
    var total: Int
    var next: ListCall.Place?
}

struct InspectedJob: Equatable, Sendable {
    var id: String
    var state: JobState?
    var isRemembered = false
    var isAsked = false
    var score: Double?
    var record = ""
    var result: ResultRecord?
    var envelope = ""
    var errors: [ErrorEntry] = []
}

// MARK: - The model's part

extension ModelQueue {
    /// Does the operation here. `broken` is the job whose envelope was lost just before, see `victim`.
    mutating func apply(_ operation: Operation, in name: QueueName, broken: String? = nil) -> Answer {
        let now = operation.now
        switch operation.action {
        case .enqueue(let jobs, let atomic): return enqueue(jobs, atomic: atomic, now: now)
        case .intake(let good, let bad): return intake(good: good, bad: bad, now: now)
        case .join(let incarnation, let leaseMs): return join(incarnation, leaseMs: leaseMs, now: now)
        case .claim(let call, _): return claim(call, broken: broken, now: now)
        case .beat(let members, let extend): return beat(members, extend: extend, now: now)
        case .settle(let incarnation, let items): return settle(incarnation, items, now: now)
        case .promote(let limit): return promote(limit: limit, now: now)
        case .recover(let named, let limit): return recover(named, limit: limit, now: now)
        case .cancel(let ids): return cancel(ids, now: now)
        case .requeue(let items): return requeue(items)
        case .prune(let limit): return prune(limit: limit, now: now)
        case .inspect(let ids, let full): return inspect(ids, full: full)
        case .snapshot: return snapshot(name, now: now)
        case .pause(let call): return pause(call, now: now)
        case .remove(let items, let state): return remove(items, in: state)
        case .edit(let call): return edit(call, now: now)
        case .list(let call): return list(call)
        case .groups(let name, let limit): return groups(name, limit: limit, now: now)
        case .search(let call): return search(call)
        case .restore(let copies): return restore(copies, now: now)
        case .watch(let ms): return watch(ms: ms, now: now)
        case .drop(let entry, let envelope): inbox.append(InboxItem(entry: entry, envelope: envelope))
        case .configure(let field, let value): meta[field] = value
        case .takeWake: isAwake = false
        case .flush: self = ModelQueue()
        }
        return .done
    }

    /// The job that loses its envelope in this operation.
    func victim(of operation: Operation) -> String? {
        guard case .claim(_, isBreaking: true) = operation.action else { return nil }
        return ids(.queued).first
    }
}
