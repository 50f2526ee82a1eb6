import Synchronization

/// How many requests wait for a job, for each caller: each costs Redis questions, and a caller could open thousands.
final class Waits: Sendable {
    private let limit: Int
    private let counts = Mutex<[String: Int]>([:])
    private let ending = Atomic(false)

    init(limit: Int) { self.limit = limit }

    /// The server is about to end: whoever waits is answered now.
    var isEnding: Bool { ending.load(ordering: .relaxed) }
    func end() { ending.store(true, ordering: .relaxed) }

    /// One wait, for as long as it is held: so it ends too when an answer is dropped that was never written.
    final class Pass: Sendable {
        private let waits: Waits
        private let caller: String

        fileprivate init(_ waits: Waits, _ caller: String) {
            self.waits = waits
            self.caller = caller
        }

        deinit { waits.leave(caller) }
    }

    /// Throws `tooManyWaits` when the caller waits often enough already.
    func pass(for caller: Caller) throws(Problem) -> Pass {
        let isRoom = counts.withLock { counts in
            guard counts[caller.id, default: 0] < limit else { return false }
            counts[caller.id, default: 0] += 1
            return true
        }
        if isRoom { return Pass(self, caller.id) }
        throw Problem(
            .tooManyWaits, "\(limit) requests of this token wait already: ask without waiting, or later"
        ).retry(after: 1)
    }

    private func leave(_ caller: String) {
        counts.withLock { counts in
            let left = counts[caller, default: 1] - 1
            counts[caller] = left > 0 ? left : nil
        }
    }
}
