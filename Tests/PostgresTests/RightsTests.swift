import JobQueuePostgres
import Postgres
import Testing

/// What a producer may do, with the grants that the documentation names and nothing else.
@Suite(.timeLimit(.minutes(2))) struct RightsTests {
    @Test func `a producer enqueues, and can read or change nothing that others enqueued`() async throws {
        let database = try await Database.make()
        try await database.enqueue("'secret', '\"of others\"', id => 'theirs'")
        let producer = try await database.connect(user: try await database.producer())
        #expect(try await producer.query("SELECT jobqueue.enqueue('a', '1')").text(0, 0)?.count == 26)
        _ = try await producer.query("SELECT jobqueue.enqueue_many('[{\"name\":\"a\"}]')")
        for statement in [
            "SELECT * FROM jobqueue.outbox", "SELECT * FROM jobqueue.rejected", "SELECT * FROM jobqueue.once_done",
            "SELECT * FROM jobqueue.migrations", "DELETE FROM jobqueue.outbox", "UPDATE jobqueue.outbox SET name = 'x'",
            "INSERT INTO jobqueue.outbox (queue, id, name, payload) VALUES ('q', 'i', 'n', '1')",
            "TRUNCATE jobqueue.outbox", "CREATE TABLE jobqueue.mine (a int)", "DROP FUNCTION jobqueue.ulid",
            "SELECT jobqueue.put('', 'a', '1', 'q', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            "SELECT jobqueue.once('default', 'theirs', 0)", "SELECT jobqueue.grant_relay(current_user::text::regrole)",
            "CREATE OR REPLACE FUNCTION jobqueue.wake() RETURNS void LANGUAGE sql AS ''",
        ] {
            let error = await #expect(throws: PostgresError.self) { try await producer.query(statement) }
            #expect(error?.sqlState == "42501", "\(statement): \(error as Any)")
        }
        #expect(try await database.rows("id").count == 3)
    }

    @Test func `who was granted nothing can do nothing`() async throws {
        let database = try await Database.make()
        let role = try await database.producer()
        try await database.connection.run(
            script: """
                REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA jobqueue FROM "\(role)"
                """)
        let stranger = try await database.connect(user: role)
        for call in ["enqueue('a')", "enqueue('a', '1'::json)", "enqueue_many('[]')", "once('q', 'i', 0)"] {
            let error = await #expect(throws: PostgresError.self) {
                try await stranger.query("SELECT jobqueue.\(call)")
            }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test func `a producer's own functions and tables do not come in between`() async throws {
        let database = try await Database.make()
        let role = try await database.producer()
        let producer = try await database.connect(user: role)
        try await database.connection.run(script: "CREATE SCHEMA evil AUTHORIZATION \"\(role)\"")
        // Would run with the owner's rights, were they found first.
        try await producer.run(
            script: """
                CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
                CREATE FUNCTION evil.octet_length(text) RETURNS integer LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
                SET search_path = evil, pg_catalog;
                """)
        #expect(try await producer.query("SELECT jobqueue.enqueue('a', '1')").rowCount == 1)
    }

    @Test func `a relay, a handler and a viewer can do what theirs is, and no more`() async throws {
        let database = try await Database.make()
        try await database.enqueue("'a', '1'")
        let roles = ["relay", "handler", "viewer"]
        var connections: [String: PostgresConnection] = [:]
        for kind in roles {
            let role = "\(kind)-\(database.name)"
            try await database.connection.run(
                script: "CREATE ROLE \"\(role)\" LOGIN; SELECT jobqueue.grant_\(kind)('\"\(role)\"')")
            connections[kind] = try await database.connect(user: role)
        }
        let (relay, handler, viewer) = try (
            #require(connections["relay"]), #require(connections["handler"]), #require(connections["viewer"])
        )
        try await Outbox(relay).check()
        #expect(try await Outbox(relay).retry(nil) == 0)
        #expect(try await Outbox(relay).discard([1]) == 0)
        #expect(try await Outbox(viewer).backlog().rows == 1)
        #expect(try await Outbox(viewer).schema().isReady)
        #expect(try await handler.query("SELECT jobqueue.once('q', 'i', 0)").text(0, 0) == "t")
        let refusal = await #expect(throws: OutboxError.self) { try await Outbox(viewer).check() }
        #expect("\(refusal as Any)".contains("grant_relay"))
        for (connection, statement) in [
            (viewer, "SELECT payload FROM jobqueue.outbox"), (viewer, "DELETE FROM jobqueue.outbox"),
            (viewer, "SELECT payload FROM jobqueue.rejected"), (handler, "SELECT id FROM jobqueue.outbox"),
            (handler, "SELECT jobqueue.enqueue('a')"), (handler, "SELECT * FROM jobqueue.once_done"),
            (relay, "DROP TABLE jobqueue.outbox"), (relay, "SELECT jobqueue.once('q', 'j', 0)"),
        ] {
            let error = await #expect(throws: PostgresError.self) { try await connection.query(statement) }
            #expect(error?.sqlState == "42501", "\(statement): \(error as Any)")
        }
    }

    @Test func `an operator of a producer's own does not run with the rights of who looks`() async throws {
        let database = try await Database.make()
        try await database.enqueue("'a', '1'")
        try await database.connection.run(
            script: """
                CREATE FUNCTION public.trap(numeric, integer) RETURNS numeric LANGUAGE plpgsql
                AS $$ BEGIN RAISE EXCEPTION 'trapped as %', current_user; END $$;
                CREATE OPERATOR public.* (leftarg = numeric, rightarg = integer, function = public.trap)
                """)
        // It would be met.
        await #expect(throws: OutboxError.self) { try await Outbox(database.connect()).backlog() }
        let server = try PostgresConfiguration(url: database.url)
        #expect(try await Outbox.open(server).backlog().rows == 1)
        #expect(try await OutboxWatch(server).backlog().rows == 1)
        try await Relay.check(server)
    }

    @Test func `rights that an owner gives by default are taken back`() async throws {
        let database = try await Database.make(isMigrated: false)
        let role = "d-\(database.name)"
        try await database.connection.run(
            script: """
                CREATE ROLE "\(role)" LOGIN;
                ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO "\(role)"; ALTER DEFAULT PRIVILEGES GRANT ALL ON FUNCTIONS TO "\(role)"
                """)
        _ = try await Migrator(database.connection).migrate()
        try await database.connection.run(script: "SELECT jobqueue.grant_producer('\"\(role)\"')")
        let producer = try await database.connect(user: role)
        #expect(try await producer.query("SELECT jobqueue.enqueue('a')").rowCount == 1)
        for statement in [
            "SELECT * FROM jobqueue.outbox", "DELETE FROM jobqueue.outbox", "SELECT jobqueue.once('q', 'i', 0)",
        ] {
            let error = await #expect(throws: PostgresError.self) { try await producer.query(statement) }
            #expect(error?.sqlState == "42501", "\(statement)")
        }
    }

    @Test func `two roles do not share their keys`() async throws {
        let database = try await Database.make()
        var ids: Set<String> = []
        for _ in 0..<2 {
            let producer = try await database.connect(user: try await database.producer())
            let id = try await producer.query("SELECT jobqueue.enqueue('a', '1', idempotency_key => 'k')").text(0, 0)
            ids.insert(try #require(id))
        }
        #expect(ids.count == 2)
    }
}
