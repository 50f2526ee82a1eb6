package import JobModel
package import JobStore

/// What fills the screen.
package enum Screen: Hashable, Sendable {
    case overview, queues, jobs, workers, dead, redis
    /// The jobs of one group of dead ones.
    case group(JobRef)
    case job(JobRef)
    case help, log

    /// Those that a number leads to.
    static let tabs: [Screen] = [.overview, .queues, .jobs, .workers, .dead, .redis]

    var title: String {
        switch self {
        case .overview: "Overview"
        case .queues: "Queues"
        case .jobs: "Jobs"
        case .workers: "Workers"
        case .dead: "Dead"
        case .redis: "Redis"
        case .group(let key): key.queue
        case .job(let ref): ref.id
        case .help: "Help"
        case .log: "Log"
        }
    }

    /// Screens of one kind share the column that they are sorted by.
    var kind: Screen {
        switch self {
        case .group: .group(JobRef(queue: "", id: ""))
        case .job: .job(JobRef(queue: "", id: ""))
        default: self
        }
    }
}

/// Where somebody is in a list.
package struct Focus: Equatable, Sendable {
    /// The row, from 0.
    package var row = 0
    /// What stands there: it is followed when rows come and go.
    package var key: JobRef?
}

/// How a list is sorted.
package struct Order: Equatable, Sendable {
    /// Its title, as columns come and go; nil is the order that the list came in.
    package var column: String?
    package var isReversed = false
}

/// A question at the foot of the screen.
package enum Prompt: Equatable, Sendable {
    case filter(String)
    case command(String)
    /// Why the queue is paused; may stay empty.
    case reason(queue: String, String)
    /// To be answered with `y`.
    case sure(String, DashAction)
    /// To be answered with these characters, in full.
    case typed(String, word: String, DashAction, String)
}

/// What somebody wants to be changed.
package enum DashAction: Equatable, Sendable {
    case pause(queue: String, reason: String)
    case resume(queue: String)
    case purge(queue: String)
    case requeue([JobRef])
    case runNow([JobRef])
    case cancel([JobRef])
    case delete([JobRef])
    /// Workers, by their ids.
    case tell(WorkerOrder, [String])
    /// Whole groups of dead jobs: a queue, and the group as the id.
    case requeueGroups([JobRef])
    case deleteGroups([JobRef])
    /// Another payload, JSON, for a job; one that has ended is requeued with it.
    case replace(JobRef, payload: [UInt8])
}

/// What the program around the state has to do.
package enum DashEffect: Equatable, Sendable {
    case quit
    case suspend
    /// Draw everything anew: something else wrote on the terminal.
    case redraw
    /// Read now, whatever the interval.
    case refresh
    case perform(DashAction)
    /// Change the payload in an editor, and requeue the job where it has ended.
    case edit(JobRef)
    /// Into the clipboard of the terminal.
    case copy(String)
}

/// What happened.
package enum DashEvent: Sendable {
    case key(Key)
    case resized(Extent)
    /// The answer to a request, what was asked for it, and the ms that Redis took.
    case loaded(DashLoad, nowMs: Int, pingMs: Double)
    /// Redis could not be asked.
    case failed(String, nowMs: Int)
    case tick(nowMs: Int)
    /// A line for the foot of the screen.
    case noted(String)
    /// What became of an action.
    case done(String, isError: Bool)
    case logged(String)
    /// Somebody wrote another payload, JSON, for a job.
    case edited(JobRef, payload: [UInt8])
}

/// What does not change while the dashboard runs.
package struct DashLook: Equatable, Sendable {
    /// Of Redis, without secrets.
    package var address = ""
    package var isReadOnly = false
    package var isASCII = false

    /// One character for what is left out.
    var ellipsis: String { isASCII ? "~" : "…" }

    package init(address: String = "", isReadOnly: Bool = false, isASCII: Bool = false) {
        self.address = address
        self.isReadOnly = isReadOnly
        self.isASCII = isASCII
    }
}

/// A line at the foot of the screen: what became of the last action.
package struct Notice: Equatable, Sendable {
    package var text: String
    package var isError = false
}

/// Why Redis cannot be asked, and since when by the clock of this machine, ms since 1970.
package struct Trouble: Equatable, Sendable {
    package var text: String
    package var sinceMs: Int
}

/// Everything that the screen depends on.
package struct DashState: Equatable, Sendable {
    package var look: DashLook
    package var size: Extent
    /// Where one came from is below; never empty.
    package var stack: [Screen] = [.overview]
    package var focus: [Screen: Focus] = [:]
    package var orders: [Screen: Order] = [:]
    package var marks: Set<JobRef> = []
    /// What was typed behind `/`, for each kind of screen.
    package var filters: [Screen: String] = [:]
    package var prompt: Prompt?
    /// Actions that are under way.
    package var busy = 0
    /// What became of the last action.
    package var notice: Notice?
    package var jobState = JobState.running
    /// Jobs of one queue that are read at most.
    package var jobLimit = Self.firstLimit
    package var isFrozen = false
    package var isWide = false
    /// ms between two looks.
    package var intervalMs: Int

    package var report: InfoReport?
    package var server: ServerFacts?
    package var jobs: JobRows?
    package var dead: JobRows?
    package var groups: [DeadGroup] = []
    package var detail: JobDetail?
    /// The job of the detail is gone.
    package var isGone = false
    /// As the last report had it that was asked for with series.
    package var flow: Flow?
    package var pingMs: Double?
    package var log: [String] = []
    /// ms since 1970 by the clock of this machine.
    package var nowMs = 0
    /// nil while Redis answers.
    package var trouble: Trouble?

    package static let intervals = [500, 1000, 2000, 5000, 10_000, 30_000, 60_000]
    package static let firstLimit = 500
    package static let lastLimit = 10_000
    /// Dead jobs in no group that are grouped here at most, the newest ones.
    package static let deadLimit = 2000
    package static let logLimit = 500

    package init(look: DashLook = DashLook(), size: Extent = Extent(80, 24), intervalMs: Int = 2000) {
        self.look = look
        self.size = size
        self.intervalMs = intervalMs
    }

    package var screen: Screen { stack.last ?? .overview }
    package var tab: Screen { stack.first ?? .overview }
    package var filterText: String {
        get { filters[screen.kind] ?? "" }
        set { filters[screen.kind] = newValue.isEmpty ? nil : newValue }
    }
    package var filter: Filter { Filter(filterText) }

    /// What has to be read for what is on the screen.
    package var request: DashRequest {
        switch stack.last(where: { $0 != .help && $0 != .log }) ?? .overview {
        case .overview: .report(series: true)
        case .queues, .workers, .help, .log: .report(series: false)
        case .jobs: .jobs(queue: onlyQueue, state: jobState, limit: jobLimit)
        case .dead: .dead(limit: Self.deadLimit)
        case .group(let key): .group(key, limit: jobLimit)
        case .redis: .redis
        case .job(let ref): .job(ref)
        }
    }

    /// The queue that the filter names, where there is one of that name.
    private var onlyQueue: String? {
        guard let asked = Filter(filters[.jobs] ?? "").only(.queue) else { return nil }
        return report?.queues.first { $0.name.lowercased() == asked }?.name
    }
}
