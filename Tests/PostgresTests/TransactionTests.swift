import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct TransactionTests {
    private func connect(_ server: PrivatePostgres? = nil) async throws -> PostgresConnection {
        let server = try await Threads.run { try server ?? PrivatePostgres.shared.get() }
        return try await PostgresConnection.connect(try PostgresConfiguration(url: server.url))
    }

    private func ids(_ connection: PostgresConnection) async throws -> [Int] {
        let rows = try await connection.query("SELECT id FROM orders ORDER BY id")
        return (0..<rows.rowCount).compactMap { rows.int($0, 0) }
    }

    private func insert(_ id: Int, _ connection: PostgresConnection) async throws {
        try await connection.query("INSERT INTO orders VALUES ($1)", [.int(id)])
    }

    @Test func `a transaction inside of one is refused, and the outer one goes on`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE orders (id bigint)")
        try await connection.transaction { outer in
            try await insert(1, outer)
            await #expect(throws: PostgresError.transactionOpen) {
                try await outer.transaction { try await insert(2, $0) }
            }
            try await insert(3, outer)
        }
        #expect(try await ids(connection) == [1, 3])
    }

    @Test func `a failed statement that the body keeps to itself undoes all, and says so`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE orders (id bigint)")
        await #expect(throws: PostgresError.transactionAborted) {
            try await connection.transaction { transaction in
                try await insert(1, transaction)
                _ = try? await transaction.query("SELECT 1/0")
            }
        }
        #expect(try await ids(connection) == [])
        try await connection.transaction { try await insert(2, $0) }
        #expect(try await ids(connection) == [2])
    }

    @Test func `a body that ends the transaction itself is told so`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE orders (id bigint)")
        await #expect(throws: PostgresError.transactionEnded) {
            try await connection.transaction { transaction in
                try await insert(1, transaction)
                try await transaction.query("COMMIT")
            }
        }
        #expect(try await ids(connection) == [1])
    }

    @Test func `a body that has returned is committed, even if its task is cancelled at this moment`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE orders (id bigint)")
        let error = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    try await connection.transaction { transaction in
                        try await insert(1, transaction)
                        withUnsafeCurrentTask { $0?.cancel() }
                    }
                } catch { return error }
                return nil
            }
            return await group.next() ?? nil
        }
        #expect(error == nil)
        #expect(try await ids(connection) == [1])
    }

    @Test func `what only COMMIT finds wrong is undone, and the answer says what it was`() async throws {
        let connection = try await connect()
        try await connection.run(
            script: "CREATE TEMP TABLE orders (id bigint CONSTRAINT one_each UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        let error = await #expect(throws: PostgresError.self) {
            try await connection.transaction { transaction in
                try await insert(1, transaction)
                try await insert(1, transaction)
            }
        }
        guard case .server(let answer)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(answer.sqlState == "23505" && answer.constraint == "one_each")
        #expect(try await ids(connection) == [])
    }

    @Test func `a COMMIT without an answer may have been done or not, and says so`() async throws {
        let server = try await PrivatePostgres.launch()
        let (connection, watcher) = (try await connect(server), try await connect(server))
        try await connection.run(
            script: """
                CREATE TABLE orders (id bigint);
                CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
                CREATE CONSTRAINT TRIGGER late AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED
                    FOR EACH ROW EXECUTE FUNCTION wait();
                """)
        await withTaskGroup(of: PostgresError?.self) { group in
            group.addTask {
                do { try await connection.transaction { try await insert(1, $0) } } catch {
                    return error as? PostgresError
                }
                return nil
            }
            _ = try? await eventually {
                try await watcher.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active'"
                )
                .int(0, 0)
            } is: {
                $0 == 1
            }
            server.kill()
            let error = await group.next() ?? nil
            guard case .commitUnknown? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(error?.isRetryable == false)
        }
    }

    @Test func `a connection that comes back with an open transaction is not lent again`() async throws {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        var configuration = PostgresPool.Configuration()
        configuration.size = 1
        let pool = PostgresPool(try PostgresConfiguration(url: server.url), configuration)
        func pid(_ connection: PostgresConnection) async throws -> Int? {
            try await connection.query("SELECT pg_backend_pid()").int(0, 0)
        }
        let first = try await pool.withConnection { connection in
            try await connection.query("BEGIN")
            return try await pid(connection)
        }
        let second = try await pool.withConnection { try await pid($0) }
        #expect(second != first)
        let third = try await pool.withConnection { connection in
            try await connection.transaction { try await pid($0) }
        }
        #expect(third == second, "one whose transaction has ended is")
    }
}
