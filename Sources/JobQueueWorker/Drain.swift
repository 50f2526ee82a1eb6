/// The stages of a shutdown, as a value: what to do next is decided from the time and the load alone.
///
///     working ── stop ──▶ draining ── time is up ──▶ cancelling ── time is up ──▶ abandoned
///
/// In each stage but the first the shutdown ends as soon as nothing runs any more; whoever waits for that sees it by itself.
struct Drain: Sendable, Equatable {
    enum Stage: Sendable, Equatable {
        case working
        /// No new jobs; those that run may go on until then, ns.
        case draining(until: Int)
        /// Those that ran on were cancelled; they may tidy up until then, ns.
        case cancelling(until: Int)
        /// Some would not stop.
        case abandoned
    }

    enum Action: Sendable, Equatable {
        case cancelRuns
        /// Give back what would not stop, and end the process.
        case abandon
    }

    private(set) var stage = Stage.working
    /// How long cancelled handlers may take to tidy up, ns.
    static let tidyTime = 2_000_000_000

    /// Begins the shutdown, or shortens the one that has begun.
    mutating func stop(now: Int, within nanoseconds: Int) {
        switch stage {
        case .working: stage = .draining(until: now + nanoseconds)
        case .draining(let until): stage = .draining(until: min(until, now + nanoseconds))
        case .cancelling, .abandoned: break
        }
    }

    /// What has to be done now, with so many runs under way.
    mutating func turn(now: Int, running: Int) -> Action? {
        switch stage {
        case .draining(let until) where now >= until && running > 0:
            stage = .cancelling(until: now + Self.tidyTime)
            return .cancelRuns
        case .cancelling(let until) where now >= until && running > 0:
            stage = .abandoned
            return .abandon
        case .working, .draining, .cancelling, .abandoned: return nil
        }
    }
}
