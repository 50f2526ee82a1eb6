import Synchronization

/// Connections that are made when they are needed and used again, by many tasks.
///
/// The task that has one has it alone. What it sets (`SET`, `LISTEN`, temporary tables) is there for the next; a connection
/// that comes back with an open transaction is closed, and the server undoes it.
public final class PostgresPool: Sendable {
    /// How many connections there are, and how long anybody waits. What is out of range counts as the nearest that is in it.
    public struct Configuration: Sendable {
        /// Connections at most, 1 to 100. The default is 4. Every process of yours has its own: their sum has to stay below the
        /// server's `max_connections`.
        public var size = 4
        /// How long to wait for one, from 0: who gets none by then gets `busy`. The default is 5 s.
        public var acquireTimeout = Duration.seconds(5)
        /// How long one is used before it is made anew, so that a server that moved, or one more replica, is noticed. The
        /// default is an hour; 0 makes one for each use.
        public var recycle = Duration.seconds(3600)
        /// What was idle for so long is asked (`SELECT 1`) before it is used: a firewall may have forgotten it. The default
        /// is 30 s.
        public var quiet = Duration.seconds(30)
        /// Tasks that may wait for a connection, from 0; more get `busy` at once. The default is 1000.
        public var waiting = 1000
        /// After so many failures to connect in a row, at least 1, nobody tries again … The default is 5.
        public var circuitThreshold = 5
        /// … for so long, from 0. The default is 60 s.
        public var circuitPause = Duration.seconds(60)

        public init() {}
    }

    private typealias State = PoolState<PostgresConnection>

    private struct Table: Sendable {
        var state: State
        var callers: [Int: CheckedContinuation<State.Decision, Never>] = [:]
        /// For those who were called before they could wait.
        var early: [Int: State.Decision] = [:]
    }

    private let table: Mutex<Table>
    private let server: PostgresConfiguration
    private let configuration: Configuration

    /// Nothing is connected yet.
    public init(_ server: PostgresConfiguration, _ configuration: Configuration = Configuration()) {
        self.server = server
        self.configuration = configuration
        let rules = State.Rules(
            size: min(max(1, configuration.size), 100), waiting: max(0, configuration.waiting),
            recycle: configuration.recycle.milliseconds, quiet: configuration.quiet.milliseconds,
            threshold: max(1, configuration.circuitThreshold), pause: configuration.circuitPause.milliseconds)
        table = Mutex(Table(state: State(rules)))
    }

    deinit { close() }

    /// Lends a connection for as long as the body takes; the body must not keep it, nor ask for a second one while it has the
    /// first: tasks that do so can wait for each other. Throws `busy`, `circuitOpen`, `closed`, `cancelled`, `unreachable`,
    /// `refused`, or what the body throws.
    public func withConnection<Answer: Sendable>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PostgresConnection) async throws -> Answer
    ) async throws -> Answer {
        let slot = try await slot()
        defer { giveBack(slot) }
        return try await body(slot.item)
    }

    /// Ends what is idle; what is lent is closed when it comes back. Who waits, and whoever comes later, gets `closed`.
    public func close() {
        change { state, expired in state.close(expired: &expired) }
    }

    // MARK: Lending

    private func slot() async throws(PostgresError) -> State.Slot {
        switch await decision() {
        case .use(let slot):
            if slot.item.isUsable { return slot }
            return try await open()
        case .test(let slot):
            if slot.item.isUsable, (try? await slot.item.query("SELECT 1", timeout: .seconds(2))) != nil { return slot }
            slot.item.close()
            if Task.isCancelled {
                drop()
                throw .cancelled
            }
            return try await open()
        case .open: return try await open()
        case .refuse(let error): throw error
        case .wait: throw .busy
        }
    }

    /// A place among the taken ones is ours already.
    private func open() async throws(PostgresError) -> State.Slot {
        do throws(PostgresError) {
            let new = try await PostgresConnection.connect(server)
            table.withLock { $0.state.opened() }
            let now = PostgresSession.now
            return State.Slot(item: new, madeAt: now, idleSince: now)
        } catch {
            // Nobody knows whether it would have come about.
            if error == .cancelled { drop() } else { change { state, _ in state.openFailed(now: PostgresSession.now) } }
            throw error
        }
    }

    private func decision() async -> State.Decision {
        let first = decide { state, expired in state.acquire(now: PostgresSession.now, expired: &expired) }
        guard case .wait(let ticket) = first else { return first }
        return await withTaskGroup(of: State.Decision?.self) { group in
            group.addTask { await self.called(ticket) }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(self.configuration.acquireTimeout.milliseconds))
                return nil
            }
            if let decision = await group.next() ?? nil {
                group.cancelAll()
                return decision
            }
            // Too late, or not wanted any more: unless it was called at this moment it is refused.
            self.refuse(ticket, Task.isCancelled ? .cancelled : .busy)
            let last = await group.next() ?? nil
            return last ?? .refuse(.busy)
        }
    }

    private func called(_ ticket: Int) async -> State.Decision {
        await withCheckedContinuation { caller in
            let early = table.withLock { table -> State.Decision? in
                if let decision = table.early.removeValue(forKey: ticket) { return decision }
                guard table.state.waiters.contains(ticket) else { return .refuse(.busy) }
                table.callers[ticket] = caller
                return nil
            }
            if let early { caller.resume(returning: early) }
        }
    }

    private func refuse(_ ticket: Int, _ error: PostgresError) {
        let caller = table.withLock { table in
            table.state.forget(ticket) ? table.callers.removeValue(forKey: ticket) : nil
        }
        caller?.resume(returning: .refuse(error))
    }

    private func giveBack(_ slot: State.Slot) {
        if slot.item.isUsable, !slot.item.isInTransaction {
            change { state, expired in state.release(slot, now: PostgresSession.now, expired: &expired) }
        } else {
            slot.item.close()
            drop()
        }
    }

    private func drop() {
        change { state, expired in state.release(nil, now: PostgresSession.now, expired: &expired) }
    }

    // MARK: Changing

    private func decide(_ body: (inout State, inout [PostgresConnection]) -> State.Decision) -> State.Decision {
        var expired: [PostgresConnection] = []
        let decision = table.withLock { body(&$0.state, &expired) }
        for connection in expired { connection.close() }
        return decision
    }

    private func change(_ body: (inout State, inout [PostgresConnection]) -> [State.Call]) {
        var expired: [PostgresConnection] = []
        let found = table.withLock { table in
            body(&table.state, &expired).compactMap { call in
                let caller = table.callers.removeValue(forKey: call.ticket)
                if caller == nil { table.early[call.ticket] = call.decision }
                return caller.map { ($0, call.decision) }
            }
        }
        for connection in expired { connection.close() }
        for (caller, decision) in found { caller.resume(returning: decision) }
    }
}
