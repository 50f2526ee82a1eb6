import Glibc
import Postgres
import TestSupport
import Testing

/// What goes wrong with statements, and what remains of the connection.
@Suite(.timeLimit(.minutes(2))) struct StatementTests {
    private func connect(_ server: PrivatePostgres? = nil) async throws -> PostgresConnection {
        let server = try await Threads.run { try server ?? PrivatePostgres.shared.get() }
        return try await PostgresConnection.connect(try PostgresConfiguration(url: server.url))
    }

    @Test func `a plan that a change of its table made useless is made anew`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE t (a int); INSERT INTO t VALUES (1)")
        #expect(try await connection.query("SELECT * FROM t").columns == ["a"])
        try await connection.run(script: "ALTER TABLE t ADD b int")
        #expect(try await connection.query("SELECT * FROM t").columns == ["a", "b"])
        try await connection.run(script: "ALTER TABLE t ADD c int")
        #expect(try await connection.query("SELECT * FROM t").columns == ["a", "b", "c"])
        try await connection.run(script: "DEALLOCATE ALL; ALTER TABLE t DROP c")
        #expect(try await connection.query("SELECT * FROM t").columns == ["a", "b"])
        try await connection.run(script: "ALTER TABLE t ADD c int")
        #expect(try await connection.query("SELECT * FROM t").columns == ["a", "b", "c"])
        let plans = try await connection.query(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT * FROM t'")
        #expect(plans.int(0, 0) == 1, "the old one is gone")
    }

    @Test func `values in texts do not fill the server's memory with plans`() async throws {
        let connection = try await connect()
        for number in 0..<300 { #expect(try await connection.query("SELECT \(number)").int(0, 0) == number) }
        #expect(try await connection.query("SELECT count(*) FROM pg_prepared_statements").int(0, 0) == 256)
    }

    @Test func `rows that are not there are nothing`() async throws {
        let rows = try await connect().query("SELECT 1 WHERE false")
        #expect(rows.rowCount == 0 && rows.text(0, 0) == nil && rows.int(5, 0) == nil && rows[-1, 0] == nil)
    }

    @Test func `what a server quotes cannot move a cursor nor forge a line`() async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await connect().query("SELECT $1::integer", [.text("\u{1B}[2J\nERROR\u{202E}")])
        }
        let text = "\(String(describing: error))"
        #expect(
            text.contains("22P02") && !text.contains("\u{1B}") && !text.contains("\n") && !text.contains("\u{202E}"))
        guard case .server(let answer)? = error else { return }
        #expect(answer.message.contains("\u{1B}[2J"), "the field is as it came")
    }

    @Test func `COPY by the wrong call is an error, and holds up nobody`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE t (a int)")
        await #expect(throws: PostgresError.self) { try await connection.query("COPY t FROM STDIN") }
        #expect(connection.isUsable)
        for call in [
            { @Sendable in _ = try await connect().query("COPY (SELECT 1) TO STDOUT") },
            { @Sendable in try await connect().run(script: "COPY (SELECT 1) TO STDOUT") },
            { @Sendable in _ = try await connect().copy("COPY (SELECT 1) TO STDOUT", []) },
        ] {
            let error = await #expect(throws: PostgresError.self) { try await call() }
            guard case .badAnswer? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `a COPY that takes too long is cancelled, and leaves no row`() async throws {
        let connection = try await connect()
        try await connection.run(
            script: """
                CREATE TEMP TABLE bulk (name text);
                CREATE FUNCTION pg_temp.wait() RETURNS trigger LANGUAGE plpgsql AS
                    $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
                CREATE TRIGGER slow BEFORE INSERT ON bulk FOR EACH ROW EXECUTE FUNCTION pg_temp.wait();
                """)
        let data = Array(String(repeating: String(repeating: "x", count: 999) + "\n", count: 20_000).utf8)
        await #expect(throws: PostgresError.timeout) {
            _ = try await connection.copy("COPY bulk FROM STDIN", data, timeout: .milliseconds(300))
        }
        #expect(try await connection.query("SELECT count(*) FROM bulk").int(0, 0) == 0)
    }

    @Test func `who notifies itself hears it, though nothing more comes from the server`() async throws {
        let connection = try await connect()
        let heard = Log<PostgresNotification>()
        try await connection.listen("own") { heard.note($0) }
        try await connection.query("SELECT pg_notify('own', 'here')")
        #expect(try await heard.items(count: 1) == [PostgresNotification(channel: "own", payload: "here")])
    }

    @Test func `a frozen server holds up nobody longer than the time says`() async throws {
        let server = try await PrivatePostgres.launch()
        let connection = try await connect(server)
        let backend = try #require(try await connection.query("SELECT pg_backend_pid()").int(0, 0))
        let parent = try #require(
            try await connection.query("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)").int(0, 0))
        for process in [parent, backend] { kill(pid_t(process), SIGSTOP) }
        defer { for process in [parent, backend] { kill(pid_t(process), SIGCONT) } }
        let begin = ContinuousClock.now
        await #expect(throws: PostgresError.timeout) {
            try await connection.query("SELECT 1", timeout: .milliseconds(50))
        }
        #expect(ContinuousClock.now - begin < .seconds(20))
        #expect(!connection.isUsable)
    }
}
