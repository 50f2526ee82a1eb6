import JobModel
import JobStore

/// One queue as plain dictionaries: its rules told a second time, without Redis and without the scripts' words.
///
/// Every operation is a function of the state, its arguments and the time, and answers what the store must answer.
/// A job is one entry of one dictionary, so nothing here can be in two states, and nothing can outlive its job.
struct ModelQueue: Equatable, Sendable {
    var jobs: [String: ModelJob] = [:]
    var remembered: [String: Memory] = [:]
    /// Incarnation → deadline in ms. Negative: condemned, and until when its recoverer has it.
    var leases: [Int: Int] = [:]
    var about: [Int: String] = [:]
    /// Incarnation → last claim number.
    var claims: [Int: Int] = [:]
    /// Oldest first.
    var inbox: [InboxItem] = []
    var meta = ModelMeta()
    /// What the totals were, oldest first.
    var samples: [Sample] = []
    /// The hint "look here" is set.
    var isAwake = false

    /// What is remembered of an id although its job may be gone.
    struct Memory: Equatable, Sendable {
        var digest: String
        var until: Int
    }

    struct Sample: Equatable, Sendable {
        var at: Int
        var text: String
    }

    struct InboxItem: Equatable, Sendable {
        var entry: String
        var envelope: String
    }
}

struct ModelJob: Equatable, Sendable {
    /// Empty: a record above the limit, which only remembers the id.
    var envelope: String
    var state: JobState
    var priority: Int
    /// By state: the place in line within the priority, the due ms, the token, or the ms to forget it at.
    var at: Int
    var record: String?
    var result: String?
    /// Slot → entry.
    var errors: [Int: String] = [:]
    var isAsked = false
    /// Of what it died and when, while it is dead.
    var cause: String?

    static let forever = Int.max

    /// The score in the state's index.
    var score: Int {
        switch state {
        case .queued: priority << 49 + 1 << 48 + at
        case .scheduled, .retrying, .blocked, .suspect: at * 10 + priority
        case .running, .succeeded, .dead, .cancelled: at
        }
    }

    mutating func move(to state: JobState, priority: Int = 0, at: Int) {
        self.state = state
        cause = nil
        self.priority = priority
        self.at = at
    }
}

/// The numbers kept for the queue as a whole; nil is absent.
struct ModelMeta: Equatable, Sendable {
    enum Field: Int, CaseIterable, Sendable {
        case format, born, leaseMs, sequence, front, epoch, paused, pausedAt
        case tick, grace, `guard`, calm, sampled, watched
        case limitWaiting, limitIdem, limitSucceeded
        case enqueued, requeued, released, retried, suspected, succeeded, dead, cancelled, forgotten, removed

        /// As stored: `lease_ms`.
        static let names = allCases.map { field in
            "\(field)".map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
        }
        var name: String { Self.names[rawValue] }
    }

    /// Who paused the queue, and why.
    var pauseNote: PauseCall?

    private var values = [Int?](repeating: nil, count: Field.allCases.count)

    subscript(field: Field) -> Int? {
        get { values[field.rawValue] }
        set { values[field.rawValue] = newValue }
    }

    /// Adds to a total.
    mutating func count(_ field: Field, _ number: Int = 1) {
        values[field.rawValue] = (values[field.rawValue] ?? 0) + number
    }

    var leaseMs: Int { self[.leaseMs] ?? 30_000 }
    var isPaused: Bool { self[.paused] == 1 }
}

// MARK: - Questions

extension ModelQueue {
    func count(_ state: JobState) -> Int {
        var count = 0
        for job in jobs.values where job.state == state { count += 1 }
        return count
    }

    /// The ids of a state by score; equal ones by name.
    func ids(_ state: JobState) -> [String] {
        var found: [(score: Int, id: String)] = []
        for (id, job) in jobs where job.state == state { found.append((job.score, id)) }
        found.sort { $0.score == $1.score ? $0.id < $1.id : $0.score < $1.score }
        return found.map(\.id)
    }

    /// The smallest `at` of a state: of those that wait for a time, when the earliest is due.
    func earliest(_ state: JobState) -> Int? {
        var least: Int?
        for job in jobs.values where job.state == state { least = min(job.at, least ?? .max) }
        return least
    }

    /// When the next job that waits for its time is due.
    var nextDue: Int? {
        switch (earliest(.scheduled), earliest(.retrying)) {
        case (let a?, let b?): min(a, b)
        case (let a, let b): a ?? b
        }
    }

    /// What an incarnation holds, by token; equal ones by name.
    func held(by incarnation: Int) -> [String] {
        ids(.running).filter { Token(jobs[$0]!.at).incarnation.number == incarnation }
    }

    /// How many more jobs may wait.
    var room: Int {
        guard let limit = meta[.limitWaiting] else { return .max }
        return limit - count(.queued) - count(.scheduled) - count(.retrying)
    }

    /// Incarnations by deadline; equal ones by name, as Redis orders names.
    var leasesByDeadline: [(incarnation: Int, deadline: Int)] {
        leases.map { (incarnation: $0.key, deadline: $0.value) }.sorted {
            $0.deadline == $1.deadline ? "\($0.incarnation)" < "\($1.incarnation)" : $0.deadline < $1.deadline
        }
    }
}

// MARK: - The clock

extension ModelQueue {
    /// Every nine seconds the totals are written down, and all is forgotten when the clock goes back.
    mutating func sample(now: Int) {
        let passed = now - (meta[.sampled] ?? -9000)
        if abs(passed) < 9000 { return }
        if passed < 0 { samples = [] }
        let totals: [ModelMeta.Field] = [.enqueued, .requeued, .succeeded, .retried, .dead, .cancelled]
        let text = ([now] + totals.map { meta[$0] ?? 0 }).map(String.init).joined(separator: " ")
        samples = (samples + [Sample(at: now, text: text)]).suffix(110)
        meta[.sampled] = now
    }

    static let day = 86_400_000
    static let calmEnough = 600_000

    /// Whoever acts on the passing of time looks first whether it passed as it should. Answers whether it did.
    @discardableResult
    mutating func tick(now: Int) -> Bool {
        guard let last = meta[.tick] else {
            meta[.tick] = now
            return true
        }
        let passed = now - last
        let isRegular = passed >= -1000 && passed * 2 <= meta.leaseMs
        if isRegular {
            guard passed > 0 else { return true }
            meta[.calm] = min((meta[.calm] ?? 0) + passed, Self.calmEnough)
        } else {
            meta[.calm] = abs(passed) >= Self.day ? 0 : meta[.calm] ?? 0
            meta[.guard] = now
            meta[.grace] = now + meta.leaseMs
            if passed < 0 { pullLeases(now: now) }
        }
        meta[.tick] = now
        return isRegular
    }

    /// The clock went back: no lease may last longer than a fresh one, and no recoverer keeps what it condemned.
    private mutating func pullLeases(now: Int) {
        for (incarnation, deadline) in leases {
            leases[incarnation] = deadline < 0 ? -now : min(deadline, now + meta.leaseMs)
        }
    }
}
