import JobModel
import JobStore
import Postgres
import Testing

@testable import JobQueuePostgres

/// What `doctor` says of Postgres, as tables.
@Suite(.timeLimit(.minutes(2))) struct DoctorTests {
    private typealias Facts = PostgresExamination

    private static let applied = Migration.all.map {
        SchemaStatus.Applied(version: $0.version, name: $0.name, checksum: $0.checksum, appliedMs: 1)
    }

    /// A server as it should be, with something changed.
    private func examination(
        url: String = "host=/run/postgresql dbname=d", processes: Int = 0,
        _ change: (inout PostgresExamination) -> Void = { _ in }
    ) throws -> PostgresExamination {
        var seen = Facts(
            server: try PostgresConfiguration(url: url), schema: .success(SchemaStatus(applied: Self.applied)),
            relay: .success(true), backlog: .success(.init(rows: 0, oldestMs: nil, rejected: 0)),
            capacity: .success(.init(limit: 100, used: 11, reserved: 3, ours: 1)),
            plan: .init(processes: processes, isRelaying: true, maxAge: .seconds(60)))
        change(&seen)
        return seen
    }

    private func finding(_ id: String, _ seen: PostgresExamination) throws -> Finding {
        try #require(Facts.checks.first { $0.id == id }).finding(seen)
    }

    @Test func `a server as it should be has nothing but good rows, and each a name that nobody else has`() throws {
        let seen = try examination()
        for check in Facts.checks {
            let finding = check.finding(seen)
            #expect(finding.status == .ok && finding.cure.isEmpty && !finding.seen.isEmpty, "\(finding)")
        }
        let names = Facts.checks.map(\.id) + Examination.checks.map(\.id)
        #expect(Set(names).count == names.count)
    }

    @Test(arguments: [
        ("postgres://db.example.org/d", Finding.Status.warn), ("postgres://db.example.org/d?sslmode=require", .warn),
        ("postgres://u:s3cret@db.example.org/d?sslmode=verify-full", .ok), ("postgres://127.0.0.1/d", .ok),
    ])
    func `a server that nobody checks is told, where there is a network`(url: String, status: Finding.Status) throws {
        let finding = try finding("postgres", try examination(url: url))
        #expect(finding.status == status && !finding.message.contains("s3cret"), "\(finding)")
    }

    @Test(arguments: [PostgresError.unreachable("no route"), .refused("password authentication failed"), .timeout])
    func `a server that does not answer fails once, and the other rows point there`(error: PostgresError) throws {
        let seen = try examination(url: "postgres://u:s3cret@h/d") { seen in
            (seen.schema, seen.relay) = (.failure(.postgres(error)), .failure(.postgres(error)))
            (seen.backlog, seen.capacity) = (.failure(.postgres(error)), .failure(.postgres(error)))
        }
        for check in Facts.checks {
            let finding = check.finding(seen)
            if check.id == "postgres" {
                #expect(finding.status == .fail && finding.seen.hasPrefix("postgres://u@h/d: "), "\(finding)")
            } else {
                #expect(finding.status == .unknown && finding.cure == "see postgres", "\(finding)")
            }
        }
    }

    @Test func `a schema that is missing, old or changed fails with its cure, a newer one does not`() throws {
        func schema(_ applied: [SchemaStatus.Applied]) throws -> Finding {
            try finding("schema", try examination { $0.schema = .success(SchemaStatus(applied: applied)) })
        }
        let none = try schema([])
        #expect(none.status == .fail && none.cure == "run: queue-worker postgres migrate")
        #expect(none.seen == "there is no schema jobqueue")
        let old = try schema(Array(Self.applied.dropLast()))
        let last = try #require(Migration.all.last)
        #expect(old.status == .fail && old.cure == none.cure)
        #expect(old.seen == "the schema lacks \(last.version) \(last.name)")
        var changed = Self.applied
        changed[1].checksum = "0"
        let other = try schema(changed)
        #expect(other.status == .fail && other.seen.contains("migrations 2 are not"), "\(other)")
        let newer = SchemaStatus.Applied(version: 99, name: "later", checksum: "1", appliedMs: 1)
        #expect(try schema(Self.applied + [newer]).status == .ok)
        let missing = try examination {
            ($0.relay, $0.backlog) = (.failure(.notMigrated), .failure(.notMigrated))
        }
        for id in ["relay", "outbox", "rejected"] { #expect(try finding(id, missing).cure == "see schema") }
    }

    @Test func `what keeps a relay from working fails, where there is to be one`() throws {
        for error in [OutboxError.denied("GRANT x TO it"), .unfit("a standby")] {
            var seen = try examination { $0.relay = .failure(error) }
            #expect(try finding("relay", seen).status == .fail && finding("relay", seen).seen == "\(error)")
            seen.plan.isRelaying = false
            #expect(try finding("relay", seen).status == .ok)
        }
        let seen = try examination { $0.backlog = .failure(.denied("permission denied")) }
        #expect(try finding("outbox", seen).status == .unknown && finding("outbox", seen).cure.contains("grant_viewer"))
    }

    @Test(arguments: [
        (0, nil, Finding.Status.ok, "no row waits"), (1, 60_000, .ok, "1 row waits, the oldest for 1m"),
        (1204, 60_001, .warn, "1,204 rows wait, the oldest for 1m (postgres.max_age is 1m)"),
    ])
    func `rows that wait for longer than they may are told`(
        rows: Int, oldestMs: Int?, status: Finding.Status, text: String
    ) throws {
        let seen = try examination { $0.backlog = .success(.init(rows: rows, oldestMs: oldestMs, rejected: 0)) }
        let finding = try finding("outbox", seen)
        #expect(finding.status == status && finding.seen == text, "\(finding)")
        #expect((finding.status == .ok) == finding.cure.isEmpty)
    }

    @Test func `rows that no job can be made of want a person`() throws {
        let seen = try examination { $0.backlog = .success(.init(rows: 0, oldestMs: nil, rejected: 1)) }
        let finding = try finding("rejected", seen)
        #expect(finding.status == .warn && finding.seen == "no job could be made of 1 row")
        #expect(finding.cure.contains("relay ls"))
        #expect(try self.finding("outbox", seen).status == .ok)
    }

    @Test(arguments: [
        // Processes, used, ours: the one that asks is among the last two.
        (0, 96, 1, true, Finding.Status.ok, "2 more"), (0, 97, 1, true, .warn, "2 more"),
        (0, 97, 1, false, .ok, "1 more"), (8, 82, 1, true, .ok, "16 more"), (8, 83, 1, true, .warn, "16 more"),
        // Those that run already are counted once.
        (8, 98, 17, true, .ok, "0 more"), (8, 97, 9, true, .warn, "8 more"),
    ])
    func `connections that are planned are held against those that are left`(
        processes: Int, used: Int, ours: Int, isRelaying: Bool, status: Finding.Status, more: String
    ) throws {
        let seen = try examination(processes: processes) { seen in
            seen.capacity = .success(.init(limit: 100, used: used, reserved: 3, ours: ours))
            seen.plan.isRelaying = isRelaying
        }
        let finding = try finding("backends", seen)
        #expect(finding.status == status && finding.seen.contains(", \(more) "), "\(finding)")
        #expect(finding.seen.contains("\(used - 1) of 97 connected"))
    }

    @Test func `a real server is examined, before and after its schema is made`() async throws {
        let database = try await Database.make(isMigrated: false)
        let server = try PostgresConfiguration(url: database.url)
        let plan = Facts.Plan(processes: 2, isRelaying: true, maxAge: .seconds(60))
        func statuses() async -> [String] {
            let seen = await Facts.examine(server, plan)
            return Facts.checks.map { $0.finding(seen) }.filter { $0.status != .ok }.map { "\($0.id) \($0.status)" }
        }
        #expect(
            await statuses() == ["schema fail", "relay unknown", "outbox unknown", "rejected unknown"])
        _ = try await Migrator(database.connection).migrate()
        #expect(await statuses() == [])
        let away = await Facts.examine(try PostgresConfiguration(url: "postgres://127.0.0.1:1/d"), plan)
        #expect(Facts.checks.map { $0.finding(away).status } == [.fail] + Array(repeating: .unknown, count: 5))
    }
}
