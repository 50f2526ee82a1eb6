import JobModel

/// The totals of a queue as they were at one moment, as the scripts write them down about every ten seconds while anything
/// happens: `ms enqueued requeued succeeded retried dead cancelled`.
package struct RateSample: Equatable, Sendable {
    /// When, ms since 1970.
    package var at: Int
    package var enqueued, requeued, succeeded, retried, dead, cancelled: Int

    /// nil for what another version wrote.
    package init?(parsing text: String) {
        let numbers = text.split(separator: " ").compactMap { Int($0) }
        guard numbers.count >= 7 else { return nil }
        at = numbers[0]
        (enqueued, requeued, succeeded) = (numbers[1], numbers[2], numbers[3])
        (retried, dead, cancelled) = (numbers[4], numbers[5], numbers[6])
    }

    /// The totals of a snapshot: the latest sample there is.
    package init(_ snapshot: QueueSnapshot) {
        at = snapshot.now
        enqueued = snapshot.total("enqueued")
        requeued = snapshot.total("requeued")
        succeeded = snapshot.total("succeeded")
        retried = snapshot.total("retried")
        dead = snapshot.total("dead")
        cancelled = snapshot.total("cancelled")
    }

    /// Jobs that came: from producers, or back by a person's hand.
    var arrived: Int { enqueued + requeued }
    /// Jobs that ended, one way or another.
    var ended: Int { succeeded + dead + cancelled }
    /// Runs that did not succeed: another one waits, or the job is dead.
    var failed: Int { retried + dead }

    /// One minute, and a quarter of an hour, ms.
    package static let minute = 60_000
    package static let quarter = 900_000
    /// The longest first.
    static let windows = [quarter, minute]
    /// Samples are at most so far apart while a worker with the usual lease beats, ms.
    static let slack = 15_000
}

/// What came, ended and failed in a second, on average over a window.
package struct QueueRates: Equatable, Sendable {
    package var arrived = 0.0
    package var ended = 0.0
    package var failed = 0.0

    /// Zeros.
    package init() {}

    /// From the first sample within `window` ms, or a little before it, to `now`. Where there is no sample nothing happened.
    init(over window: Int, to now: RateSample, _ samples: [RateSample], slack: Int = RateSample.slack) {
        guard let first = samples.first(where: { $0.at >= now.at - window - slack }) else { return }
        let seconds = Double(max(window, now.at - first.at)) / 1000
        // Never less than nothing: whoever emptied Redis began to count anew.
        func rate(_ total: (RateSample) -> Int) -> Double { Double(max(0, total(now) - total(first))) / seconds }
        arrived = rate(\.arrived)
        ended = rate(\.ended)
        failed = rate(\.failed)
    }

    /// One value for each pair of samples that follow one another, the newest last: what a sparkline shows.
    package static func series(to now: RateSample, _ samples: [RateSample]) -> [(from: Int, to: Int, rates: QueueRates)]
    {
        let all = samples.filter { $0.at < now.at } + [now]
        return zip(all, all.dropFirst()).map { from, to in
            (from.at, to.at, QueueRates(over: to.at - from.at, to: to, [from]))
        }
    }
}
