import NIOCore

// The way of the connection: attempts, the handshake, loss and the end.
extension ConnectionMachine {
    /// Starts an attempt, unless one is under way or not needed.
    mutating func connect(now: NIODeadline) -> [Action] {
        switch state {
        case .idle, .resting:
            attempt += 1
            state = .connecting(until: now + TimeAmount(clamping: configuration.connectTimeout))
            return [.connect(attempt: attempt)]
        case .connecting, .encrypting, .handshaking, .ready, .closed:
            return []
        }
    }

    /// This attempt is the one we still wait for.
    func awaits(attempt: Int) -> Bool {
        guard case .connecting = state else { return false }
        return attempt == self.attempt
    }

    /// The socket is open.
    mutating func connected(attempt: Int) -> [Action] {
        guard case .connecting(let until) = state, attempt == self.attempt else { return [] }
        guard configuration.tls == nil else {
            state = .encrypting(until: until)
            return []
        }
        return logIn(until: until)
    }

    /// Both sides encrypt from now on, and the server is the one we meant.
    mutating func encrypted(attempt: Int) -> [Action] {
        guard case .encrypting(let until) = state, attempt == self.attempt else { return [] }
        return logIn(until: until)
    }

    private mutating func logIn(until: NIODeadline) -> [Action] {
        state = .handshaking(step: 0, until: until)
        clearScratch()
        handshake.encode(into: &scratch)
        return [.write(scratch)]
    }

    /// The socket could not be opened, has failed or was closed by the server, or what it said makes no sense. `reason`
    /// tells people why, if no connection had been made.
    mutating func lost(attempt: Int, reason: String) -> [Action] {
        guard attempt == self.attempt else { return [] }
        switch state {
        case .connecting, .encrypting, .handshaking: return drop(.unreachable(reason))
        case .ready: return drop(.connectionLost(sent: true))
        case .idle, .resting, .closed: return []
        }
    }

    /// There is no connection that may be used, for this reason.
    mutating func refused(attempt: Int, _ failure: RedisTLSFailure) -> [Action] {
        guard attempt == self.attempt else { return [] }
        switch state {
        case .connecting, .encrypting, .handshaking: return drop(.tls(failure))
        case .ready: return drop(.connectionLost(sent: true))
        case .idle, .resting, .closed: return []
        }
    }

    /// The end: everything fails, and nothing is accepted any more.
    mutating func close() -> [Action] {
        guard state != .closed else { return [] }
        state = .closed
        let waiters = takeInFlight().map(\.waiter) + takeUnsent()
        return [.closeSocket, .fail(waiters, .closed), .down(.closed)]
    }

    mutating func handshakeAnswered(step: Int, until: NIODeadline, _ error: RedisError?) -> [Action] {
        if let error, let verdict = Handshake.verdict(on: handshake.steps[step], refusedWith: error) {
            return drop(verdict)
        }
        guard step + 1 == handshake.steps.count else {
            state = .handshaking(step: step + 1, until: until)
            return []
        }
        state = .ready
        hasWorked = true
        failures = 0
        lastFailure = nil
        return [.up]
    }

    /// Gives up the connection or the attempt. What is in flight fails: with `timedOut` if its deadline has passed at
    /// `now`, else as lost. What is unsent stays for the next connection, unless the server refused us or we refused it:
    /// then waiting would only hide a wrong password or certificate.
    mutating func drop(_ error: RedisError, now: NIODeadline = .uptimeNanoseconds(0)) -> [Action] {
        var actions: [Action] = [.closeSocket]
        let interrupted = takeInFlight()
        let expired = interrupted.filter { $0.deadline <= now }.map(\.waiter)
        let others = interrupted.filter { $0.deadline > now }.map(\.waiter)
        if !expired.isEmpty { actions.append(.fail(expired, .timedOut(sent: true))) }
        if !others.isEmpty { actions.append(.fail(others, .connectionLost(sent: true))) }
        switch error {
        case .authentication, .permission:
            lastFailure = error
            actions.append(.fail(takeUnsent(), error))
        case .tls(let failure):
            lastFailure = error
            if failure.isCertain { actions.append(.fail(takeUnsent(), error)) }
        case .unreachable: lastFailure = error
        default: lastFailure = nil
        }
        failures += 1
        state = .resting
        let pause = configuration.backoff.pause(failures: failures, using: &random)
        return actions + [.down(error), .reconnect(after: pause)]
    }

    private mutating func takeInFlight() -> [InFlight] {
        defer { inFlight.removeAll() }
        admittedBytes -= inFlight.reduce(0) { $0 + $1.byteCount }
        return Array(inFlight)
    }

    private mutating func takeUnsent() -> [Waiter] {
        defer {
            unsent.removeAll()
            waiting.removeAll()
        }
        admittedBytes -= unsent.reduce(0) { $0 + $1.command.byteCount }
        return unsent.map(\.waiter) + waiting.map(\.waiter)
    }
}

extension TimeAmount {
    /// The duration, at most ten years: deadlines are 64-bit nanoseconds and must not overflow.
    init(clamping duration: Duration) {
        self = .nanoseconds(Int64(min(max(duration, .zero), .seconds(315_360_000)) / .nanoseconds(1)))
    }
}
