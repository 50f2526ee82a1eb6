import JobModel
import JobStore

extension ModelQueue {
    /// A batch is the same as its jobs one after another; an atomic one with a refusal in it never was.
    mutating func enqueue(_ new: [NewJob], atomic: Bool, now: Int) -> Answer {
        let before = self
        let admissions = new.map { admit($0, now: now) }
        guard atomic, admissions.contains(where: \.isRefused) else { return .admissions(admissions) }
        self = before
        return .admissions(
            zip(new, admissions).map { job, admission in
                let isKnown = jobs[job.id] != nil || remembered[job.id] != nil
                return admission.isRefused || isKnown ? admission : .held
            })
    }

    /// Good entries become jobs, bad ones dead letters; what is not taken in stays where it is.
    mutating func intake(good: [(entry: String, job: NewJob)], bad: [QueueStore.BadEntry], now: Int) -> Answer {
        var answers: [Admission?] = []
        for (entry, job) in good {
            guard let index = inbox.firstIndex(where: { $0.entry == entry }) else {
                answers.append(nil)
                continue
            }
            let admission = admit(job, now: now)
            answers.append(admission)
            switch admission {
            case .created, .duplicate: inbox.remove(at: index)
            case .conflict, .full, .invalid, .held: break
            }
        }
        for entry in bad { bury(entry, now: now) }
        return .intake(answers)
    }

    private mutating func bury(_ bad: QueueStore.BadEntry, now: Int) {
        guard let index = inbox.firstIndex(where: { $0.entry == bad.entry }) else { return }
        let id = jobs[bad.id] == nil ? bad.id : "\(bad.id):\(now * 1000)"
        inbox.remove(at: index)
        begin(now: now)
        let end = Self.forget(after: bad.ttlMs, now)
        var job = ModelJob(envelope: text(bad.envelope), state: .dead, priority: 0, at: end)
        job.record = text(bad.record.encoded())
        job.errors[0] = text(bad.error.encoded())
        job.cause = Self.cause(bad.group, now)
        jobs[id] = job
        meta.count(.enqueued)
        meta.count(.dead)
    }

    private mutating func admit(_ job: NewJob, now: Int) -> Admission {
        let due = Self.moment(job.due, now)
        guard Names.isID(job.id), !job.envelope.isEmpty, due <= Due.latest else { return .invalid }
        let memory = remembered[job.id]
        if jobs[job.id] != nil || memory != nil {
            let state = jobs[job.id]?.state
            let isOther = !job.digest.isEmpty && memory.map { !$0.digest.isEmpty && $0.digest != job.digest } ?? true
            return isOther ? .conflict(state) : .duplicate(state)
        }
        if room < 1 { return .full }
        if job.rememberMs > 0, remembered.count >= meta[.limitIdem] ?? 2_000_000 { return .full }
        begin(now: now)
        var new = ModelJob(envelope: text(job.envelope), state: .scheduled, priority: job.priority.value, at: due)
        if due <= now { new.move(to: .queued, priority: new.priority, at: line()) }
        if new.state == .queued || new.score < earliestScore(.scheduled) { isAwake = true }
        jobs[job.id] = new
        if job.rememberMs > 0 { remembered[job.id] = Memory(digest: job.digest, until: now + job.rememberMs) }
        meta.count(.enqueued)
        return .created
    }

    /// The first job that is taken in makes the queue.
    private mutating func begin(now: Int) {
        sample(now: now)
        guard meta[.format] == nil else { return }
        meta[.format] = StoreScript.format
        meta[.born] = meta[.born] ?? now * 1000
    }

    /// The next place at the end of the line.
    mutating func line() -> Int {
        meta.count(.sequence)
        return meta[.sequence]!
    }

    func earliestScore(_ state: JobState) -> Int {
        var least = Int.max
        for job in jobs.values where job.state == state { least = min(least, job.score) }
        return least
    }

    static func moment(_ due: Due, _ now: Int) -> Int {
        switch due {
        case .now: now
        case .after(let ms): min(now + max(1, ms), Due.latest)
        case .at(let ms): max(1, ms)
        }
    }

    /// A group and a moment.
    static func cause(_ group: DeadGroup, _ now: Int) -> String {
        "\(group)/\(String(1_000_000_000_000_000 + now).dropFirst())"
    }

    static func forget(after ttl: Int, _ now: Int) -> Int { ttl < 0 ? ModelJob.forever : now + ttl }
}

extension Admission {
    fileprivate var isRefused: Bool {
        switch self {
        case .created, .duplicate, .held: false
        case .conflict, .full, .invalid: true
        }
    }
}

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
