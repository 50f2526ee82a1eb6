import Synchronization

/// What tasks of a test tell it, in order. The test waits until enough was told, or until it is cancelled.
package final class Log<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastWatcher = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var items: [Item] { state.withLock { $0.items } }

    /// Answers how many there are now.
    @discardableResult
    package func note(_ item: Item) -> Int {
        let (count, watchers) = state.withLock { state in
            state.items.append(item)
            return (state.items.count, state.watchers.values)
        }
        for watcher in watchers { watcher.yield() }
        return count
    }

    /// Waits until the items are as wanted, and answers them. Throws when the task is cancelled before.
    @discardableResult
    package func items(until isEnough: ([Item]) -> Bool) async throws -> [Item] {
        let (news, watcher) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let key = state.withLock { state in
            state.lastWatcher += 1
            state.watchers[state.lastWatcher] = watcher
            return state.lastWatcher
        }
        defer { state.withLock { $0.watchers[key] = nil } }
        watcher.yield()
        for await _ in news {
            let now = items
            if isEnough(now) { return now }
        }
        throw CancellationError()
    }

    /// Waits until there are so many.
    @discardableResult
    package func items(count: Int) async throws -> [Item] { try await items { $0.count >= count } }
}

/// Holds tasks up until it is opened, or until they are cancelled, which they throw.
package final class Latch: Sendable {
    private let log = Log<Void>()
    package init() {}
    package func open() { log.note(()) }
    package func pass() async throws { try await log.items(count: 1) }
}

/// A condition outside this process did not come true.
package struct Impatience: Error, CustomStringConvertible {
    package var description: String
    package init(description: String) { self.description = description }
}

/// Asks again and again until the answer is as wanted, and answers it: for what happens outside this process and tells
/// nobody. Throws the last answer after `limit`.
@discardableResult
package func eventually<Answer>(
    within limit: Duration = .seconds(20), _ ask: () async throws -> Answer, is isWanted: (Answer) -> Bool
) async throws -> Answer {
    let deadline = ContinuousClock.now + limit
    while true {
        let answer = try await ask()
        if isWanted(answer) { return answer }
        if ContinuousClock.now > deadline { throw Impatience(description: "after \(limit) it is still \(answer)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
