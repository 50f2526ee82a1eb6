import JobModel
import JobQueueExec
import JobQueueWorker
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Where the supervisor's one task decides: it hears what happened, asks the herd, and says what is to be done.
struct Desk {
    private struct Kin {
        var board: Board
        /// Nil until it runs.
        var companion: Companion?
        var isStopped = false
        var isHung = false
        var isQuiet = false
        /// By a third signal.
        var isKilled = false
    }

    private let configuration: Supervisor.Configuration
    private let check: @Sendable () -> Supervisor.Check
    private let announce: @Sendable (Supervisor.Notice) -> Void
    private let logger: Logger
    private let start = ContinuousClock.now
    private(set) var herd: Herd
    private var kin: [Int: Kin] = [:]
    /// Of a process that is started now.
    private var slots: Int
    /// How often it was told to stop.
    private var stops = 0
    /// To exit with.
    private(set) var status: Int32 = 0

    init(
        _ configuration: Supervisor.Configuration, check: @escaping @Sendable () -> Supervisor.Check,
        announce: @escaping @Sendable (Supervisor.Notice) -> Void, logger: Logger
    ) {
        self.configuration = configuration
        self.check = check
        self.announce = announce
        slots = configuration.slots
        self.logger = logger
        var rules = Herd.Rules()
        rules.maxJobs = configuration.maxJobs
        rules.maxMemory = configuration.maxMemoryBytes
        rules.isFinite = configuration.isBurst || configuration.endsIdle
        rules.hangAfter = Self.milliseconds(configuration.hangAfter)
        herd = Herd(configuration.processes, rules, now: 0)
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) * 1000 + Int(duration.components.attoseconds / 1_000_000_000_000_000)
    }

    private var now: Int { Self.milliseconds(ContinuousClock.now - start) }
    private func random() -> Double { .random(in: 0..<1) }

    mutating func hear(_ event: Supervisor.Event) -> [Supervisor.Errand] {
        switch event {
        case .turn:
            if herd.isAtWork { announce(.live) }
            if herd.isQuiet { hush() }
            return carry(out: herd.turn(now: now, sightings, random: random))
        case .suspects(let count):
            herd.note(suspects: count, now: now, sightings)
            return []
        case .signal(let number): return hear(signal: number)
        case .started(let index, let companion): return started(index, companion)
        case .ended(let index, let end, let problem): return ended(index, end, problem)
        }
    }

    // MARK: Processes

    private var sightings: [Int: Herd.Sighting] {
        kin.compactMapValues { kin in
            guard let companion = kin.companion else { return nil }
            var sighting = Herd.Sighting()
            sighting.pulse = kin.board.pulse
            sighting.isReady = sighting.pulse > 0
            sighting.isBusy = kin.board.busy > 0
            if configuration.maxJobs > 0 { sighting.ended = kin.board.ended }
            if configuration.maxMemoryBytes > 0 { sighting.memory = ResidentMemory.bytes(of: companion.pid) }
            return sighting
        }
    }

    private mutating func carry(out actions: [Herd.Action]) -> [Supervisor.Errand] {
        actions.compactMap { action in
            switch action {
            case .start(let index): return begin(index)
            case .stop(let index, let reason):
                kin[index]?.isStopped = true
                guard let companion = kin[index]?.companion else { return nil }
                if let text = Self.text(reason) { note("worker process is to end: \(text)", index, "process.ending") }
                return .stop(companion)
            case .kill(let index):
                kin[index]?.isHung = true
                hung(index)
                kin[index]?.companion?.signal(SIGKILL)
                return nil
            }
        }
    }

    private mutating func begin(_ index: Int) -> Supervisor.Errand? {
        let isLoner = herd.isLoner(index)
        guard let board = Board(slots: isLoner ? 1 : slots, onlySuspects: isLoner) else {
            logger.error("no memory or descriptor for a worker process", metadata: ["event": "process.refused"])
            herd.ended(index, inOrder: false, hasBegun: false, now: now, random: random)
            return nil
        }
        kin[index] = Kin(board: board)
        return .start(index, board)
    }

    private mutating func started(_ index: Int, _ companion: Companion) -> [Supervisor.Errand] {
        kin[index]?.companion = companion
        let purpose = herd.isLoner(index) ? ", for jobs that have to run alone" : ""
        note("worker process started\(purpose)", index, "process.started")
        guard kin[index]?.isStopped == true else { return [] }
        // It was told to end before it was there.
        press(index)
        return [.stop(companion)]
    }

    private mutating func ended(_ index: Int, _ end: Companion.End?, _ problem: String) -> [Supervisor.Errand] {
        let kin = kin.removeValue(forKey: index)
        let isInOrder = end?.code == 0
        // In burst mode one that says why it cannot work would say so for ever. 70: what it ran was to blame.
        let isFinal = configuration.isBurst && end?.code.map { $0 != 70 } ?? false
        let hasBegun = kin.map { $0.board.pulse > 0 } ?? false
        herd.ended(index, inOrder: isInOrder || isFinal, hasBegun: hasBegun, now: now, random: random)
        guard let kin, let end else {
            logger.error("a worker process cannot be started: \(problem)", metadata: ["event": "process.refused"])
            return []
        }
        let pid = kin.companion?.pid ?? 0
        let words = kin.isHung ? "killed by its supervisor, because its heart stood still" : end.cause
        let wasStopped = kin.isKilled || (kin.isStopped && Self.isOrderly(end))
        logger.log(
            level: isInOrder || wasStopped ? .info : .error, "worker process ended: \(words)\(end.peak)",
            metadata: ["event": "process.ended", "process": .stringConvertible(index), "pid": .stringConvertible(pid)])
        if isFinal, !kin.isStopped, status == 0 { status = Int32(end.code ?? 0) }
        // One that had not come so far as to listen dies of TERM.
        if herd.isStopping, end.wasKilled { status = 1 }
        if kin.isKilled { status = 130 }
        let tail = end.errors.isEmpty ? "" : "; its last lines:\n\(end.errors)"
        let error = RunError(type: "ProcessDied", "the worker process \(pid) died: \(words)\(end.peak)\(tail)")
        let cause = Autopsy.Cause(error: error, wasStopped: wasStopped)
        return [.bury(index, kin.board, cause, herd.isStopping ? .seconds(5) : .seconds(60))]
    }

    /// Whether being told to stop explains the end: what dies of something else meanwhile, has died of that.
    static func isOrderly(_ end: Companion.End) -> Bool {
        if end.wasKilled { return true }
        if let code = end.code { return code == 0 || code == 70 }
        return end.signal == Int(SIGTERM) || end.signal == Int(SIGINT)
    }

    /// What ran when it was seen last is named before it is killed.
    private func hung(_ index: Int) {
        guard let kin = kin[index] else { return }
        let jobs = kin.board.read().runs.prefix(10).map(\.id).joined(separator: ",")
        logger.critical(
            "a worker process hangs, and is killed",
            metadata: [
                "event": "process.hung", "process": .stringConvertible(index),
                "pid": .stringConvertible(kin.companion?.pid ?? 0), "jobs": "\(jobs)",
            ])
    }

    // MARK: Signals

    private mutating func hear(signal number: Int32) -> [Supervisor.Errand] {
        switch number {
        case SIGUSR1:
            report()
            return []
        case SIGTTIN:
            herd.grow(now: now)
            logger.info(
                "one process more", metadata: ["event": "process.more", "processes": .stringConvertible(herd.size)])
            return []
        case SIGTTOU:
            let errands = carry(out: herd.shrink())
            logger.info(
                "one process less", metadata: ["event": "process.less", "processes": .stringConvertible(herd.size)])
            return errands
        case SIGHUP where configuration.reloads:
            announce(.reloading)
            renew()
            announce(.reloaded)
            return []
        case SIGTSTP:
            quiet()
            return []
        default: return stop(number)
        }
    }

    /// The first signal ends the processes in order; the second makes them give back what they run; the third kills them.
    private mutating func stop(_ number: Int32) -> [Supervisor.Errand] {
        stops += 1
        announce(.stopping)
        logger.info(
            "received \(SignalName.of(Int(number)))",
            metadata: ["event": "worker.stopping", "count": .stringConvertible(stops)])
        if stops == 1 { return carry(out: herd.stop()) }
        for index in kin.keys { press(index) }
        return []
    }

    /// INT, because a service manager may send TERM to all processes at once, which says nothing about patience.
    private mutating func press(_ index: Int) {
        if stops == 2 { kin[index]?.companion?.signal(SIGINT) }
        guard stops > 2 else { return }
        kin[index]?.isKilled = true
        kin[index]?.companion?.signal(SIGKILL)
    }

    /// The processes finish what they have, and stay. No others are started in their place.
    private mutating func quiet() {
        logger.info("received SIGTSTP: no more jobs are claimed", metadata: ["event": "worker.quiet"])
        herd.quiet()
    }

    /// Only those that listen already: others would stand still until somebody continues them.
    private mutating func hush() {
        for (index, child) in kin where !child.isQuiet && child.board.pulse > 0 {
            kin[index]?.isQuiet = true
            child.companion?.signal(SIGTSTP)
        }
    }

    private mutating func renew() {
        switch check() {
        case .fine(let slots): self.slots = slots
        case .wrong(let problem):
            return logger.error(
                "received HUP: the configuration is wrong, and the processes stay as they are: \(problem)",
                metadata: ["event": "config.refused"])
        }
        logger.info("received HUP: the processes are replaced one by one", metadata: ["event": "config.reloaded"])
        herd.renew()
    }

    private func report() {
        for (index, kin) in kin.sorted(by: { $0.key < $1.key }) {
            let reading = kin.board.read()
            logger.info(
                "worker process",
                metadata: [
                    "event": "process.state", "process": .stringConvertible(index),
                    "pid": .stringConvertible(kin.companion?.pid ?? 0),
                    "ended_runs": .stringConvertible(kin.board.ended),
                    "jobs": "\(reading.runs.prefix(20).map(\.id).joined(separator: ","))",
                ])
        }
    }

    private func note(_ text: String, _ index: Int, _ event: String) {
        logger.info(
            "\(text)",
            metadata: [
                "event": "\(event)", "process": .stringConvertible(index),
                "pid": .stringConvertible(kin[index]?.companion?.pid ?? 0),
            ])
    }

    private static func text(_ reason: Herd.Reason) -> String? {
        switch reason {
        case .shutdown: nil
        case .renewal: "it is replaced"
        case .shrinking: "there is to be one less"
        case .jobs(let count): "it has run \(count) jobs"
        case .memory(let bytes): "it has \(bytes) bytes of resident memory"
        }
    }
}
