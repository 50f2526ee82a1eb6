import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
    private func connect() async throws -> PostgresConnection {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        return try await PostgresConnection.connect(try PostgresConfiguration(url: server.url))
    }

    @Test func `rows come back as they are, NULL apart from nothing`() async throws {
        let rows = try await connect().query(
            "SELECT n, nullif(n, 2)::text, '' FROM generate_series(1, $1) AS n ORDER BY n", [.int(3)])
        #expect(rows.columns == ["n", "nullif", "?column?"] && rows.rowCount == 3)
        #expect(rows.int(2, 0) == 3 && rows.text(1, 1) == nil && rows[1, 2] == [])
    }

    @Test(arguments: [
        "", "plain", "'; DROP TABLE x; --", "\\", "\u{1F600} ü", String(repeating: "x", count: 300_000),
        "\u{1B}[2J\n\t",
    ])
    func `text goes there and back bit for bit`(text: String) async throws {
        let connection = try await connect()
        #expect(try await connection.query("SELECT $1", [.text(text)]).text(0, 0) == text)
        #expect(try await connection.query("SELECT octet_length($1)", [.text(text)]).int(0, 0) == text.utf8.count)
        let hex = try await connection.query("SELECT encode($1, 'hex')", [.bytes(Array(text.utf8))]).text(0, 0)
        #expect(hex?.utf8.count == 2 * text.utf8.count)
    }

    @Test(arguments: [[0x61, 0x00, 0x62], [0xC3, 0x28], [0xED, 0xA0, 0x80]] as [[UInt8]])
    func `what is no text is refused by the server, and the connection goes on`(bytes: [UInt8]) async throws {
        let connection = try await connect()
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("SELECT $1", [.utf8(bytes)])
        }
        guard case .server(let answer)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(answer.sqlState == "22021")
        #expect(try await connection.query("SELECT 1").int(0, 0) == 1)
        // As bytes they are what they are.
        #expect(try await connection.query("SELECT length($1)", [.bytes(bytes)]).int(0, 0) == bytes.count)
    }

    @Test func `a refusal says state, detail and constraint`() async throws {
        let connection = try await connect()
        try await connection.run(
            script: "CREATE TEMP TABLE t (id int CONSTRAINT only_one PRIMARY KEY); INSERT INTO t VALUES (1)")
        let error = await #expect(throws: PostgresError.self) {
            try await connection.query("INSERT INTO t VALUES ($1::int)", [.int(1)])
        }
        guard case .server(let answer)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(answer.sqlState == "23505" && answer.constraint == "only_one" && answer.detail != nil)
        #expect(error?.isRetryable == false)
    }

    @Test func `a script is all or nothing`() async throws {
        let connection = try await connect()
        await #expect(throws: PostgresError.self) {
            try await connection.run(
                script: "CREATE TEMP TABLE half (id int); SELECT 1/0; CREATE TEMP TABLE whole (id int)")
        }
        #expect(try await connection.query("SELECT count(*) FROM pg_class WHERE relname = 'half'").int(0, 0) == 0)
    }

    @Test func `a statement that takes too long is cancelled, and the connection is good`() async throws {
        let connection = try await connect()
        await #expect(throws: PostgresError.timeout) {
            try await connection.query("SELECT pg_sleep(30)", timeout: .milliseconds(50))
        }
        #expect(connection.isUsable)
        #expect(try await connection.query("SELECT 7").int(0, 0) == 7)
    }

    @Test func `a cancelled task cancels its statement at the server`() async throws {
        let (busy, watcher) = (try await connect(), try await connect())
        let pid = try #require(try await busy.query("SELECT pg_backend_pid()").int(0, 0))
        func state() async throws -> String? {
            try await watcher.query("SELECT state FROM pg_stat_activity WHERE pid = $1::int", [.int(pid)]).text(0, 0)
        }
        await withTaskGroup(of: PostgresError?.self) { group in
            group.addTask {
                do throws(PostgresError) { try await busy.query("SELECT pg_sleep(60)", timeout: nil) } catch {
                    return error
                }
                return nil
            }
            _ = try? await eventually {
                try await state()
            } is: {
                $0 == "active"
            }
            group.cancelAll()
            #expect(await group.next() == .cancelled)
        }
        _ = try await eventually {
            try await state()
        } is: {
            $0 == "idle"
        }
        #expect(try await busy.query("SELECT 1").int(0, 0) == 1)
    }

    @Test func `a transaction that throws leaves nothing, also when its task was cancelled`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE orders (id int)")
        struct Refused: Error {}
        await #expect(throws: Refused.self) {
            try await connection.transaction { transaction in
                try await transaction.query("INSERT INTO orders VALUES (1)")
                throw Refused()
            }
        }
        let began = Latch()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await connection.transaction { transaction in
                    try await transaction.query("INSERT INTO orders VALUES (2)")
                    began.open()
                    try await transaction.query("SELECT pg_sleep(60)", timeout: nil)
                }
            }
            try? await began.pass()
            group.cancelAll()
        }
        try await connection.transaction { try await $0.query("INSERT INTO orders VALUES (3)") }
        let rows = try await connection.query("SELECT id FROM orders")
        #expect(rows.rowCount == 1 && rows.int(0, 0) == 3)
    }

    @Test func `rows are copied in, and a bad one leaves none`() async throws {
        let connection = try await connect()
        try await connection.run(script: "CREATE TEMP TABLE bulk (id int, name text)")
        let data = (0..<20_000).map { "\($0)\tname \($0)\n" }.joined()
        #expect(try await connection.copy("COPY bulk FROM STDIN", Array(data.utf8)) == 20_000)
        await #expect(throws: PostgresError.self) {
            try await connection.copy("COPY bulk FROM STDIN", Array("1\tone\nx\ttwo\n".utf8))
        }
        await #expect(throws: PostgresError.self) { try await connection.copy("COPY nowhere FROM STDIN", []) }
        #expect(try await connection.query("SELECT count(*) FROM bulk").int(0, 0) == 20_000)
    }

    @Test func `notifications are heard while nothing else happens`() async throws {
        let (listener, sender) = (try await connect(), try await connect())
        let heard = Log<PostgresNotification>()
        try await listener.listen("a \"channel\"") { heard.note($0) }
        try await sender.query("SELECT pg_notify($1, $2)", [.text("a \"channel\""), .text("here")])
        #expect(try await heard.items(count: 1) == [PostgresNotification(channel: "a \"channel\"", payload: "here")])
    }

    @Test func `a server that ends is noticed at once, by who waits and by who does not`() async throws {
        let server = try await PrivatePostgres.launch()
        let configuration = try PostgresConfiguration(url: server.url)
        let idle = try await PostgresConnection.connect(configuration)
        let busy = try await PostgresConnection.connect(configuration)
        let watcher = try await PostgresConnection.connect(configuration)
        await withTaskGroup(of: PostgresError?.self) { group in
            group.addTask {
                do throws(PostgresError) { try await busy.query("SELECT pg_sleep(60)", timeout: nil) } catch {
                    return error
                }
                return nil
            }
            _ = try? await eventually {
                try await watcher.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND state = 'active'"
                )
                .int(0, 0)
            } is: {
                $0 == 1
            }
            server.kill()
            guard case .lost? = await group.next() ?? nil else {
                Issue.record("it did not hear that the server ended")
                return
            }
        }
        try await eventually {
            !idle.isUsable
        } is: {
            $0
        }
        await #expect(throws: PostgresError.self) { try await idle.query("SELECT 1") }
        let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
        guard case .unreachable? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test func `who may not come in is told so, and nobody sees a password`() async throws {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        let error = await #expect(throws: PostgresError.self) {
            try await PostgresConnection.connect(
                try PostgresConfiguration(url: server.url(user: "nobody") + " password=hush"))
        }
        guard case .refused(let text)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(text.contains("nobody") && !text.contains("hush"))
        let configuration = try PostgresConfiguration(
            url: "postgres://me:hush@db.example.org:5433/shop?sslmode=require")
        #expect("\(configuration)" == "postgres://me@db.example.org:5433/shop")
        var dump = ""
        Swift.dump(configuration, to: &dump)
        #expect(!dump.contains("hush") && !String(reflecting: configuration).contains("hush"))
        let bad = #expect(throws: PostgresError.self) { try PostgresConfiguration(url: "postgres://me:hush@%zz/") }
        #expect(bad.map { !"\($0)".contains("hush") } == true)
    }

    @Test func `a connection that is forgotten is closed`() async throws {
        let watcher = try await connect()
        var forgotten: PostgresConnection? = try await connect()
        let pid = try #require(try await forgotten?.query("SELECT pg_backend_pid()").int(0, 0))
        forgotten = nil
        try await eventually {
            try await watcher.query("SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int", [.int(pid)]).int(0, 0)
        } is: {
            $0 == 0
        }
    }
}
