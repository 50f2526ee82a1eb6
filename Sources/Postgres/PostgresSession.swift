import CPostgres
import Glibc
import Synchronization

/// What may end a statement early: the caller's task was cancelled. Set from any thread.
final class Ticket: Sendable {
    private let flag = Atomic(false)
    var isCancelled: Bool { flag.load(ordering: .relaxed) }
    func cancel() { flag.store(true, ordering: .relaxed) }
}

/// libpq's connection. It lives and dies on one thread, which made it and waits for it: nobody else ever sees it, so it
/// needs no lock and is not Sendable.
final class PostgresSession {
    private let connection: OpaquePointer
    /// Rings when somebody wants the thread.
    private let bell: Int32
    /// Statements that were prepared here, by their text.
    private var prepared: [String: String] = [:]
    /// Names that were ever given: one whose statement was cancelled while it was prepared may be taken at the server.
    private var names = 0
    private var ticket = Ticket()
    /// ms on the monotonic clock; nil: as long as it takes.
    private var deadline: Int?

    /// How long a cancelled statement may take to end, ms. A connection that does not come free by then is given up.
    private static let grace = 2000

    /// Connects, in at most the time of the configuration.
    init(_ configuration: PostgresConfiguration, bell: Int32) throws(PostgresError) {
        var words = configuration.keywords
        words["application_name"] = words["application_name"] ?? words["fallback_application_name"] ?? "queue-worker"
        words["client_encoding"] = "UTF8"
        let pairs = words.sorted { $0.key < $1.key }
        let keys = pairs.map { strdup($0.key) } + [nil]
        let values = pairs.map { strdup($0.value) } + [nil]
        defer { for text in keys + values { free(text) } }
        let made = PQconnectStartParams(keys.map { UnsafePointer($0) }, values.map { UnsafePointer($0) }, 0)
        guard let made else { throw .unreachable("out of memory") }
        connection = made
        self.bell = bell
        begin(Ticket(), timeout: configuration.connectTimeout)
        try connect()
        PQsetnonblocking(connection, 1)
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// It can take statements, as far as is known without asking.
    var isUsable: Bool { PQstatus(connection) == CONNECTION_OK && !isBroken }
    private var isBroken = false

    /// To wait for, beside the bell.
    var socket: Int32 { PQsocket(connection) }

    /// The rules for what follows.
    func begin(_ ticket: Ticket, timeout: Duration?) {
        self.ticket = ticket
        deadline = timeout.map { Self.now + max(1, $0.milliseconds) }
    }

    // MARK: Statements

    /// One statement with parameters; `prepared` keeps its plan for the next time.
    func execute(
        _ sql: String, _ parameters: [PostgresValue], prepared isPrepared: Bool
    ) throws(PostgresError) -> PostgresResult {
        try checkUsable()
        let encoded = EncodedParameters(parameters)
        let name = isPrepared ? try prepare(sql, encoded) : nil
        let isSent = encoded.withPointers { values in
            if let name {
                PQsendQueryPrepared(connection, name, encoded.count, values, encoded.lengths, encoded.formats, 0)
            } else {
                PQsendQueryParams(
                    connection, sql, encoded.count, encoded.types, values, encoded.lengths, encoded.formats, 0)
            }
        }
        guard isSent == 1 else { throw broken() }
        return try result()
    }

    /// Statements without parameters, separated by semicolons, in one transaction unless they say otherwise.
    func execute(script: String) throws(PostgresError) {
        try checkUsable()
        guard PQsendQuery(connection, script) == 1 else { throw broken() }
        _ = try result()
    }

    /// `COPY … FROM STDIN` with its data. Answers how many rows there were.
    func copy(_ sql: String, _ data: [UInt8]) throws(PostgresError) -> Int {
        try checkUsable()
        guard PQsendQuery(connection, sql) == 1 else { throw broken() }
        try flush()
        try awaitResult()
        let start = PQgetResult(connection)
        let status = PQresultStatus(start)
        let refusal = start.map { ServerError($0) }
        PQclear(start)
        guard status == PGRES_COPY_IN else {
            try drain()
            throw refusal.map { .server($0) } ?? broken()
        }
        for first in stride(from: 0, to: data.count, by: 1 << 16) {
            let part = data[first..<min(first + 1 << 16, data.count)]
            var code: Int32 = 0
            repeat {
                code = part.withUnsafeBytes { bytes in
                    PQputCopyData(connection, bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
                }
                if code == 0 { try flush() }
            } while code == 0
            guard code == 1 else { throw broken() }
        }
        while true {
            let code = PQputCopyEnd(connection, nil)
            if code == 1 { break }
            guard code == 0 else { throw broken() }
            try flush()
        }
        return try result().affected
    }

    private func prepare(_ sql: String, _ parameters: EncodedParameters) throws(PostgresError) -> String {
        if let name = prepared[sql] { return name }
        names += 1
        let name = "q\(names)"
        guard PQsendPrepare(connection, name, sql, parameters.count, parameters.types) == 1 else { throw broken() }
        _ = try result()
        prepared[sql] = name
        return name
    }

    // MARK: Notifications

    /// What came since the last look, channel and payload. Marks the connection as broken when it has ended.
    func notifications() -> [PostgresNotification] {
        guard isUsable else { return [] }
        if PQconsumeInput(connection) == 0 {
            isBroken = true
            return []
        }
        var found: [PostgresNotification] = []
        while let notice = PQnotifies(connection) {
            found.append(
                PostgresNotification(
                    channel: String(cString: notice.pointee.relname), payload: String(cString: notice.pointee.extra)))
            PQfreemem(notice)
        }
        return found
    }

    // MARK: Waiting

    private func connect() throws(PostgresError) {
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
    private func result() throws(PostgresError) -> PostgresResult {
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
    private func drain() throws(PostgresError) {
        while true {
            try awaitResult()
            guard let result = PQgetResult(connection) else { return }
            PQclear(result)
        }
    }

    private func flush() throws(PostgresError) {
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

    private func awaitResult() throws(PostgresError) {
        while PQisBusy(connection) == 1 {
            guard wait(for: POLLIN) else { throw give() }
            if PQconsumeInput(connection) == 0 { throw broken() }
        }
    }

    /// The statement shall end: by time or by the caller. The connection is good for the next one if the server obeys.
    private func give() -> PostgresError {
        let reason: PostgresError = ticket.isCancelled ? .cancelled : .timeout
        var trouble = [CChar](repeating: 0, count: 256)
        let cancel = PQgetCancel(connection)
        PQcancel(cancel, &trouble, Int32(trouble.count))
        PQfreeCancel(cancel)
        begin(Ticket(), timeout: .milliseconds(Self.grace))
        while true {
            while PQisBusy(connection) == 1 {
                guard wait(for: POLLIN), PQconsumeInput(connection) == 1 else {
                    isBroken = true
                    return reason
                }
            }
            guard let result = PQgetResult(connection) else { return reason }
            PQclear(result)
        }
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

    private func checkUsable() throws(PostgresError) {
        if !isUsable { throw .unreachable("the connection had ended") }
    }

    private func broken() -> PostgresError {
        isBroken = isBroken || PQstatus(connection) != CONNECTION_OK
        return isBroken ? .lost(message) : .badAnswer(message)
    }

    private var message: String {
        let text = String(cString: PQerrorMessage(connection))
        return text.split(separator: "\n").joined(separator: "; ")
    }

    /// ms on a clock that is never set.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

extension Duration {
    /// Whole ones, rounded down.
    var milliseconds: Int { Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000) }
}
