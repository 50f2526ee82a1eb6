import JobQueuePostgres
import JobStore
import Postgres
import TestSupport
import Testing

/// Servers and relays that go away in the middle.
@Suite(.serialized, .timeLimit(.minutes(3))) struct OutageTests {
    @Test func `500 transactions at once, half of them rolled back, in any order: one job for each that was committed`()
        async throws
    {
        let rig = try await RelayRig.make(try await PrivatePostgres.launch())
        var seed = Seed()
        let fates = (0..<500).map { ($0, isCommitted: $0.isMultiple(of: 2)) }.shuffled(using: &seed)
        let committed = try await rig.withRelay(2) {
            let open = try await withThrowingTaskGroup(of: (Int, PostgresConnection, String).self) { group in
                for number in 0..<500 {
                    group.addTask {
                        let connection = try await rig.database.connect()
                        try await connection.run(script: "BEGIN")
                        let answer = try await connection.query(
                            "SELECT jobqueue.enqueue('a', $1, queue => $2)", [.text("\(number)"), .text(rig.queue)])
                        return (number, connection, answer.text(0, 0) ?? "")
                    }
                }
                return try await group.reduce(into: [Int: (PostgresConnection, String)]()) { $0[$1.0] = ($1.1, $1.2) }
            }
            var committed: Set<String> = []
            for (number, isCommitted) in fates {
                let (connection, id) = try #require(open[number])
                try await connection.run(script: isCommitted ? "COMMIT" : "ROLLBACK")
                if isCommitted { committed.insert(id) }
            }
            try await rig.queued(250)
            try await rig.drained()
            return committed
        }
        #expect(committed.count == 250)
        #expect(Set(try await rig.queued()) == committed)
        #expect(try await rig.everEnqueued() == 250)
    }

    @Test func `while Redis is away transactions go on, and what they enqueued is stored after it is back`()
        async throws
    {
        let redis = try await Threads.run { try PrivateRedis(aof: true) }
        let rig = try await RelayRig.make(redis: redis)
        try await rig.withRelay {
            _ = try await rig.enqueue(10)
            try await rig.queued(10)
            try await rig.drained()
            redis.kill()
            for _ in 0..<5 { _ = try await rig.enqueue(10) }
            #expect(try await rig.database.outbox.backlog().rows == 50)
            try await Threads.run { try redis.start() }
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 60)
    }

    @Test func `a Redis that stands still holds up no transaction, and no row for longer than a few seconds`()
        async throws
    {
        let redis = try await PrivateRedis.launch()
        let rig = try await RelayRig.make(redis: redis)
        try await rig.withRelay {
            _ = try await rig.enqueue(1)
            try await rig.queued(1)
            redis.freeze()
            _ = try await rig.enqueue(10)
            // The relay has them, and gives them back.
            let locks =
                "SELECT count(*) FROM jobqueue.outbox WHERE id NOT IN (SELECT id FROM jobqueue.outbox FOR UPDATE SKIP LOCKED)"
            try await until { try await rig.database.connection.query(locks).int(0, 0) != 0 }
            _ = try await rig.enqueue(10)
            try await until { try await rig.database.connection.query(locks).int(0, 0) == 0 }
            redis.thaw()
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 21)
    }

    @Test func `a Postgres that dies without a word, under load, loses no row that was committed`() async throws {
        let postgres = try await PrivatePostgres.launch()
        let rig = try await RelayRig.make(postgres)
        let committed = Log<String>()
        try await rig.withRelay(2, RelaySettings(batch: 10)) {
            for round in 1...3 {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            guard let connection = try? await rig.database.connect() else { return }
                            // Each commit that was answered counts; the last one was not.
                            while let answer = try? await connection.query(
                                "SELECT jobqueue.enqueue('a', queue => $1)", [.text(rig.queue)])
                            {
                                committed.note(answer.text(0, 0) ?? "")
                            }
                        }
                    }
                    try await committed.items { $0.count >= round * 200 }
                    try await Threads.run {
                        postgres.kill()
                        try postgres.start()
                    }
                    try await group.waitForAll()
                }
            }
            let watcher = try await rig.database.connect()
            try await until { try await Outbox(watcher).backlog().rows == 0 }
        }
        let stored = Set(try await rig.queued())
        #expect(stored.isSuperset(of: committed.items))
        #expect(try await rig.everEnqueued() == stored.count)
    }

    @Test func `a relay that stands still in the middle loses its rows to others`() async throws {
        let rig = try await RelayRig.make()
        let ids = try await rig.enqueue(30)
        let frozen = try await rig.database.connect()
        try await frozen.run(
            script: """
                SET idle_in_transaction_session_timeout = 1000; BEGIN;
                SELECT FROM jobqueue.outbox ORDER BY created_at LIMIT 10 FOR UPDATE
                """)
        try await rig.withRelay {
            // Those that it does not hold do not wait for it.
            #expect(Set(try await rig.queued(20)) == Set(ids[10...]))
            try await rig.drained()
        }
        #expect(Set(try await rig.queued()) == Set(ids))
    }

    @Test func `an open transaction in another database of the server holds nothing up`() async throws {
        let rig = try await RelayRig.make()
        let other = try await Database.make(on: rig.database.server)
        try await other.connection.run(
            script: "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT jobqueue.enqueue('a'); SELECT txid_current()")
        try await rig.withRelay {
            _ = try await rig.enqueue(100)
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 100)
        try await other.connection.run(script: "COMMIT")
    }

    @Test func `a connection that is cut again and again delays rows and loses none`() async throws {
        let rig = try await RelayRig.make()
        try await rig.withRelay(2, RelaySettings(batch: 5)) {
            for round in 1...8 {
                _ = try await rig.enqueue(50)
                try await rig.database.connection.query(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                try await rig.queued(round * 10)
            }
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 400)
    }
}
