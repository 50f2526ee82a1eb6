import JobModel
import JobStore

// What the keys change: which jobs are meant, whether that can be, and what is asked before.

extension DashState {
    mutating func change(_ key: Character) -> [DashEffect] {
        if look.isReadOnly {
            notice = Notice(text: "read-only: nothing is changed here", isError: true)
            return []
        }
        switch (screen, key) {
        case (.overview, "p"), (.queues, "p"): return pause()
        case (.overview, "D"), (.queues, "D"): return purge()
        case (.workers, "Q"): return tell(.quiet, "quiet")
        case (.workers, "R"): return tell(.work, "resume")
        case (.workers, "K"): return tell(.stop, "stop")
        case (_, "E"): return edit()
        case (.dead, "R") where askForGroups("requeue", DashAction.requeueGroups): return []
        case (.dead, "D") where askForGroups("delete", DashAction.deleteGroups): return []
        case (_, "R"): return again()
        case (_, "K"):
            return ask(
                "cancel", DashAction.cancel, unless: { $0.isFinal ? "\($0.rawValue): there is nothing to cancel" : nil }
            )
        case (_, "D"):
            return ask(
                "delete", DashAction.delete, unless: { $0 == .running ? "running: cancel it first, with K" : nil })
        default: return []
        }
    }

    // MARK: Queues

    private var currentQueue: InfoReport.Queue? { report?.queues.first { $0.name == current?.queue } }

    private mutating func pause() -> [DashEffect] {
        guard let queue = currentQueue else { return [] }
        prompt =
            queue.isPaused
            ? .sure("let workers go on with \(queue.name)?", .resume(queue: queue.name))
            : .reason(queue: queue.name, "")
        return []
    }

    private mutating func purge() -> [DashEffect] {
        guard let queue = currentQueue else { return [] }
        guard queue.queued > 0 else {
            notice = Notice(text: "no queued jobs in \(queue.name)")
            return []
        }
        prompt = .typed(
            "delete \(Quantity.of(queue.queued, "queued job")) of \(queue.name), for good?", word: queue.name,
            .purge(queue: queue.name), "")
        return []
    }

    // MARK: Workers

    /// Quiet can be taken back, so for one worker it is not asked for; an end cannot.
    private mutating func tell(_ order: WorkerOrder, _ verb: String) -> [DashEffect] {
        let targets = targets.map(\.id)
        guard let first = targets.first else { return [] }
        let action = DashAction.tell(order, targets)
        if targets.count > 1 {
            prompt = .typed("\(verb) \(targets.count) workers?", word: "\(targets.count)", action, "")
        } else if report?.workers.contains(where: { $0.id == first && $0.state == .lost }) == true {
            notice = Notice(text: "\(first) is lost: it hears nothing", isError: true)
        } else if order == .stop {
            prompt = .sure("\(verb) \(first), once its jobs have ended or their time is up?", action)
        } else {
            return [.perform(action)]
        }
        return []
    }

    // MARK: Jobs

    /// Those that an action is for: the marked ones, else the one in focus.
    private var targets: [JobRef] {
        switch screen {
        case .job(let ref): return [ref]
        case .jobs, .group, .workers:
            let marked = listing.keys.filter(marks.contains)
            return marked.isEmpty ? current.map { [$0] } ?? [] : marked
        case .dead: return wantedGroups.flatMap { $0.jobs.map(\.ref) }
        case .overview, .queues, .redis, .help, .log: return []
        }
    }

    /// On the screen of groups: the marked ones, else the one in focus.
    private var wantedGroups: [DeadGroup] {
        let marked = listing.keys.filter(marks.contains)
        let wanted = marked.isEmpty ? current.map { [$0] } ?? [] : marked
        return groups.filter { wanted.contains($0.key) }
    }

    /// Groups that the store knows are meant as a whole, not only those of their jobs that were read.
    private mutating func askForGroups(_ verb: String, _ action: ([JobRef]) -> DashAction) -> Bool {
        let groups = wantedGroups
        guard screen == .dead, !groups.isEmpty, !groups.contains(where: \.stored.isEmpty) else { return false }
        let count = groups.reduce(0) { $0 + $1.count }
        let places = groups.flatMap(\.stored).map { JobRef(queue: $0.queue, id: $0.group) }
        prompt = .typed("\(verb) \(Quantity.of(count, "job"))?", word: "\(count)", action(places), "")
        return true
    }

    /// The state that the targets were in when they were read.
    private var targetState: JobState? {
        switch screen {
        case .jobs: jobState
        case .dead, .group: .dead
        case .job: detail?.row.state
        case .overview, .queues, .workers, .redis, .help, .log: nil
        }
    }

    /// Another life for what has ended, and now for what waits for its time.
    private mutating func again() -> [DashEffect] {
        switch targetState {
        case .scheduled, .retrying, .suspect:
            return ask("run now", DashAction.runNow, asksForOne: false, unless: { _ in nil })
        default:
            return ask("requeue", DashAction.requeue, asksForOne: false) { state in
                switch state {
                case .dead, .cancelled: nil
                case .queued: "queued already"
                case .running: "running already"
                default: "\(state.rawValue): only dead and cancelled jobs are requeued"
                }
            }
        }
    }

    private mutating func edit() -> [DashEffect] {
        guard let state = targetState, let current, screen != .dead else { return [] }
        if state == .running || state == .succeeded {
            notice = Notice(text: "\(state.rawValue): it is too late to change it", isError: true)
            return []
        }
        return [.edit(current)]
    }

    /// One job is asked for with `y`, where it is asked for; many with their number.
    private mutating func ask(
        _ verb: String, _ action: ([JobRef]) -> DashAction, asksForOne: Bool = true,
        unless refusal: (JobState) -> String?
    ) -> [DashEffect] {
        let targets = targets
        guard let state = targetState, let first = targets.first else { return [] }
        if let why = refusal(state) {
            notice = Notice(text: why, isError: true)
            return []
        }
        if targets.count > 1 {
            let words = verb == "run now" ? "run \(targets.count) jobs now?" : "\(verb) \(targets.count) jobs?"
            prompt = .typed(words, word: "\(targets.count)", action(targets), "")
        } else if asksForOne {
            prompt = .sure("\(verb) \(first.id)?", action(targets))
        } else {
            return [.perform(action(targets))]
        }
        return []
    }
}
