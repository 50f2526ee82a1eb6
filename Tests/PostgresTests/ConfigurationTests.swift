import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
    @Test(arguments: [
        "postgres://me:hu@sh@localhost/shop", "postgres://me:hu/sh@localhost/shop", "postgres://me:1/hush@localhost",
        "postgres://me:hush", "postgres://me:hu?s@sh@localhost/shop", "postgresql://me:1/sh?hush=2@localhost/shop",
        "postgres://me:hush@%zz/", "host=localhost password=it is hush", "host=localhost hush=1",
        "postgres://me:hush@localhost:one/shop", "postgres://me:hush@localhost:70000/shop", "hush\0",
    ])
    func `an address that cannot be read is refused without a word of it`(url: String) throws {
        let error = #expect(throws: PostgresError.self) { try PostgresConfiguration(url: url) }
        guard case .badConfiguration? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error.map { !"\($0)".contains("hush") } == true)
    }

    @Test(arguments: [
        "postgres://me:hush%40%2F@127.0.0.1:1/shop?sslmode=disable", "postgres://me:hu?sh@127.0.0.1:1/shop",
        "host=127.0.0.1 port=1 password='a://hush@b@c'",
        "postgres://me@127.0.0.1:1/shop?password=hush&sslmode=disable&options=-c%20hush%3D1",
        "host=127.0.0.1 port=1 sslmode=require sslkey=/none/hush sslpassword=hush",
    ])
    func `neither an address nor the error of its connection tells a password`(url: String) async throws {
        let configuration = try PostgresConfiguration(url: url)
        var dump = ""
        Swift.dump(configuration, to: &dump)
        #expect(!(dump + "\(configuration)" + String(reflecting: configuration)).contains("sh@"))
        #expect(!(dump + "\(configuration)" + String(reflecting: configuration)).contains("hush"))
        let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(configuration) }
        var report = "\(String(describing: error))"
        Swift.dump(error, to: &report)
        #expect(!report.contains("hush"))
    }

    @Test(arguments: [
        ("postgres://db.example.org/shop?sslmode=verify-full", true), ("postgres://db.example.org/shop", false),
        ("postgres://db.example.org/shop?sslmode=verify-ca", false), ("host=/run/postgresql", true),
        ("host=/run/postgresql,db.example.org", false), ("host=/run/postgresql hostaddr=192.0.2.1", false),
        ("host=localhost", true), ("host=127.0.0.1,::1", true), ("host=db.example.org sslrootcert=system", true),
    ])
    func `a server is verified by its certificate, or because no network is between`(
        url: String, isVerified: Bool
    ) throws {
        #expect(try PostgresConfiguration(url: url).isVerified == isVerified)
    }

    @Test func `numbers of a pool that make no sense count as the nearest that do`() async throws {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        var connection = try PostgresConfiguration(url: server.url)
        connection.connectTimeout = .seconds(Int64.max)
        for sign in [1, -1] {
            var configuration = PostgresPool.Configuration()
            configuration.size = sign * Int.max
            configuration.waiting = sign * Int.max
            configuration.circuitThreshold = sign * Int.max
            for path in [
                \PostgresPool.Configuration.acquireTimeout, \.recycle, \.quiet, \.circuitPause,
            ] {
                configuration[keyPath: path] = .seconds(Int64(sign) * (Int64.max - 1))
            }
            let pool = PostgresPool(connection, configuration)
            for _ in 0..<2 { _ = try await pool.withConnection { try await $0.query("SELECT 1") } }
        }
    }

    @Test func `who would wait for ever for a connection gets one`() async throws {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        var configuration = PostgresPool.Configuration()
        configuration.size = 1
        configuration.acquireTimeout = .seconds(Int64.max - 1)
        let pool = PostgresPool(try PostgresConfiguration(url: server.url), configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { _ = try await pool.withConnection { try await $0.query("SELECT pg_sleep(0.05)") } }
            }
            try await group.waitForAll()
        }
    }

    @Test func `plans are kept only if the configuration says so`() async throws {
        let server = try await Threads.run { try PrivatePostgres.shared.get() }
        var configuration = try PostgresConfiguration(url: server.url)
        configuration.preparesStatements = false
        let connection = try await PostgresConnection.connect(configuration)
        #expect(try await connection.query("SELECT $1 || 'b'", [.text("a")]).text(0, 0) == "ab")
        #expect(try await connection.query("SELECT count(*) FROM pg_prepared_statements").int(0, 0) == 0)
    }
}
