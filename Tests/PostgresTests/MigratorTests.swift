import JobQueuePostgres
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct MigratorTests {
    @Test func `a database is brought up to date once, and then there is nothing to do`() async throws {
        let database = try await Database.make(isMigrated: false)
        #expect(try await database.outbox.schema().pending == Migration.all)
        await #expect(throws: OutboxError.notMigrated) { try await database.outbox.check() }
        #expect(try await Migrator(database.connection).migrate() == Migration.all)
        let status = try await database.outbox.schema()
        #expect(status.isReady && status.applied.map(\.version) == Migration.all.map(\.version))
        #expect(try await Migrator(database.connection).migrate() == [])
        try await database.outbox.check()
    }

    @Test func `several that start at once apply each step once`() async throws {
        let database = try await Database.make(isMigrated: false)
        let done = try await withThrowingTaskGroup(of: [Migration].self) { group in
            for _ in 0..<5 {
                group.addTask { try await Migrator(database.connect()).migrate() }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(done == Migration.all)
    }

    @Test func `a step that fails leaves nothing of itself, and can be tried again`() async throws {
        let database = try await Database.make(isMigrated: false)
        // The second step finds something in its way.
        try await database.connection.run(
            script:
                "CREATE SCHEMA jobqueue; CREATE FUNCTION jobqueue.is_too_deep(document text) RETURNS boolean LANGUAGE sql AS 'SELECT false'"
        )
        await #expect(throws: OutboxError.self) { try await Migrator(database.connection).migrate() }
        #expect(try await database.outbox.schema().applied.map(\.version) == [1])
        #expect(
            try await database.connection.query("SELECT to_regprocedure('jobqueue.span_ms(text,interval,bigint)')")
                .text(0, 0) == nil)
        try await database.connection.run(script: "DROP FUNCTION jobqueue.is_too_deep(text)")
        #expect(try await Migrator(database.connection).migrate().map(\.version) == [2, 3, 4])
    }

    @Test func `a step that was changed after it was applied is found out`() async throws {
        let database = try await Database.make()
        try await database.connection.query("UPDATE jobqueue.migrations SET checksum = 'x' WHERE version = 2")
        await #expect(throws: OutboxError.changed([2])) { try await Migrator(database.connection).migrate() }
        await #expect(throws: OutboxError.changed([2])) { try await database.outbox.check() }
    }

    @Test func `steps of a newer version are left alone`() async throws {
        let database = try await Database.make()
        try await database.connection.query("INSERT INTO jobqueue.migrations VALUES (99, 'later', 'x')")
        #expect(try await Migrator(database.connection).migrate() == [])
        try await database.outbox.check()
        #expect(try await database.outbox.schema().newer.map(\.version) == [99])
    }

    @Test func `a schema of another role is refused: its owner could exchange functions that run with our rights`()
        async throws
    {
        let database = try await Database.make(isMigrated: false)
        try await database.connection.run(
            script: "CREATE ROLE \"o-\(database.name)\"; CREATE SCHEMA jobqueue AUTHORIZATION \"o-\(database.name)\"")
        let migrator = Migrator(database.connection)
        for error in [
            await #expect(throws: OutboxError.self) { try await migrator.migrate() },
            await #expect(throws: OutboxError.self) { try await migrator.status() },
        ] { #expect("\(error as Any)".contains("belongs to the role o-")) }
        #expect(try await database.connection.query("SELECT to_regclass('jobqueue.migrations')").text(0, 0) == nil)
    }

    @Test func `the script that is shown does the same as migrate`() async throws {
        let database = try await Database.make(isMigrated: false)
        let script = Migrator.script(for: try await database.outbox.schema())
        try await database.connection.run(script: script)
        #expect(try await database.outbox.schema().isReady)
        #expect(Migrator.script(for: try await database.outbox.schema()) == "")
        try await database.outbox.check()
    }

    @Test func `a database of another encoding is refused before anything is made`() async throws {
        let database = try await Database.make(isMigrated: false)
        let name = "l-\(database.name)"
        try await database.connection.query(
            "CREATE DATABASE \"\(name)\" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0")
        let other = try await PostgresConnection.connect(
            PostgresConfiguration(url: database.server.url(user: "postgres", database: name)))
        let error = await #expect(throws: OutboxError.self) { try await Migrator(other).migrate() }
        #expect("\(error as Any)".contains("UTF8"))
    }
}
