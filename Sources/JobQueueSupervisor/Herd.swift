/// What a supervisor does with its processes: a value that is told what happened, and answers what is to be done. Times are
/// milliseconds on any clock that does not step.
struct Herd {
    struct Rules: Sendable {
        /// A process is not started before the one before it is at work, or has had so long for that.
        var startPatience = 5_000
        /// The wait before a process is started again that ended without being told to: doubles from the first to the last.
        var firstPause = 100
        var lastPause = 30_000
        /// After so long at work, earlier failures are forgotten.
        var calm = 10_000
        /// A process whose heart has stood still for so long is killed.
        var hangAfter = 60_000
        /// Processes for suspects, at most. Each runs one at a time, with nothing beside it.
        var loners = 2
        /// How long a process goes on that was to be replaced and cannot be.
        var spare = 30_000
        /// The wait after one of them could not begin.
        var loneTrouble = 30_000
        /// So long without a turn, the supervisor itself stood still.
        var standstill = 2_000
        /// A process is replaced after so many runs, or a little earlier, so that not all are replaced at once; 0 never.
        var maxJobs = 0
        /// A process is replaced when it has more resident memory, bytes; 0 never.
        var maxMemory = 0
        /// One that ends in order by itself is not started again.
        var isFinite = false

        init() {}
    }

    enum Action: Equatable {
        case start(Int)
        /// In order.
        case stop(Int, Reason)
        case kill(Int)
    }

    enum Reason: Equatable {
        case shutdown, renewal, shrinking
        case jobs(Int)
        case memory(Int)

        /// Nobody asked for it: it may as well be later.
        var isForHealth: Bool {
            switch self {
            case .jobs, .memory: true
            case .shutdown, .renewal, .shrinking: false
            }
        }
    }

    /// What is seen of a process that lives.
    struct Sighting: Equatable {
        /// Changes while its heart turns.
        var pulse = 0
        /// It is a member of its queues.
        var isReady = false
        /// Runs that have ended.
        var ended = 0
        /// Resident memory, bytes.
        var memory = 0
        /// It runs something.
        var isBusy = false
    }

    private enum Stage: Equatable {
        case waiting(until: Int)
        case starting(since: Int)
        case working(since: Int)
        /// It was told to stop. Early: too soon for its end to be in order.
        case ending(early: Bool)
        /// It is killed. That is a failure: it may hang again.
        case killed
    }

    private struct Place {
        var stage: Stage
        var failures = 0
        var pulse = 0
        var pulseAt = 0
        var jobLimit = 0
        /// It is not replaced for its health before.
        var spareUntil = 0
        /// Not started again.
        var isLast = false
        /// It is there for suspects, as long as there are some.
        var isLoner = false

        var isEnding: Bool { if case .ending = stage { true } else { false } }
    }

    private var rules: Rules
    private var places: [Int: Place] = [:]
    private var lastIndex = -1
    /// To be replaced, one after the other.
    private var renewals: [Int] = []
    private(set) var isStopping = false
    /// Nobody claims jobs any more, so nobody is started.
    private(set) var isQuiet = false
    private var lastTurn: Int?
    /// No process for suspects is wanted before.
    private var lonersFrom = 0

    init(_ processes: Int, _ rules: Rules, now: Int) {
        self.rules = rules
        for _ in 0..<processes { grow(now: now) }
    }

    /// A process is at work.
    var isAtWork: Bool { places.values.contains { if case .working = $0.stage { true } else { false } } }
    /// There are no processes, and there will be none.
    var isOver: Bool { places.isEmpty }
    /// How many there are to be.
    var size: Int { places.values.count { !$0.isLast } }

    // MARK: What happened

    /// One turn. `random` (0..<1) spreads restarts and replacements.
    mutating func turn(now: Int, _ sightings: [Int: Sighting], random: () -> Double) -> [Action] {
        // When everything stood still, the processes did as well: that is no reason to kill them.
        let gap = lastTurn.map { now - $0 } ?? 0
        if gap > rules.standstill { for index in places.keys { places[index]?.pulseAt += gap } }
        lastTurn = now
        var actions: [Action] = []
        for index in places.keys.sorted() { actions += look(at: index, now, sightings[index], random) }
        if let index = nextToStart(now) {
            places[index]?.stage = .starting(since: now)
            places[index]?.pulseAt = now
            actions.append(.start(index))
        }
        if let index = nextToRenew() {
            places[index]?.stage = .ending(early: false)
            actions.append(.stop(index, .renewal))
        }
        return actions
    }

    /// A process has ended, or could not be started. `inOrder`: with status 0. `hasBegun`: it had come to work.
    mutating func ended(
        _ index: Int, inOrder: Bool, hasBegun: Bool = true, now: Int, random: () -> Double
    ) {
        guard var place = places[index] else { return }
        renewals.removeAll { $0 == index }
        let hasFinished = rules.isFinite && inOrder && !place.isEnding
        if place.isLoner, !inOrder, !hasBegun { lonersFrom = now + rules.loneTrouble }
        if isStopping || place.isLast || hasFinished {
            places[index] = nil
            return
        }
        var pause = 0
        switch place.stage {
        case .ending(early: false): break
        case .working(let since) where now - since >= rules.calm: place.failures = 0
        default:
            place.failures += 1
            let longest = min(rules.lastPause, rules.firstPause << min(place.failures - 1, 20))
            pause = longest / 2 + Int(Double(longest / 2) * random())
        }
        place.stage = .waiting(until: now + pause)
        places[index] = place
    }

