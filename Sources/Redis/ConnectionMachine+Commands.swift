import DequeModule
import NIOCore

// The way of a command: in, out, answered or out of time.
extension ConnectionMachine {
    /// How many commands are sent and unanswered, admitted but not sent, and waiting for room.
    var load: RedisLoad {
        RedisLoad(inFlight: inFlight.count, unsent: unsent.count, waiting: waiting.count)
    }

    /// Something has a deadline, so `tick` must be called from time to time.
    var needsTick: Bool {
        switch state {
        case .connecting, .encrypting, .handshaking: true
        case .idle, .ready, .resting, .closed: !inFlight.isEmpty || !unsent.isEmpty || !waiting.isEmpty
        }
    }

    /// Takes a command in. `flush` sends it.
    mutating func enqueue(_ pending: Pending) -> [Action] {
        if state == .closed { return [.fail([pending.waiter], .closed)] }
        if pending.isUrgent || (waiting.isEmpty && hasRoom(for: pending)) {
            admit(pending)
        } else {
            waiting.append(pending)
        }
        return []
    }

    /// Sends whatever may be sent, in one write.
    mutating func flush(now: NIODeadline) -> [Action] {
        while let next = waiting.first, hasRoom(for: next) { admit(waiting.removeFirst()) }
        guard state == .ready, !unsent.isEmpty else { return [] }
        clearScratch()
        var expired: [Waiter] = []
        while let next = unsent.popFirst() {
            // Sent now, it would time out at once and take the whole connection with it.
            guard next.deadline > now else {
                admittedBytes -= next.command.byteCount
                expired.append(next.waiter)
                continue
            }
            next.command.encode(into: &scratch)
            inFlight.append(InFlight(waiter: next.waiter, deadline: next.deadline, byteCount: next.command.byteCount))
        }
        var actions: [Action] = scratch.readableBytes == 0 ? [] : [.write(scratch)]
        if !expired.isEmpty { actions.append(.fail(expired, .timedOut(sent: false))) }
        return actions
    }

    /// A reply came; `error` is set when it is an error reply.
    mutating func received(_ error: RedisError?, attempt: Int) -> Reception {
        guard attempt == self.attempt else { return .act([]) }
        switch state {
        case .ready:
            guard let first = inFlight.popFirst() else {
                return .act(drop(.protocolError("a reply that no command asked for")))
            }
            admittedBytes -= first.byteCount
            return .deliver(first.waiter)
        case .handshaking(let step, let until):
            return .act(handshakeAnswered(step: step, until: until, error))
        case .idle, .connecting, .encrypting, .resting, .closed:
            return .act([])
        }
    }

    /// Ends whatever is out of time. To be called about every 50 milliseconds while `needsTick`.
    mutating func tick(now: NIODeadline) -> [Action] {
        var actions = endExpiredConnection(now)
        let expired = Self.removeExpired(&waiting, now).map(\.waiter)
        let expiredUnsent = Self.removeExpired(&unsent, now)
        admittedBytes -= expiredUnsent.reduce(0) { $0 + $1.command.byteCount }
        let waiters = expiredUnsent.map(\.waiter) + expired
        if !waiters.isEmpty { actions.append(.fail(waiters, lastFailure ?? .timedOut(sent: false))) }
        return actions
    }

    private mutating func endExpiredConnection(_ now: NIODeadline) -> [Action] {
        switch state {
        case .encrypting(let until) where until <= now && !hasWorked: drop(.tls(.silentServer))
        case .connecting(let until), .encrypting(let until), .handshaking(_, let until):
            until <= now ? drop(.unreachable("no answer within \(configuration.connectTimeout)")) : []
        case .ready:
            inFlight.contains { $0.deadline <= now } ? drop(.timedOut(sent: true), now: now) : []
        case .idle, .resting, .closed: []
        }
    }

    private static func removeExpired(_ deque: inout Deque<Pending>, _ now: NIODeadline) -> [Pending] {
        guard deque.contains(where: { $0.deadline <= now }) else { return [] }
        let expired = Array(deque.filter { $0.deadline <= now })
        deque.removeAll { $0.deadline <= now }
        return expired
    }

    /// Empties the buffer for the next write; one that a burst has blown up is not kept.
    mutating func clearScratch() {
        if scratch.capacity > 1 << 20 { scratch = ByteBuffer() } else { scratch.clear() }
    }

    /// A command larger than the whole bound goes alone: refusing it for ever would help nobody.
    private func hasRoom(for pending: Pending) -> Bool {
        let count = inFlight.count + unsent.count
        if count == 0 { return true }
        return count < configuration.maxInFlight
            && admittedBytes + pending.command.byteCount <= configuration.maxInFlightBytes
    }

    private mutating func admit(_ pending: Pending) {
        admittedBytes += pending.command.byteCount
        unsent.append(pending)
    }
}
