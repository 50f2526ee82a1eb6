import Synchronization

/// An answer that many want: one asks on behalf of all who come meanwhile, and what was answered holds for a while.
package final class SharedAnswer<Value: Sendable>: Sendable {
    private enum Turn: Sendable {
        case known(Value)
        /// This caller asks.
        case ask
    }

    private struct State {
        var last: (value: Value, at: ContinuousClock.Instant)?
        var isAsked = false
        var waiting: [CheckedContinuation<Turn, Never>] = []
    }

    private let state = Mutex(State())
    private let life: Duration

    package init(for life: Duration) { self.life = life }

    package func value(_ ask: () async -> Value) async -> Value {
        let turn = await withCheckedContinuation { (caller: CheckedContinuation<Turn, Never>) in
            if let turn = self.turn(caller) { caller.resume(returning: turn) }
        }
        switch turn {
        case .known(let value): return value
        case .ask:
            let value = await ask()
            for caller in end(value) { caller.resume(returning: .known(value)) }
            return value
        }
    }

    /// nil: the caller is one of those who wait.
    private func turn(_ caller: CheckedContinuation<Turn, Never>) -> Turn? {
        state.withLock { state in
            if let last = state.last, ContinuousClock.now - last.at < life { return .known(last.value) }
            if state.isAsked {
                state.waiting.append(caller)
                return nil
            }
            state.isAsked = true
            return .ask
        }
    }

    private func end(_ value: Value) -> [CheckedContinuation<Turn, Never>] {
        state.withLock { state in
            state.last = (value, .now)
            state.isAsked = false
            defer { state.waiting = [] }
            return state.waiting
        }
    }
}