    // MARK: What is wanted

    /// No process is started again. Answers who is to stop.
    mutating func stop() -> [Action] {
        isStopping = true
        for (index, place) in places {
            if case .waiting = place.stage { places[index] = nil }
        }
        return places.keys.sorted().map { index in
            places[index]?.stage = .ending(early: false)
            return .stop(index, .shutdown)
        }
    }

    /// One process more.
    mutating func grow(now: Int) {
        guard !isStopping else { return }
        lastIndex += 1
        places[lastIndex] = Place(stage: .waiting(until: now))
    }

    /// One process less, the youngest, but the last one stays.
    mutating func shrink() -> [Action] {
        guard size > 1, let index = places.filter({ !$0.value.isLast }).keys.max() else { return [] }
        if case .waiting = places[index]?.stage {
            places[index] = nil
            return []
        }
        places[index]?.isLast = true
        places[index]?.stage = .ending(early: false)
        return [.stop(index, .shrinking)]
    }

    /// So many suspects wait, beside those that run.
    mutating func note(suspects: Int, now: Int, _ sightings: [Int: Sighting]) {
        guard !isStopping, !isQuiet, !rules.isFinite, now >= lonersFrom else { return }
        let loners = places.filter { $0.value.isLoner }
        let busy = loners.keys.count { sightings[$0]?.isBusy ?? false }
        guard suspects > 0, loners.count < min(rules.loners, busy + suspects) else { return }
        lastIndex += 1
        places[lastIndex] = Place(stage: .waiting(until: now), isLast: true, isLoner: true)
    }

    /// Whether a process is one for suspects.
    func isLoner(_ index: Int) -> Bool { places[index]?.isLoner ?? false }

    /// Every process is to be replaced, each when the one before it is at work again.
    mutating func renew() { if !isStopping, !isQuiet { renewals = places.keys.filter { !isLoner($0) }.sorted() } }

    /// Other rules. A process that is at work keeps its number of jobs.
    mutating func adopt(_ rules: Rules) { self.rules = rules }

    /// A process that was to be replaced for its health goes on for a while.
    mutating func spare(_ index: Int, now: Int) {
        places[index]?.stage = .working(since: now)
        places[index]?.spareUntil = now + rules.spare
    }

    /// No process is started again, and none is replaced.
    mutating func quiet() {
        isQuiet = true
        renewals = []
    }

    // MARK: Decisions

    private mutating func look(at index: Int, _ now: Int, _ sighting: Sighting?, _ random: () -> Double) -> [Action] {
        guard var place = places[index], let sighting else { return [] }
        defer { if places[index] != nil { places[index] = place } }
        if sighting.pulse != place.pulse {
            place.pulse = sighting.pulse
            place.pulseAt = now
        }
        if case .starting = place.stage, sighting.isReady {
            place.stage = .working(since: now)
            // Between nine tenths and all of them.
            place.jobLimit = rules.maxJobs - Int(Double(rules.maxJobs / 10) * random())
        }
        let since: Int
        switch place.stage {
        case .starting, .working:
            // One that never gets to work hangs as well.
            if now - place.pulseAt >= rules.hangAfter {
                place.stage = .killed
                return [.kill(index)]
            }
            guard case .working(let begin) = place.stage else { return [] }
            since = begin
        default: return []
        }
        if place.isLoner || isQuiet || now < place.spareUntil { return [] }
        if rules.maxJobs > 0, place.jobLimit > 0, sighting.ended >= place.jobLimit {
            place.stage = .ending(early: false)
            return [.stop(index, .jobs(sighting.ended))]
        }
        if rules.maxMemory > 0, sighting.memory > rules.maxMemory {
            // A limit below what it takes at its start would be exceeded again at once.
            place.stage = .ending(early: now - since < rules.calm)
            return [.stop(index, .memory(sighting.memory))]
        }
        return []
    }

    private func nextToStart(_ now: Int) -> Int? {
        let isBusy = places.values.contains { place in
            if case .starting(let since) = place.stage { now - since < rules.startPatience } else { false }
        }
        if isBusy || isQuiet { return nil }
        return places.keys.sorted().first { index in
            if case .waiting(let until) = places[index]?.stage { until <= now } else { false }
        }
    }

    private mutating func nextToRenew() -> Int? {
        guard let next = renewals.first else { return nil }
        let areAllAtWork = places.values.allSatisfy { place in
            if place.isLoner { true } else if case .working = place.stage { true } else { false }
        }
        guard areAllAtWork else { return nil }
        renewals.removeFirst()
        return next
    }
}
