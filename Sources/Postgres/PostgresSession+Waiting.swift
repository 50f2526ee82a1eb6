import CPostgres
import Glibc
import Synchronization

/// Every wait for the server ends in time, or when nobody wants it any more.
extension PostgresSession {
    func connect() throws(PostgresError) {
        var state = PGRES_POLLING_WRITING
        while state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING {
            guard PQsocket(connection) >= 0 else { break }
            guard wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT) else {
                throw .unreachable("no answer in time")
            }
            state = PQconnectPoll(connection)
        }
        guard state == PGRES_POLLING_OK else { throw Self.refusal(message) }
    }

    /// libpq tells refusals and dead servers apart by words only.
    private static func refusal(_ text: String) -> PostgresError {
        let words = ["authentication", "pg_hba.conf", "role \"", "database \"", "permission denied", "no password"]
        let isRefusal = words.contains { text.contains($0) } && !text.contains("starting up")
        return isRefusal ? .refused(text) : .unreachable(text)
    }

    /// Sends what is left, then takes all results; the first error counts.
    func result() throws(PostgresError) -> PostgresResult {
        try flush()
        var answer = PostgresResult()
        var failure: PostgresError?
        while true {
            try awaitResult()
            guard let result = PQgetResult(connection) else { break }
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: answer = PostgresResult(result)
            case PGRES_COPY_IN:
                _ = PQputCopyEnd(connection, "COPY is not expected here")
                failure = failure ?? .badAnswer("COPY")
            case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                isBroken = true
                throw .badAnswer("COPY … TO STDOUT: there is no way here to read it")
            case PGRES_FATAL_ERROR, PGRES_NONFATAL_ERROR:
                let error = ServerError(result)
                // Without a state it is libpq's own: the connection has ended.
                failure = failure ?? (error.sqlState.isEmpty ? broken() : .server(error))
            default: failure = failure ?? .badAnswer(String(cString: PQresStatus(PQresultStatus(result))))
            }
        }
        if let failure { throw failure }
        return answer
    }

    /// Takes what is left of results that nobody wants.
    func drain() throws(PostgresError) {
        while true {
            try awaitResult()
            guard let result = PQgetResult(connection) else { return }
            defer { PQclear(result) }
            if Self.isCopy(result) {
                isBroken = true
                return
            }
        }
    }

    func flush() throws(PostgresError) {
        while true {
            switch PQflush(connection) {
            case 0: return
            case 1:
                guard wait(for: POLLIN | POLLOUT) else { throw give() }
                if PQconsumeInput(connection) == 0 { throw broken() }
            default: throw broken()
            }
        }
    }

    func awaitResult() throws(PostgresError) {
        while PQisBusy(connection) == 1 {
            guard wait(for: POLLIN) else { throw give() }
            if PQconsumeInput(connection) == 0 { throw broken() }
        }
    }

    /// How long a cancelled statement may take to end, ms. A connection that does not come free by then is given up.
    private static let grace = 2000

    /// The statement shall end: by time or by the caller. The connection is good for the next one if the server obeys.
    private func give() -> PostgresError {
        let reason: PostgresError = ticket.isCancelled ? .cancelled : .timeout
        guard cancelsAtServer else {
            isBroken = true
            return reason
        }
        let end = Self.now + Self.grace
        let request = CancelRequest(connection)
        arm(Ticket(), timeout: .milliseconds(Self.grace))
        do throws(GivenUp) { try discard() } catch { isBroken = true }
        // One that is still on its way would end the next statement instead.
        if request?.isOver(within: isBroken ? 0 : end - Self.now) != true { isBroken = true }
        return reason
    }

    private struct GivenUp: Error {}

    private func discard() throws(GivenUp) {
        while true {
            while PQisBusy(connection) == 1 {
                guard wait(for: POLLIN), PQconsumeInput(connection) == 1 else { throw GivenUp() }
            }
            guard let result = PQgetResult(connection) else { return }
            defer { PQclear(result) }
            // It would be the same one again and again.
            if Self.isCopy(result) { throw GivenUp() }
        }
    }

    /// Half of a conversation that only the other half ends.
    private static func isCopy(_ result: OpaquePointer) -> Bool {
        [PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH].contains(PQresultStatus(result))
    }

    /// False when the time is over or the caller wants no more.
    private func wait(for events: Int32) -> Bool {
        while true {
            if ticket.isCancelled { return false }
            let rest = deadline.map { $0 - Self.now } ?? -1
            if deadline != nil, rest <= 0 { return false }
            var polls = [
                pollfd(fd: socket, events: Int16(events), revents: 0),
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&polls, 2, Int32(min(rest, Int(Int32.max))))
            if count < 0, errno != EINTR { return false }
            if polls[1].revents != 0 { Bell.clear(bell) }
            if polls[0].revents != 0 { return true }
        }
    }
}
