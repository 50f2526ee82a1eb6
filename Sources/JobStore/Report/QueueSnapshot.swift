package import JobModel

/// One queue in numbers, at one moment.
package struct QueueSnapshot: Sendable, Equatable {
    package var name: QueueName
    package var now: Int
    package var counts: [JobState: Int]
    /// Ids remembered beyond their jobs.
    package var remembered: Int
    package var inbox: Int
    /// Since when the job has been due that has been due longest, in line or not moved there yet, ms since 1970; nil when
    /// none is, or its envelope does not say.
    package var oldestDueMs: Int?
    package var nextDue: Int?
    /// Format, totals, clock: as stored.
    package var meta: [String: String]
    package var workers: [Worker]
    /// Jobs that are due, and that no worker has moved to the line yet.
    package var overdue = 0
    /// Dead jobs that died within an hour.
    package var newlyDead = 0
    /// What the totals were, oldest first: those that rates are made of, or all that are kept.
    package var samples: [RateSample] = []

    package struct Worker: Sendable, Equatable {
        package var incarnation: Incarnation
        /// Negative: condemned.
        package var deadline: Double
        /// JSON that the worker says of itself; empty before its first beat.
        package var about: ArraySlice<UInt8>
        /// Jobs that it holds: those that run, and the few that wait for a slot.
        package var held: Int
    }

    /// What workers have to do now: how many of them there should be depends on it.
    package var backlog: Int { count(.queued) + count(.running) + overdue + inbox }
    package var isPaused: Bool { meta["paused"] == "1" }
    /// Who paused it, in printable text; nil where nobody did, or it was not said.
    package var pausedBy: String? { note("paused_by") }
    /// Why, in printable text.
    package var pausedReason: String? { note("paused_reason") }
    /// Since when, ms since 1970.
    package var pausedAt: Int? { isPaused ? meta["paused_at"].flatMap { Int($0) } : nil }
    /// Whatever somebody wrote there.
    private func note(_ field: String) -> String? {
        guard isPaused, let text = meta[field], !text.isEmpty else { return nil }
        return Printable.oneLine(text, limit: QueueStore.noteLimit)
    }
    /// Is a worker heard of? A lease that ran out is as good as none.
    package func isLive(_ worker: Worker) -> Bool { worker.deadline >= Double(now) }
    /// How long the job waits that has been due longest, ms; nil when none is.
    package var oldestAgeMs: Int? { oldestDueMs.map { max(0, now - $0) } }
    /// How far apart samples may be while a worker beats, ms: it does so three times in a lease.
    var slackMs: Int { max(RateSample.slack, total("lease_ms") / 2) }
    /// What came, ended and failed in a second, on average over so many ms.
    package func rates(over window: Int) -> QueueRates {
        QueueRates(over: window, to: RateSample(self), samples, slack: slackMs)
    }
    package func count(_ state: JobState) -> Int { counts[state] ?? 0 }
    package func total(_ name: String) -> Int { meta[name].flatMap { Int($0) } ?? 0 }
}
