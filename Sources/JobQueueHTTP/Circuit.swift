import JobQueueClient
import JobStore
import Synchronization

/// Keeps requests from waiting for a Redis that is away: after the first that ran into its deadline all are refused at
/// once, until a probe succeeds. The probe is made on behalf of a request, twice a second at most, so an idle server asks
/// nothing.
final class Circuit: Sendable {
    /// How long a probe may take. Longer than any answer of a Redis that can be worked with.
    private static let probeTimeout = Duration.milliseconds(500)
    private static let pause = Duration.milliseconds(500)

    private enum State {
        case closed
        /// Refusing; when the last probe began.
        case open(probed: ContinuousClock.Instant)
    }

    private let state = Mutex(State.closed)
    private let queue: JobQueue

    init(queue: JobQueue) { self.queue = queue }

    /// Refusing?
    var isOpen: Bool { !queue.isChecked || state.withLock { if case .open = $0 { true } else { false } } }

    /// A request ran into its deadline, or the connection is refused.
    func trip() {
        // Before that there is nothing to wait for: the first check opens the door.
        guard queue.isChecked else { return }
        state.withLock { state in
            if case .closed = state { state = .open(probed: .now) }
        }
    }

    /// Throws `redisUnavailable` at once while Redis is away.
    func check() async throws(Problem) {
        // Until whoever made the queue has checked it, Redis is away; from then on nobody waits for a probe.
        guard queue.isChecked else { throw Self.away }
        let isMine = state.withLock { state in
            guard case .open(let probed) = state else { return Bool?.none }
            guard ContinuousClock.now - probed >= Self.pause else { return false }
            state = .open(probed: .now)
            return true
        }
        guard let isMine else { return }
        if isMine, await probe() {
            state.withLock { $0 = .closed }
            return
        }
        throw Self.away
    }

    private static let away = Problem(.redisUnavailable, "Redis does not answer: nothing was done, try again")
        .retry(after: 1)

    private func probe() async -> Bool { (try? await queue.store.time(timeout: Self.probeTimeout)) != nil }
}
