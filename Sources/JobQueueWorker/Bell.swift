import Synchronization

/// Things to do, rung from anywhere, collected by one task. Ringing twice for the same thing before it is collected is
/// ringing once.
final class Bell<Thing: Hashable & Sendable>: Sendable {
    private struct State {
        var rung: Set<Thing> = []
        var waiter: CheckedContinuation<Set<Thing>?, Never>?
        var isClosed = false
    }

    private let state = Mutex(State())

    func ring(_ thing: Thing) {
        let waiter = state.withLock { state -> CheckedContinuation<Set<Thing>?, Never>? in
            if state.isClosed { return nil }
            if state.waiter == nil { state.rung.insert(thing) }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: [thing])
    }

    /// What was rung since the last call; waits when that is nothing; nil once the bell is closed.
    func next() async -> Set<Thing>? {
        await withCheckedContinuation { caller in
            let answer: Set<Thing>?? = state.withLock { state in
                if state.isClosed { return .some(nil) }
                if state.rung.isEmpty {
                    state.waiter = caller
                    return nil
                }
                defer { state.rung = [] }
                return state.rung
            }
            if let answer { caller.resume(returning: answer) }
        }
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }
}

/// Lets one task pass while it is open.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var isClosed = false
        var waiter: CheckedContinuation<Bool, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Bool, Never>? {
            defer { waiter = nil }
            return waiter
        }
    }

    private let state = Mutex(State())

    func open() {
        let waiter = state.withLock { state in
            state.isOpen = true
            return state.takeWaiter()
        }
        waiter?.resume(returning: true)
    }

    func shut() { state.withLock { $0.isOpen = false } }

    /// Nobody shall pass any more.
    func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            return state.takeWaiter()
        }
        waiter?.resume(returning: false)
    }

    /// Waits until the gate is open; false once it is closed for good.
    func pass() async -> Bool {
        await withCheckedContinuation { caller in
            let answer: Bool? = state.withLock { state in
                if state.isClosed { return false }
                if state.isOpen { return true }
                state.waiter = caller
                return nil
            }
            if let answer { caller.resume(returning: answer) }
        }
    }
}
