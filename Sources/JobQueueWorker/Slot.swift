import JobModel
import Synchronization

/// One permit of the concurrency limit: where one run happens at a time.
///
/// The deadline word says what the run's clock stands at: 0 idle, positive the deadline in ns, negative the reason why the
/// run was cancelled. Whoever changes it from positive to negative, and nobody else, cancels the run; so a run is
/// cancelled at most once, and never the one after it.
final class Slot: Sendable {
    /// No time limit.
    static let never = Int.max

    private struct State {
        var run: Run?
        var started = 0
        /// The job was claimed anew while its old run goes on here: what to do after that.
        var successor: Run?
        var waiter: CheckedContinuation<Void, Never>?
        /// The loop ended, or a cancellation came, before anybody waited.
        var isDone = false

        /// Answers who is to be told, if somebody waits.
        mutating func done() -> CheckedContinuation<Void, Never>? {
            isDone = true
            defer { waiter = nil }
            return waiter
        }
    }

    /// Runs that ended here, one way or the other.
    let succeeded = Atomic(0)
    let failed = Atomic(0)

    private let deadline = Atomic(0)
    private let state = Mutex(State())
    /// Where a supervisor sees what runs here.
    private let place: Board.Place?

    init(shownAt place: Board.Place? = nil) { self.place = place }

    // MARK: The loop's side

    func begin(_ run: Run, now: Int, deadline limit: Int) {
        place?.begin(run, now: now)
        state.withLock { state in
            state.run = run
            state.started = now
            deadline.store(limit, ordering: .releasing)
        }
    }

    /// The run is over. Answers why it had been cancelled, if it had.
    func end() -> CancellationReason? {
        let word = deadline.exchange(0, ordering: .acquiringAndReleasing)
        return word < 0 ? CancellationReason(rawValue: -word) : nil
    }

    /// Leaves the slot empty; answers the successor that waited for that.
    func clear() -> Run? {
        state.withLock { state in
            place?.end(state.run)
            state.run = nil
            defer { state.successor = nil }
            return state.successor
        }
    }

    /// Before each loop: what ended the last one is forgotten.
    func beginLoop() { state.withLock { $0.isDone = false } }

    /// The loop has ended: lets `untilCancelled` return.
    func endLoop() { state.withLock { $0.done() }?.resume() }

    // MARK: The other side

    /// Returns when the current run is cancelled or the loop has ended.
    func untilCancelled() async {
        await withCheckedContinuation { caller in
            let isDone = state.withLock { state in
                if !state.isDone { state.waiter = caller }
                return state.isDone
            }
            if isDone { caller.resume() }
        }
    }

    /// Cancels the run if it is one that `isMeant`, and nobody has cancelled it before.
    @discardableResult
    func cancel(_ reason: CancellationReason, where isMeant: (Run) -> Bool = { _ in true }) -> Bool {
        let (isCancelled, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard let run = state.run, isMeant(run) else { return (false, nil) }
            let word = deadline.load(ordering: .acquiring)
            guard word > 0 else { return (false, nil) }
            let change = deadline.compareExchange(
                expected: word, desired: -reason.rawValue, ordering: .acquiringAndReleasing)
            // Within the lock: once it is released the loop may end and another begin, which must not hear of this.
            return change.exchanged ? (true, state.done()) : (false, nil)
        }
        waiter?.resume()
        return isCancelled
    }

    /// Cancels the run when its deadline has passed. Answers whether it had passed by `killAfter` and nothing helped.
    func checkDeadline(now: Int, killAfter: Int) -> Run? {
        let word = deadline.load(ordering: .acquiring)
        if word > 0, word <= now {
            cancel(.timeout) { _ in deadline.load(ordering: .acquiring) <= now }
        } else if word == -CancellationReason.timeout.rawValue {
            return state.withLock { state in
                // Read again: the run may have ended meanwhile, and another one begun.
                guard let run = state.run, deadline.load(ordering: .acquiring) == word else { return nil }
                let limit = state.started + min(max(0, run.envelope.policy.timeoutMs), Due.latest / 1000) * 1_000_000
                guard now > limit + killAfter else { return nil }
                // Still within the lock: it is this run, and no other, that the process ends for.
                place?.condemn()
                return run
            }
        }
        return nil
    }

    func cancellation(of run: Run) -> CancellationReason? {
        state.withLock { state in
            guard state.run === run else { return nil }
            let word = deadline.load(ordering: .acquiring)
            return word < 0 ? CancellationReason(rawValue: -word) : nil
        }
    }

    /// The run and when it started, ns.
    var current: (run: Run, started: Int)? {
        state.withLock { state in state.run.map { ($0, state.started) } }
    }

    /// A run goes on, as far as can be seen without a lock.
    var isRunning: Bool { deadline.load(ordering: .relaxed) != 0 }

    /// Runs something else than this.
    func isBusy(besides run: Run?) -> Bool { current.map { $0.run !== run } ?? false }

    /// Lets `run` begin after the run of the same job that goes on here; false when there is none.
    func follow(with run: Run) -> Bool {
        state.withLock { state in
            guard let old = state.run, old.id == run.id, old.lease.queue == run.lease.queue else { return false }
            state.successor = run
            return true
        }
    }
}
