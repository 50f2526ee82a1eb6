import JobModel
package import Postgres

/// The outbox of a database, by way of one connection. Each method is one statement, except where it says otherwise.
package struct Outbox: Sendable {
    package let connection: PostgresConnection

    package init(_ connection: PostgresConnection) { self.connection = connection }

    /// A connection of its own, to be closed by whoever asked for it.
    package static func open(_ server: PostgresConfiguration) async throws(OutboxError) -> Outbox {
        do throws(PostgresError) {
            let outbox = Outbox(try await PostgresConnection.connect(server))
            try await outbox.prepare()
            return outbox
        } catch { throw OutboxError(error) }
    }

    /// Makes the session one in which nobody else's objects can stand in for those of Postgres.
    func prepare() async throws(PostgresError) {
        try await connection.run(script: Statement.session.sql, timeout: Self.patience)
    }

    /// How long a statement may take that locks nothing.
    static let patience = Duration.seconds(10)

    // MARK: The schema

    /// Which migrations the database has had. Several statements.
    package func schema() async throws(OutboxError) -> SchemaStatus {
        let facts = try await run(.facts)
        guard facts.int(0, 0) ?? 0 >= 130_000 else {
            throw .unfit("Postgres 13 or newer is needed: upgrade the server")
        }
        guard facts.text(0, 1) == "UTF8" else {
            let found = facts.text(0, 1) ?? "?"
            throw .unfit("the database has the encoding \(found), jobs are UTF-8: use a database with ENCODING 'UTF8'")
        }
        guard facts.text(0, 3) == "t" else { return SchemaStatus(applied: []) }
        let rows = try await run(.applied)
        return SchemaStatus(
            applied: (0..<rows.rowCount).map { row in
                SchemaStatus.Applied(
                    version: rows.int(row, 0) ?? 0, name: rows.text(row, 1) ?? "", checksum: rows.text(row, 2) ?? "",
                    appliedMs: rows.int(row, 3) ?? 0)
            })
    }

    /// Throws what keeps a relay from working here. Several statements.
    package func check() async throws(OutboxError) {
        let schema = try await schema()
        if !schema.pending.isEmpty { throw .notMigrated }
        if !schema.changed.isEmpty { throw .changed(schema.changed.map(\.version)) }
        let facts = try await run(.facts)
        if facts.text(0, 2) == "t" {
            throw .unfit("this server is a standby, which can only be read: use the primary's address")
        }
        let reach = try await run(.reach)
        let rights = [
            "USAGE ON SCHEMA jobqueue", "SELECT, UPDATE, DELETE ON jobqueue.outbox",
            "SELECT, INSERT ON jobqueue.rejected", "SELECT, UPDATE, DELETE ON jobqueue.once_done",
        ]
        for (column, right) in rights.enumerated() where reach.text(0, column) != "t" {
            throw .denied(
                "this role may not use the outbox: it lacks \(right); as the owner of the schema, SELECT jobqueue.grant_relay('the role')"
            )
        }
    }

    /// Throws when the schema is there and another role's: whoever owns it can exchange functions that run with our rights.
    func checkOwner() async throws(OutboxError) {
        let owner = try await run(.owner)
        if owner.rowCount > 0, owner.text(0, 1) != "t" {
            throw .unfit(
                "the schema jobqueue belongs to the role \(Printable.oneLine(owner.text(0, 0) ?? "?", limit: 80)): "
                    + "migrate as that role, or drop the schema if it is not ours")
        }
    }

    // MARK: Rows

    /// The queues that have rows.
    func queues() async throws(OutboxError) -> [String] {
        let rows = try await run(.queues)
        return (0..<rows.rowCount).compactMap { rows.text($0, 0) }
    }

    /// Locks the oldest rows of a queue that nobody else has, until the end of the transaction.
    func take(_ queue: String, limit: Int, bytes: Int) async throws(OutboxError) -> [OutboxRow] {
        let rows = try await run(.take, [.text(queue), .int(limit), .int(bytes)])
        return (0..<rows.rowCount).map { OutboxRow(rows, $0) }
    }

    func remove(_ ids: [String], from queue: String) async throws(OutboxError) {
        if ids.isEmpty { return }
        try await run(.remove, [.text(queue), .utf8(JSONWriter.object { $0.field("ids", ids) })])
    }

    func reject(_ refusals: [(id: String, reason: String)], from queue: String) async throws(OutboxError) {
        if refusals.isEmpty { return }
        let rows = refusals.map { refusal in
            JSONWriter.object(capacity: 200) { writer in
                writer.field("id", refusal.id)
                writer.field("reason", refusal.reason)
            }
        }
        try await run(.reject, [.text(queue), .utf8(JSONWriter.object { $0.field("rows", objects: rows) })])
    }

    /// Forgets up to so many effects that were recorded longer ago than this. Answers how many.
    func forget(_ age: Duration, limit: Int) async throws(OutboxError) -> Int {
        try await run(.forget, [.int(age.milliseconds), .int(limit)]).affected
    }

    enum Doze: String {
        /// From here on, whoever enqueues wakes us.
        case asleep
        /// A transaction is open that has enqueued, and will not wake us.
        case busy = "somebody enqueues"
        /// Another relay is the one that sleeps.
        case taken
    }

    func doze() async throws(OutboxError) -> Doze {
        let answer = try await run(.doze)
        return Doze(rawValue: answer.text(0, 0) ?? "") ?? .taken
    }

    func rouse() async throws(OutboxError) { try await run(.rouse) }

    // MARK: For those who look

    /// What waits, and what was put aside.
    package struct Backlog: Sendable, Equatable {
        /// Rows that wait, counted up to `limit`.
        package var rows: Int
        /// How long the oldest has waited, in ms; nil without one.
        package var oldestMs: Int?
        /// Rows that no job can be made of, counted up to `limit`.
        package var rejected: Int

        /// Counting more would take longer than anybody waits.
        package static let limit = 1_000_000

        package init(rows: Int, oldestMs: Int?, rejected: Int) {
            self.rows = rows
            self.oldestMs = oldestMs
            self.rejected = rejected
        }
    }

    package func backlog() async throws(OutboxError) -> Backlog {
        let row = try await run(.backlog, [.int(Backlog.limit)])
        return Backlog(
            rows: row.int(0, 0) ?? 0, oldestMs: row.int(0, 1).map { max(0, $0) }, rejected: row.int(0, 2) ?? 0)
    }

    /// A row that was put aside.
    package struct Rejected: Sendable, Equatable {
        package var number: Int
        package var queue: String
        package var id: String
        package var name: String
        package var reason: String
        /// Of the payload.
        package var bytes: Int
        /// ms since 1970, as the two that follow.
        package var createdMs: Int
        package var rejectedMs: Int
    }

    /// The oldest ones behind a number.
    package func rejected(after number: Int, limit: Int) async throws(OutboxError) -> [Rejected] {
        let rows = try await run(.rejected, [.int(number), .int(limit)])
        return (0..<rows.rowCount).map { row in
            Rejected(
                number: rows.int(row, 0) ?? 0, queue: rows.text(row, 1) ?? "", id: rows.text(row, 2) ?? "",
                name: rows.text(row, 3) ?? "", reason: rows.text(row, 4) ?? "", bytes: rows.int(row, 5) ?? 0,
                createdMs: rows.int(row, 6) ?? 0, rejectedMs: rows.int(row, 7) ?? 0)
        }
    }

    /// Puts rejected rows back, nil for all. Answers how many; one whose id waits again stays.
    package func retry(_ numbers: [Int]?) async throws(OutboxError) -> Int {
        try await run(.retry, [numbers.map { .text("\($0)") } ?? .null]).affected
    }

    /// Deletes rejected rows for good. Answers how many there were.
    package func discard(_ numbers: [Int]) async throws(OutboxError) -> Int {
        try await run(.discard, [.text("\(numbers)")]).affected
    }

    /// Connections that the server takes at most and has now.
    package struct Capacity: Sendable, Equatable {
        package var limit: Int
        package var used: Int
        /// Kept for superusers, and for roles with a reserve.
        package var reserved: Int
        /// Of those it has: ours, from this machine, the one that asks included.
        package var ours: Int

        package init(limit: Int, used: Int, reserved: Int, ours: Int) {
            self.limit = limit
            self.used = used
            self.reserved = reserved
            self.ours = ours
        }
    }

    package func capacity() async throws(OutboxError) -> Capacity {
        let row = try await run(.capacity)
        return Capacity(
            limit: row.int(0, 0) ?? 0, used: row.int(0, 1) ?? 0, reserved: row.int(0, 2) ?? 0, ours: row.int(0, 3) ?? 0)
    }

    @discardableResult
    private func run(
        _ statement: Statement, _ parameters: [PostgresValue] = []
    ) async throws(OutboxError) -> PostgresResult {
        do throws(PostgresError) {
            return try await connection.query(statement.sql, parameters, timeout: Self.patience)
        } catch { throw OutboxError(error) }
    }
}

extension OutboxError {
    /// What a missing schema or right looks like is what it is.
    init(_ error: PostgresError) {
        guard case .server(let refusal) = error else {
            self = .postgres(error)
            return
        }
        switch refusal.sqlState {
        // undefined_table, undefined_function, undefined_column, invalid_schema_name
        case "42P01", "42883", "42703", "3F000": self = .notMigrated
        // insufficient_privilege
        case "42501": self = .denied("\(error)")
        default: self = .postgres(error)
        }
    }
}
