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
    let connection: OpaquePointer
    /// Rings when somebody wants the thread.
    let bell: Int32
    private let preparesStatements: Bool
    /// Statements that were prepared here, by their text.
    private var prepared: [String: String] = [:]
    /// Names that were ever given: one whose statement was cancelled while it was prepared may be taken at the server.
    private var names = 0
    private(set) var ticket = Ticket()
    /// ms on the monotonic clock; nil: as long as it takes.
    private(set) var deadline: Int?
    let cancelsAtServer: Bool

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
        preparesStatements = configuration.preparesStatements
        cancelsAtServer = configuration.cancelsAtServer
        arm(Ticket(), timeout: configuration.connectTimeout)
        try connect()
        PQsetnonblocking(connection, 1)
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
    }

    deinit { PQfinish(connection) }

    /// It can take statements, as far as is known without asking.
    var isUsable: Bool { PQstatus(connection) == CONNECTION_OK && !isBroken }
    /// Given up, or found dead. Never unset.
    var isBroken = false

    /// To wait for, beside the bell.
    var socket: Int32 { PQsocket(connection) }

    /// The rules for what follows.
    func arm(_ ticket: Ticket, timeout: Duration?) {
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
        guard isPrepared, preparesStatements, let (name, isNew) = try prepare(sql, encoded) else {
            return try send(encoded) { values in
                PQsendQueryParams(
                    connection, sql, encoded.count, encoded.types, values, encoded.lengths, encoded.formats, 0)
            }
        }
        do throws(PostgresError) {
            return try send(encoded) { values in
                PQsendQueryPrepared(connection, name, encoded.count, values, encoded.lengths, encoded.formats, 0)
            }
        } catch {
            // A table has other columns now, or somebody discarded all plans: it was not done, and is prepared anew.
            guard !isNew, case .server(let answer) = error, ["0A000", "26000"].contains(answer.sqlState) else {
                throw error
            }
            prepared[sql] = nil
            if isInTransaction { throw error }
            try? execute(script: "DEALLOCATE \(name)")
            return try execute(sql, parameters, prepared: true)
        }
    }

    private func send(
        _ parameters: EncodedParameters, _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Int32
    ) throws(PostgresError) -> PostgresResult {
        guard parameters.withPointers(body) == 1 else { throw broken() }
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
        let refusal = status == PGRES_FATAL_ERROR ? start.map { ServerError($0) } : nil
        PQclear(start)
        guard status == PGRES_COPY_IN else {
            try drain()
            throw refusal.map { $0.sqlState.isEmpty ? broken() : .server($0) }
                ?? .badAnswer("this is no COPY … FROM STDIN")
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

    /// The name of a statement, prepared now if it is new; nil when there are enough of them.
    private func prepare(
        _ sql: String, _ parameters: EncodedParameters
    ) throws(PostgresError) -> (name: String, isNew: Bool)? {
        if let name = prepared[sql] { return (name, false) }
        guard prepared.count < Self.plans else { return nil }
        names += 1
        let name = "q\(names)"
        guard PQsendPrepare(connection, name, sql, parameters.count, parameters.types) == 1 else { throw broken() }
        _ = try result()
        prepared[sql] = name
        return (name, true)
    }

    /// Kept at most: whoever writes values into texts shall not fill the server's memory.
    private static let plans = 256

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

    func checkUsable() throws(PostgresError) {
        if !isUsable { throw .unreachable("the connection had ended") }
    }

    func broken() -> PostgresError {
        isBroken = isBroken || PQstatus(connection) != CONNECTION_OK
        return isBroken ? .lost(message) : .badAnswer(message)
    }

    var message: String {
        let text = String(cString: PQerrorMessage(connection))
        // Hints are set in.
        return text.split(whereSeparator: { $0 == "\n" || $0 == "\t" }).joined(separator: "; ")
    }

    /// ms on a clock that is never set.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}

extension Duration {
    /// Whole ones, rounded down, 0 to 100 years.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let most: Int64 = 100 * 366 * 86_400
        return Int(min(max(0, seconds), most)) * 1000 + Int(max(0, attoseconds) / 1_000_000_000_000_000)
    }
}
