import DequeModule

/// Who may have a connection: what a pool decides, without doing any of it. Times are ms on a clock that is never set.
///
/// `Item` is a connection.
struct PoolState<Item: Sendable>: Sendable {
    struct Rules: Sendable {
        /// Connections at most.
        var size: Int
        /// Callers that may wait; more are refused at once.
        var waiting: Int
        /// A connection is used for so long, and then made anew.
        var recycle: Int
        /// What was idle for so long is asked before it is used.
        var quiet: Int
        /// After so many failures to connect in a row nobody tries for `pause`.
        var threshold: Int
        var pause: Int
    }

    struct Slot: Sendable {
        var item: Item
        var madeAt: Int
        var idleSince: Int
    }

    enum Decision: Sendable {
        case use(Slot)
        /// The same, but see first whether it still answers.
        case test(Slot)
        /// Make one, then tell `opened` or `openFailed`.
        case open
        /// Come back with the number when somebody calls.
        case wait(Int)
        case refuse(PostgresError)
    }

    /// Whom to call, with what.
    struct Call: Sendable {
        var ticket: Int
        var decision: Decision
    }

    let rules: Rules
    private(set) var idle: Deque<Slot> = []
    /// Connections that somebody has, or makes.
    private(set) var taken = 0
    private(set) var waiters: Deque<Int> = []
    private var tickets = 0
    private var failures = 0
    private var closedUntil = 0
    private(set) var isClosed = false

    init(_ rules: Rules) { self.rules = rules }

    /// Somebody wants a connection. `expired` are to be closed.
    mutating func acquire(now: Int, expired: inout [Item]) -> Decision {
        if isClosed { return .refuse(.closed) }
        if let decision = offer(now: now, expired: &expired) { return decision }
        guard waiters.count < rules.waiting else { return .refuse(.busy) }
        tickets += 1
        waiters.append(tickets)
        return .wait(tickets)
    }

    /// What can be had now; nil: everything is taken.
    private mutating func offer(now: Int, expired: inout [Item]) -> Decision? {
        // The last one to come back is the one that surely answers.
        while let slot = idle.popLast() {
            if now - slot.madeAt >= rules.recycle {
                expired.append(slot.item)
                continue
            }
            taken += 1
            return now - slot.idleSince >= rules.quiet ? .test(slot) : .use(slot)
        }
        guard taken < rules.size else { return nil }
        if now < closedUntil { return .refuse(.circuitOpen) }
        // One tries for all: while the circuit is half open the next ones are refused until it has an answer.
        if failures >= rules.threshold { closedUntil = now + rules.pause }
        taken += 1
        return .open
    }

    mutating func opened() { (failures, closedUntil) = (0, 0) }

    /// A connection could not be made. Who waits is called with the next chance, or the same refusal.
    mutating func openFailed(now: Int) -> [Call] {
        taken -= 1
        failures += 1
        if failures >= rules.threshold { closedUntil = now + rules.pause }
        return callNext(now: now)
    }

    /// Somebody is done. `slot` is nil when the connection is no good any more.
    mutating func release(_ slot: Slot?, now: Int, expired: inout [Item]) -> [Call] {
        taken -= 1
        if let slot {
            if isClosed || now - slot.madeAt >= rules.recycle {
                expired.append(slot.item)
            } else {
                idle.append(Slot(item: slot.item, madeAt: slot.madeAt, idleSince: now))
            }
        }
        return callNext(now: now, expired: &expired)
    }

    /// Somebody waits no more. False: they were called already.
    mutating func forget(_ ticket: Int) -> Bool {
        guard let place = waiters.firstIndex(of: ticket) else { return false }
        waiters.remove(at: place)
        return true
    }

    /// Everybody who waits is refused, what is idle is to be closed, what is taken is closed when it comes back.
    mutating func close(expired: inout [Item]) -> [Call] {
        isClosed = true
        expired += idle.map(\.item)
        idle = []
        defer { waiters = [] }
        return waiters.map { Call(ticket: $0, decision: .refuse(.closed)) }
    }

    private mutating func callNext(now: Int) -> [Call] {
        var expired: [Item] = []
        return callNext(now: now, expired: &expired)
    }

    private mutating func callNext(now: Int, expired: inout [Item]) -> [Call] {
        var calls: [Call] = []
        while let ticket = waiters.first, let decision = offer(now: now, expired: &expired) {
            waiters.removeFirst()
            calls.append(Call(ticket: ticket, decision: decision))
        }
        return calls
    }
}
