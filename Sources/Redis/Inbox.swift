import Synchronization

/// Where callers on any thread leave their commands for the event loop. The first one to leave something since the loop
/// last looked must wake it; all others ride along, which is what makes one write of many commands.
final class Inbox: Sendable {
    typealias Pending = ConnectionMachine<Waiter>.Pending

    private struct State {
        var commands: [Pending] = []
        var loopWasCalled = false
    }

    private let state = Mutex(State())

    /// Adds a command. Answers whether the caller must wake the event loop.
    func append(_ command: Pending) -> Bool {
        state.withLock { state in
            state.commands.append(command)
            defer { state.loopWasCalled = true }
            return !state.loopWasCalled
        }
    }

    /// Adds commands that stay together. Answers whether the caller must wake the event loop.
    func append(_ commands: [Pending]) -> Bool {
        state.withLock { state in
            state.commands.append(contentsOf: commands)
            defer { state.loopWasCalled = true }
            return !state.loopWasCalled
        }
    }

    /// Swaps the commands for the given empty array, whose storage is used from now on.
    func take(into commands: inout [Pending]) {
        state.withLock { state in
            swap(&state.commands, &commands)
            state.loopWasCalled = false
        }
    }
}
