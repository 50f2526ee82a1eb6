import JobModel
import JobStore
import TestSupport

/// What a walk is like: drawn from its number, so that the walks differ.
struct Profile: Sendable {
    var leaseMs: Int
    /// The clock makes jumps of days and years, not only of an hour.
    var hasLongJumps: Bool
    /// Envelopes of hundreds of kilobytes, to meet the limits in bytes.
    var isHeavy: Bool
    var length: Int

    init(number: Int, length: Int) {
        leaseMs = [3_000, 1_001, 20_000][number % 3]
        hasLongJumps = number % 2 == 0
        isHeavy = number % 16 == 9
        self.length = isHeavy ? min(300, length) : length
    }
}

/// Draws the next operation of a walk. Workers, producers and operators act by chance, and time passes by chance.
///
/// It reads the model where a stranger could know or guess, and chooses from lists only, never in the order of a
/// dictionary: the same seed must draw the same walk.
struct Walker: Sendable {
    let profile: Profile
    var random: Seed
    var now = Walker.today
    var workers = ["a", "b", "c"].map(SimulatedWorker.init)
    /// Enqueues and others without an answer, to be sent again.
    var unanswered: [Action] = []
    var pending: Pending?
    private var regularNow = Walker.today
    var entries = 0

    static let today = 1_763_700_000_000
    static let year2040 = 2_208_988_800_000
    static let pool = (0..<28).map { "j\($0)" }

    /// The operation on its way: who sent it, and whether the answer will reach them.
    struct Pending: Sendable {
        var worker: Int?
        var action: Action
        var isLost: Bool
    }

    init(profile: Profile, seed: UInt64) {
        self.profile = profile
        random = Seed(value: seed)
    }

    // MARK: - Chance

    mutating func roll(_ sides: Int) -> Int { Int(truncatingIfNeeded: random.next() >> 33) % sides }
    mutating func chance(_ percent: Int) -> Bool { roll(100) < percent }
    mutating func pick<T>(_ list: [T]) -> T { list[roll(list.count)] }
    mutating func range(_ range: ClosedRange<Int>) -> Int { range.lowerBound + roll(range.count) }

    // MARK: - Steps

    mutating func next(_ queue: ModelQueue) -> Operation {
        passTime()
        let worker = roll(workers.count)
        if roll(400) == 0 { workers[worker].die() }
        let (action, sender) = draw(worker, queue)
        let isLost = chance(5)
        pending = Pending(worker: sender, action: action, isLost: isLost)
        return Operation(now: now, action: action, isRepeated: chance(5) && action.script != nil)
    }

    /// Tells whoever sent the operation what it answered; 1 in 20 never hears of it.
    mutating func learn(_ answer: Answer) {
        guard let pending else { return }
        self.pending = nil
        if pending.isLost {
            if let worker = pending.worker { workers[worker].missed(pending.action) }
            switch pending.action {
            case .enqueue, .intake, .cancel, .requeue, .pause, .remove, .edit, .restore:
                unanswered.append(pending.action)
            default: break
            }
        } else if let worker = pending.worker {
            workers[worker].learn(pending.action, answer)
        }
    }

    private mutating func passTime() {
        let lease = profile.leaseMs
        switch roll(1000) {
        case ..<300: break
        case ..<980: now += roll(lease / 8)
        case ..<990: now += range(lease / 2...lease * 4)
        case ..<992: now += roll(2) == 0 ? 3_600_000 : -3_600_000
        case ..<994: now -= roll(2_000)
        case ..<996 where profile.hasLongJumps: jump()
        default: now += 1
        }
    }

    /// Days ahead, or to 2040 by a broken clock and back.
    private mutating func jump() {
        if now >= Self.year2040 {
            now = regularNow
        } else if roll(3) == 0 {
            regularNow = now
            now = Self.year2040 + roll(1000)
        } else {
            now += ModelQueue.day * pick([1, 8, 400])
        }
    }

    /// The weights: every script often enough to meet each of its branches.
    private mutating func draw(_ worker: Int, _ queue: ModelQueue) -> (Action, Int?) {
        if !unanswered.isEmpty, chance(30) { return (unanswered.removeFirst(), nil) }
        switch roll(1000) {
        case ..<25: return (.groups(name: pick([nil, nil, "n", "n-", "?"]), limit: pick([1, 2, 200])), nil)
        case ..<51: return (search(queue), nil)
        case ..<76: return (restore(queue), nil)
        case ..<160: return (enqueue(queue), nil)
        case ..<180: return (drop(), nil)
        case ..<215: return (intake(queue), nil)
        case ..<248: return (join(worker, queue), worker)
        case ..<375: return (claim(worker, queue), worker)
        case ..<448: return (beat(worker, queue), worker)
        case ..<607:
            let settler = settler()
            return (settle(settler, queue), settler)
        case ..<652: return (.promote(limit: pick([1, 2, 3, 1000])), nil)
        case ..<709: return (recover(worker, queue), worker)
        case ..<748: return (.cancel(ids(1...3, queue)), nil)
        case ..<789: return (requeue(queue), nil)
        case ..<824: return (.prune(limit: pick([1, 2, 500, 500])), nil)
        case ..<854: return (.inspect(ids(1...4, queue), full: chance(70)), nil)
        case ..<884: return (.snapshot, nil)
        case ..<908: return (pause(queue), nil)
        case ..<932: return (remove(queue), nil)
        case ..<958: return (edit(queue), nil)
        case ..<982: return (list(queue), nil)
        case ..<991: return (configure(queue), nil)
        case ..<995: return (.watch(ms: pick([1, 10_000, 60_000])), nil)
        case ..<999: return (.takeWake, nil)
        default: return roll(3) == 0 ? (.flush, nil) : (.takeWake, nil)
        }
    }

    // MARK: - Things by name

    /// An id; mostly one that there is.
    mutating func id(_ queue: ModelQueue) -> String {
        for _ in 0..<3 {
            let id = pick(Self.pool)
            if queue.jobs[id] != nil { return id }
        }
        return roll(10) == 0 ? "inbox:\(max(1, entries - roll(4)))-0" : pick(Self.pool)
    }

    /// Different ids.
    mutating func ids(_ count: ClosedRange<Int>, _ queue: ModelQueue) -> [String] {
        var ids: [String] = []
        for _ in 0..<range(count) {
            let id = id(queue)
            if !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    /// Numbers from a small range collide, large ones find the end of the range of tokens.
    mutating func incarnation() -> Int { roll(4) == 0 ? 1 << 25 - 1 - roll(3) : range(1...12) }
}
