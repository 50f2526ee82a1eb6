package import JobModel
package import JobStore

/// One job, and the queue that it is in: an id alone may be in several.
package struct JobRef: Hashable, Sendable {
    package var queue: String
    package var id: String

    package init(queue: String, id: String) {
        self.queue = queue
        self.id = id
    }
}

/// One job as a row of a list.
package struct JobRow: Equatable, Sendable {
    package var ref: JobRef
    package var state: JobState
    /// nil where the stored job cannot be read.
    package var name: String?
    package var priority = 0
    /// Failed runs of this life, and how many there may be.
    package var attempts = 0
    package var maxAttempts = 0
    /// ms since 1970; 0 when unknown.
    package var createdMs = 0
    /// When it is due, of those that wait for a time.
    package var dueMs: Int?
    /// When its last run ended, ms since 1970; 0 when unknown.
    package var endedMs = 0
    package var tags: [String] = []
    package var reason = ""
    package var errorType = ""
    package var errorMessage = ""
    /// Who runs it, or ran it last.
    package var worker = ""
    /// When its run began, as far as its worker told; nil of those that do not run.
    package var startedMs: Int?
    /// Somebody asked it to stop.
    package var isAsked = false
    /// Of dead ones: what it died of, as the store groups them.
    package var group: String?

    package init(ref: JobRef, state: JobState) {
        self.ref = ref
        self.state = state
    }

    /// A row of what the store says. `error` is the newest entry of its history.
    package init(_ view: JobView, in queue: QueueName, state: JobState, error: ErrorEntry?) {
        self.init(ref: JobRef(queue: queue.text, id: view.id), state: state)
        if let envelope = try? Envelope(parsing: view.envelope) {
            name = envelope.name
            priority = envelope.policy.priority.value
            maxAttempts = envelope.policy.maxAttempts
            createdMs = envelope.createdMs
            tags = envelope.tags
        }
        attempts = view.record.attempts
        reason = view.record.last?.rawValue ?? ""
        worker = view.record.by
        endedMs = view.record.at
        isAsked = view.isAsked
        if [.scheduled, .retrying, .suspect].contains(state), let score = view.score, abs(score) < 9e18 {
            dueMs = Int(score / 10)
        }
        if let error {
            (errorType, errorMessage) = (error.type, error.message)
            if endedMs == 0 { endedMs = error.at }
        }
        if state == .dead { group = "\(JobModel.DeadGroup(name: name, error ?? ErrorEntry()))" }
    }

    /// Error and message on one line; the reason where a run ended without either.
    package var error: String {
        let message = errorMessage.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let text = [errorType, message].filter { !$0.isEmpty }.joined(separator: ": ")
        return text.isEmpty ? reason : text
    }
}

/// Dead jobs of one queue that died of one thing, as the store counts them.
package struct DeadCount: Equatable, Sendable {
    package var queue: String
    /// Name and fingerprint, as `dead --group` takes them.
    package var group: String
    package var name: String
    package var count: Int
    /// When the first and the last of them died, ms since 1970.
    package var firstMs: Int
    package var lastMs: Int
    /// Of the one that died last.
    package var error: String

    /// A group of the store.
    package init(_ view: DeadGroupView, in queue: QueueName) {
        (self.queue, group, name) = (queue.text, "\(view.group)", view.group.name)
        (count, firstMs, lastMs) = (view.count, view.firstMs, view.lastMs)
        var row = JobRow(ref: JobRef(queue: queue.text, id: view.sampleID), state: .dead)
        (row.errorType, row.errorMessage) = (view.sample?.type ?? "", view.sample?.message ?? "")
        row.reason = view.sample?.reason.rawValue ?? ""
        error = row.error
    }
}

/// Jobs of one state, of one queue or all.
package struct JobRows: Equatable, Sendable {
    package var state: JobState
    package var rows: [JobRow]
    /// How many there are.
    package var total: Int
    /// ms since 1970 by Redis' clock.
    package var nowMs: Int
    /// Of dead ones: all their groups, also of those that are not among the rows.
    package var groups: [DeadCount] = []

    package init(state: JobState, rows: [JobRow], total: Int, nowMs: Int) {
        self.state = state
        self.rows = rows
        self.total = total
        self.nowMs = nowMs
    }
}

/// One job with everything that is kept of it, as text of anybody.
package struct JobDetail: Equatable, Sendable {
    /// How one run ended, or that it goes on.
    package struct Run: Equatable, Sendable {
        package var number: Int
        package var attempt: Int
        package var worker: String
        package var startedMs: Int?
        package var endedMs: Int?
        package var outcome: String
        package var error: String
        /// What followed; nil while it goes on.
        package var next: String?

        package init(
            number: Int, attempt: Int, worker: String, startedMs: Int?, endedMs: Int?, outcome: String, error: String,
            next: String?
        ) {
            self.number = number
            self.attempt = attempt
            self.worker = worker
            self.startedMs = startedMs
            self.endedMs = endedMs
            self.outcome = outcome
            self.error = error
            self.next = next
        }
    }

    /// A label, and what stands beside it.
    package struct Fact: Equatable, Sendable {
        package var label: String
        package var value: String

        package init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    package var row: JobRow
    /// Labels and values, in the order in which they are shown.
    package var facts: [Fact] = []
    package var runs: [Run] = []
    package var runsForgotten = 0
    /// JSON, or whatever is stored in its place.
    package var payload: String?
    package var result: String?
    /// Why it does not run now; nil where nobody has looked.
    package var explanation: String?
    /// When it will be forgotten, ms since 1970.
    package var forgetAtMs: Int?
    /// Lives that it had before this one.
    package var requeued = 0
    package var nowMs: Int

    package init(row: JobRow, nowMs: Int) {
        self.row = row
        self.nowMs = nowMs
    }
}

/// What a view shows, and so what has to be read for it.
package enum DashRequest: Equatable, Sendable {
    /// `series`: with what went through the queues in the last quarter of an hour.
    case report(series: Bool)
    /// At most `limit` jobs of each queue. `queue` nil: of all queues.
    case jobs(queue: String?, state: JobState, limit: Int)
    /// The groups of dead jobs, and at most `limit` of those that are in none.
    case dead(limit: Int)
    /// At most `limit` jobs of one of them in each queue, and all groups. The id is the group.
    case group(JobRef, limit: Int)
    case job(JobRef)
    case redis
}

/// What was read.
package enum DashLoad: Sendable {
    case report(InfoReport)
    case jobs(JobRows, InfoReport)
    /// Dead ones, with their groups.
    case dead(JobRows, InfoReport)
    /// nil: there is no such job any more.
    case job(JobRef, JobDetail?)
    case redis(ServerFacts, InfoReport)
}
