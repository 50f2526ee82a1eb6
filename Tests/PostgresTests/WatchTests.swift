import Foundation
import JobQueuePostgres
import Postgres
import TestSupport
import Testing

/// Looking at the outbox, which holds nobody up.
@Suite(.timeLimit(.minutes(2))) struct WatchTests {
    @Test func `a look says what waits and for how long, again and again by one connection`() async throws {
        let database = try await Database.make()
        let watch = OutboxWatch(try PostgresConfiguration(url: database.url))
        defer { watch.close() }
        #expect(try await watch.backlog() == Outbox.Backlog(rows: 0, oldestMs: nil, rejected: 0))
        try await database.enqueue("'a', '1'")
        try await database.connection.query(
            "UPDATE jobqueue.outbox SET created_at = clock_timestamp() - interval '90 seconds'")
        let seen = try await watch.backlog()
        #expect(seen.rows == 1 && (90_000..<600_000).contains(seen.oldestMs ?? 0))
        let others =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        #expect(try await database.connection.query(others).int(0, 0) == 1)
    }

    @Test func `a table that somebody locks costs a second, and no more afterwards`() async throws {
        let database = try await Database.make()
        let watch = OutboxWatch(try PostgresConfiguration(url: database.url))
        defer { watch.close() }
        _ = try await watch.backlog()
        try await database.connection.run(script: "BEGIN; LOCK TABLE jobqueue.outbox")
        let begin = ContinuousClock.now
        let error = await #expect(throws: OutboxError.self) { try await watch.backlog() }
        #expect(error?.isRetryable == true && "\(error as Any)".contains("within a second"))
        // A second by itself; the rest is a busy machine. What the server may take to cancel it is 10 s.
        #expect(ContinuousClock.now - begin < .seconds(60), "asking a server that stands still may take minutes")
        try await database.connection.run(script: "COMMIT")
        try await until { (try? await watch.backlog()) != nil }
    }

    /// A place where connections are taken, and nobody ever says anything.
    private func silence(_ body: (PostgresConfiguration, _ listener: Int32) async throws -> Void) async throws {
        let folder = "/tmp/queue-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/.s.PGSQL.5432".utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) == 0 }
        }
        #expect(isBound && listen(listener, 100) == 0)
        try await body(PostgresConfiguration(url: "host=\(folder) port=5432 user=a dbname=b"), listener)
    }

    @Test func `a server that never answers costs a second, each time`() async throws {
        try await silence { server, _ in
            let watch = OutboxWatch(server)
            defer { watch.close() }
            for _ in 0..<2 {
                let begin = ContinuousClock.now
                let error = await #expect(throws: OutboxError.self) { try await watch.backlog() }
                #expect(error?.isRetryable == true)
                #expect(
                    ContinuousClock.now - begin < .seconds(60), "asking a server that stands still may take minutes")
            }
        }
    }

    @Test func `who is cancelled does not wait for a connection to be made`() async throws {
        try await silence { server, listener in
            var server = server
            server.connectTimeout = .seconds(600)
            try await withThrowingTaskGroup(of: PostgresError?.self) { [server] tasks in
                tasks.addTask {
                    do throws(PostgresError) { _ = try await PostgresConnection.connect(server) } catch { return error }
                    return nil
                }
                // It waits for the server's first word.
                let peer = try await Threads.run { accept(listener, nil, nil) }
                #expect(peer >= 0)
                defer { close(peer) }
                tasks.cancelAll()
                #expect(try await tasks.next() == .cancelled)
            }
        }
    }

    @Test func `a role that may look at little counts the connections of others, too`() async throws {
        let database = try await Database.make(on: try await PrivatePostgres.launch())
        let role = try await database.producer()
        let others = try await database.connect()
        let all = try await database.outbox.capacity()
        let mine = try await database.connect(user: role)
        let seen = try await Outbox(mine).capacity()
        #expect(all.used == 2 && all.ours == 2 && seen.used == 3, "\(all) \(seen)")
        #expect(seen.ours == 1, "of the others it cannot be told")
        #expect(seen.limit == 600 && seen.reserved == 3)
        others.close()
    }
}
