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
    struct Kin {
        var board: Board
        /// Nil until it runs.
        var companion: Companion?
        var isStopped = false
        var isHung = false
        var isQuiet = false
        /// By a third signal.
        var isKilled = false
    }

    var configuration: Supervisor.Configuration
    let check: @Sendable () -> Supervisor.Check
    let announce: @Sendable (Supervisor.Notice) -> Void
    let metrics: HerdMetrics?
    let logger: Logger
    private let start = ContinuousClock.now
    var herd: Herd
    var kin: [Int: Kin] = [:]
    /// A process has been at work: from then on this process gives signs of life, whatever becomes of the others.
    private var wasAtWork = false
    /// Asked, and not answered yet.
    private var isLooking = false
    private var nextLook = 0
    /// How often it was told to stop.
    var stops = 0
    /// To exit with.
    private(set) var status: Int32 = 0

    init(
        _ configuration: Supervisor.Configuration, check: @escaping @Sendable () -> Supervisor.Check,
        announce: @escaping @Sendable (Supervisor.Notice) -> Void, metrics: HerdMetrics? = nil, logger: Logger
    ) {
        self.configuration = configuration
        self.check = check
        self.announce = announce
        self.metrics = metrics
        self.logger = logger
        herd = Herd(configuration.processes, Self.rules(configuration), now: 0)
    }

    static func rules(_ configuration: Supervisor.Configuration) -> Herd.Rules {
        var rules = Herd.Rules()
        rules.maxJobs = configuration.maxJobs
        rules.maxMemory = configuration.maxMemoryBytes
        rules.isFinite = configuration.isBurst || configuration.endsIdle
        rules.hangAfter = milliseconds(configuration.hangAfter)
        return rules
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds) * 1000 + Int(duration.components.attoseconds / 1_000_000_000_000_000)
    }

    var now: Int { Self.milliseconds(ContinuousClock.now - start) }
    private func random() -> Double { .random(in: 0..<1) }

    mutating func hear(_ event: Supervisor.Event) -> [Supervisor.Errand] {
        switch event {
        case .turn:
            wasAtWork = wasAtWork || herd.isAtWork
            if wasAtWork { announce(.live) }
            if herd.isQuiet { hush() }
            return carry(out: herd.turn(now: now, sightings, random: random)) + look()
        case .suspects(let count):
            isLooking = false
            if let count { herd.note(suspects: count, now: now, sightings) }
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

    mutating func carry(out actions: [Herd.Action]) -> [Supervisor.Errand] {
        actions.compactMap { action in
            switch action {
            case .start(let index): return begin(index)
            case .stop(let index, let reason):
                if reason.isForHealth, spares(index) { return nil }
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
        // It reads the configuration for itself: with a wrong one it would end at once, with another Redis it would be lost
        // to this process. In burst mode its own status is the answer.
        if !configuration.isBurst, case .wrong(let problem) = check() {
            return refuse(index, "wrong configuration: \(problem)")
        }
        guard let board = Board(slots: isLoner ? 1 : configuration.slots, onlySuspects: isLoner) else {
            return refuse(index, "no memory or descriptor is left")
        }
        kin[index] = Kin(board: board)
        metrics?.began(index, board)
        return .start(index, board, configuration.grace)
    }

    private mutating func refuse(_ index: Int, _ problem: String) -> Supervisor.Errand? {
        logger.error("a worker process cannot be started: \(problem)", metadata: ["event": "process.refused"])
        herd.ended(index, inOrder: false, hasBegun: false, now: now, random: random)
        return nil
    }

    /// Whether a process is kept that should be replaced, because its successor could not work.
    private mutating func spares(_ index: Int) -> Bool {
        guard case .wrong(let problem) = check() else { return false }
        herd.spare(index, now: now)
        logger.error(
            "a worker process is not replaced, because the configuration is wrong: \(problem)",
            metadata: ["event": "config.refused", "process": .stringConvertible(index)])
        return true
    }

    /// Once a second, how many jobs wait that have to run alone.
    private mutating func look() -> [Supervisor.Errand] {
        guard wasAtWork, !configuration.isBurst, !configuration.endsIdle, !isLooking, now >= nextLook else { return [] }
        isLooking = true
        nextLook = now + Int.random(in: 800...1200)
        return [.lookForSuspects(configuration.queues)]
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
        metrics?.ended(index)
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
