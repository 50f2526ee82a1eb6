import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PoolTests {
    private func pool(
        _ server: PrivatePostgres? = nil, _ change: (inout PostgresPool.Configuration) -> Void = { _ in }
    ) async throws -> PostgresPool {
        let server = try await Threads.run { try server ?? PrivatePostgres.shared.get() }
        var configuration = PostgresPool.Configuration()
        // Hundreds of other tests may be at work.
        configuration.acquireTimeout = .seconds(60)
        change(&configuration)
        return PostgresPool(try PostgresConfiguration(url: server.url), configuration)
    }

    private func pid(_ connection: PostgresConnection) async throws -> Int {
        try #require(try await connection.query("SELECT pg_backend_pid()").int(0, 0))
    }

    @Test func `connections are used again, and never more than there may be`() async throws {
        let pool = try await pool { $0.size = 3 }
        let pids = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<60 { group.addTask { try await pool.withConnection { try await pid($0) } } }
            return try await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect((1...3).contains(pids.count))
    }

    @Test func `who waits too long is told so, and nothing is lost by it`() async throws {
        let pool = try await pool {
            $0.size = 1
            $0.acquireTimeout = .milliseconds(50)
        }
        let (held, release) = (Latch(), Latch())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await pool.withConnection { _ in
                    held.open()
                    try await release.pass()
                }
            }
            try await held.pass()
            await #expect(throws: PostgresError.busy) { try await pool.withConnection { try await pid($0) } }
            release.open()
            try await group.waitForAll()
        }
        #expect(try await pool.withConnection { try await pid($0) } > 0)
    }

    @Test func `a waiting task that is cancelled gives up its place`() async throws {
        let pool = try await pool { $0.size = 1 }
        let release = Latch()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let held = Latch()
            group.addTask {
                try await pool.withConnection { _ in
                    held.open()
                    try await release.pass()
                }
            }
            try await held.pass()
            let error = await withTaskGroup(of: (any Error)?.self) { inner in
                inner.addTask {
                    do { _ = try await pool.withConnection { try await pid($0) } } catch { return error }
                    return nil
                }
                inner.cancelAll()
                return await inner.next() ?? nil
            }
            #expect(error as? PostgresError == .cancelled)
            release.open()
            try await group.waitForAll()
        }
        #expect(try await pool.withConnection { try await pid($0) } > 0)
    }

    @Test func `after a restart of the server the pool goes on`() async throws {
        let server = try await PrivatePostgres.launch()
        let pool = try await pool(server) { $0.size = 2 }
        let before = try await pool.withConnection { try await pid($0) }
        server.kill()
        try await eventually {
            do { return try await pool.withConnection { try await pid($0) } == before } catch { return false }
        } is: {
            !$0
        }
        try await Threads.run { try server.start() }
        let after = try await eventually {
            try? await pool.withConnection { try await pid($0) }
        } is: {
            $0 != nil
        }
        #expect(after != before)
    }

    @Test func `after five failures nobody tries for a while`() async throws {
        let server = try await PrivatePostgres.launch()
        server.kill()
        let pool = try await pool(server)
        for _ in 0..<5 {
            let error = await #expect(throws: PostgresError.self) {
                try await pool.withConnection { try await pid($0) }
            }
            guard case .unreachable? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
        await #expect(throws: PostgresError.circuitOpen) { try await pool.withConnection { try await pid($0) } }
    }

    @Test func `tasks that are cancelled while they connect keep nobody from connecting`() async throws {
        let pool = try await pool()
        for _ in 0..<6 {
            let error = await withTaskGroup(of: PostgresError?.self) { group in
                group.cancelAll()
                group.addTask {
                    do { _ = try await pool.withConnection { try await pid($0) } } catch {
                        return error as? PostgresError
                    }
                    return nil
                }
                return await group.next() ?? nil
            }
            #expect(error == .cancelled)
        }
        #expect(try await pool.withConnection { try await pid($0) } > 0)
    }

    @Test func `a closed pool lends nothing`() async throws {
        let pool = try await pool()
        _ = try await pool.withConnection { try await pid($0) }
        pool.close()
        await #expect(throws: PostgresError.closed) { try await pool.withConnection { try await pid($0) } }
    }

    @Test func `statements that wait hold up no thread of tasks`() async throws {
        let pool = try await pool { $0.size = 16 }
        let ticks = Log<Void>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask { _ = try await pool.withConnection { try await $0.query("SELECT pg_sleep(0.5)") } }
            }
            group.addTask {
                for _ in 0..<100 {
                    await Task.yield()
                    ticks.note(())
                }
            }
            try await ticks.items(count: 100)
            try await group.waitForAll()
        }
    }
}
