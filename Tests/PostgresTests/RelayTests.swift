import JobModel
import JobQueueClient
import JobQueuePostgres
import JobStore
import Postgres
import Redis
import TestSupport
import Testing

@Suite(.serialized, .timeLimit(.minutes(2))) struct RelayTests {
    @Test func `a committed row becomes a job, as it was said, and a row that is rolled back never does`() async throws
    {
        let rig = try await RelayRig.make()
        let id = try await rig.withRelay {
            let gone = try await rig.database.connect()
            try await gone.run(script: "BEGIN; SELECT jobqueue.enqueue('a', '1', queue => '\(rig.queue)'); ROLLBACK")
            let id = try await rig.database.enqueue(
                """
                'email.send', '{"to":  1}', queue => '\(rig.queue)', priority => 2, max_attempts => 3, timeout => '10 s',
                tags => '{x}', metadata => '{"k":"v"}', backoff => '{"fixed_ms":5}', result_ttl => '1 s', expires_in => '1 h'
                """)
            try await rig.queued(1)
            try await rig.drained()
            return id
        }
        #expect(try await rig.queued() == [id])
        let (now, views) = try await rig.store.inspect([id], full: true)
        let envelope = try Envelope(parsing: try #require(views.first?.envelope))
        #expect(envelope.name == "email.send" && Array(envelope.payload) == Array(#"{"to":  1}"#.utf8))
        #expect(envelope.policy.priority.value == 2 && envelope.policy.maxAttempts == 3)
        #expect(envelope.policy.timeoutMs == 10_000 && envelope.policy.resultTTLMs == 1000)
        #expect(envelope.policy.backoff == .fixed(.milliseconds(5)))
        #expect(envelope.tags == ["x"] && envelope.metadata == ["k": "v"])
        #expect(abs(envelope.createdMs - now) < 60_000)
        #expect(envelope.policy.expiresMs == envelope.createdMs + 3_600_000)
        #expect(try await rig.database.rows("id") == [])
    }

    @Test func `a relay that sleeps is woken by the commit`() async throws {
        let rig = try await RelayRig.make()
        // Nothing but a notification can do it.
        try await rig.withRelay(1, RelaySettings(poll: .seconds(3600))) {
            for number in 1...5 {
                try await rig.asleep()
                try await rig.database.enqueue("'a', queue => '\(rig.queue)'")
                try await rig.queued(number)
                try await rig.drained()
            }
        }
    }

    @Test func `a transaction that began while no relay slept is seen all the same`() async throws {
        let rig = try await RelayRig.make()
        let producer = try await rig.database.connect()
        try await producer.run(script: "BEGIN; SELECT jobqueue.enqueue('a', queue => '\(rig.queue)')")
        // It will not notify: no relay was asleep. So none may fall asleep before it ends.
        try await rig.withRelay(1, RelaySettings(poll: .seconds(3600))) {
            try await rig.database.enqueue("'b', queue => '\(rig.queue)'")
            try await rig.queued(1)
            try await rig.drained()
            try await producer.run(script: "COMMIT")
            try await rig.queued(2)
        }
    }

    @Test func `a burst ends although somebody else's transaction is open that has enqueued`() async throws {
        let rig = try await RelayRig.make()
        let producer = try await rig.database.connect()
        try await producer.run(script: "BEGIN; SELECT jobqueue.enqueue('a', queue => '\(rig.queue)')")
        _ = try await rig.enqueue(3)
        var configuration = Relay.Configuration()
        configuration.isBurst = true
        await Relay(try PostgresConfiguration(url: rig.database.url), queue: rig.jobs, configuration).run()
        #expect(try await rig.queued().count == 3)
        try await producer.run(script: "COMMIT")
        #expect(try await rig.database.outbox.backlog().rows == 1)
    }

    @Test func `who turns notifications off is found by the next look`() async throws {
        let rig = try await RelayRig.make()
        try await rig.withRelay {
            try await rig.asleep()
            try await rig.database.connection.run(script: "SET jobqueue.notify = off")
            try await rig.database.enqueue("'a', queue => '\(rig.queue)'")
            try await rig.queued(1)
        }
    }

    @Test func `a job that was stored before its relay died is stored once`() async throws {
        let rig = try await RelayRig.make()
        let ids = try await rig.enqueue(20)
        // As far as the relay gets: jobs are stored, rows cannot be deleted.
        let blocker = try await rig.database.connect()
        try await blocker.run(script: "BEGIN; LOCK TABLE jobqueue.outbox IN SHARE MODE")
        try await rig.withRelay {
            try await rig.queued(20)
            try await until {
                try await blocker.query("SELECT count(*) FROM pg_locks WHERE NOT granted").int(0, 0) != 0
            }
        }
        #expect(try await rig.database.rows("id") == ids)
        blocker.close()
        try await rig.withRelay { try await rig.drained() }
        #expect(try await rig.everEnqueued() == 20)
        #expect(try await rig.database.outbox.backlog().rejected == 0)
    }

    @Test func `jobs of one queue are stored in the order of their rows`() async throws {
        let rig = try await RelayRig.make()
        let ids = try await rig.enqueue(1500)
        try await rig.withRelay(1, RelaySettings(batch: 100)) { try await rig.drained() }
        #expect(try await rig.queued() == ids)
    }

    @Test func `four relays store each row once`() async throws {
        let rig = try await RelayRig.make()
        try await rig.withRelay(4, RelaySettings(batch: 20)) {
            for _ in 0..<10 { _ = try await rig.enqueue(100) }
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 1000)
        #expect(Set(try await rig.queued()).count == 1000)
    }

    @Test func `rows of which no job can be made are put aside with a reason, and the others go on`() async throws {
        let rig = try await RelayRig.make()
        let bad: [(values: String, reason: String)] = [
            ("'\(rig.queue)', 'bad id', 'a', '1', '{}'", "bad id"),
            ("'\(rig.queue)', '1', 'bad name', '1', '{}'", "bad job name"),
            ("'\(rig.queue)', '2', 'a', '{', '{}'", "not JSON"),
            ("'\(rig.queue)', '3', 'a', '1', '{\"priority\":99}'", "priority"),
            ("'\(rig.queue)', '4', 'a', '1', '[]'", "no JSON object"),
            ("'\(rig.queue)', '5', 'a', '1', '{\"name\":\"b\"}'", "column of its own"),
            ("'\(rig.queue)', '6', 'a', '1', '{\"delay_ms\":5}'", "column of its own"),
            ("'\(rig.queue)', '7', 'a', '\"' || repeat('x', 300000) || '\"', '{}'", "the limit is"),
            (
                "'\(rig.queue)', '8', 'a', '1', jsonb_build_object('metadata', jsonb_build_object('k', repeat('x', 70000)))",
                "65536"
            ),
            ("'no:queue', '9', 'a', '1', '{}'", "bad queue name"),
            ("E'\\x1b[2J', '10', 'a', '1', '{}'", "bad queue name"),
        ]
        for row in bad {
            try await rig.database.connection.query(
                "INSERT INTO jobqueue.outbox (queue, id, name, payload, options) VALUES (\(row.values))")
        }
        let good = try await rig.enqueue(3)
        try await rig.withRelay { try await rig.drained() }
        #expect(try await rig.queued() == good)
        let rejected = try await rig.database.outbox.rejected(after: 0, limit: 100)
        #expect(rejected.count == bad.count)
        for row in bad {
            #expect(rejected.contains { $0.reason.contains(row.reason) }, "\(row) \(rejected.map(\.reason))")
        }
        #expect(rejected.allSatisfy { !$0.reason.contains("\u{1b}") })
    }

    @Test func `an id of another job is put aside, and stored when somebody tries again after that one is gone`()
        async throws
    {
        let rig = try await RelayRig.make()
        try await rig.jobs.enqueue(name: "b", payload: "2", id: "x", options: .init(queue: rig.queue))
        try await rig.database.enqueue("'a', '1', id => 'x', queue => '\(rig.queue)'")
        try await rig.database.enqueue("'a', '1', id => 'y', queue => '\(rig.queue)'")
        try await rig.withRelay { try await rig.drained() }
        #expect(try await rig.queued() == ["x", "y"])
        let outbox = rig.database.outbox
        let row = try #require(try await outbox.rejected(after: 0, limit: 10).first)
        #expect(row.id == "x" && row.reason.contains("another name or payload"))
        // Another id for it: nothing else can help.
        try await rig.database.connection.query("UPDATE jobqueue.rejected SET id = 'z'")
        #expect(try await outbox.retry([row.number + 1]) == 0)
        #expect(try await outbox.retry([row.number]) == 1)
        try await rig.withRelay { try await rig.drained() }
        #expect(try await rig.queued() == ["x", "y", "z"])
        #expect(try await outbox.rejected(after: 0, limit: 10) == [])
    }

    @Test func `a row whose id waits again stays where it is`() async throws {
        let rig = try await RelayRig.make()
        for _ in 0..<2 {
            try await rig.database.connection.query(
                """
                INSERT INTO jobqueue.rejected (queue, id, name, payload, options, created_at, reason)
                VALUES ('q', 'x', 'a', '1', '{}', now(), 'r')
                """)
        }
        #expect(try await rig.database.outbox.retry(nil) == 1)
        #expect(try await rig.database.outbox.backlog().rejected == 1)
        #expect(try await rig.database.outbox.retry(nil) == 0)
        let number = try #require(try await rig.database.outbox.rejected(after: 0, limit: 1).first?.number)
        #expect(try await rig.database.outbox.discard([number]) == 1)
    }

    @Test func `rows for a full queue wait, and other queues do not wait for them`() async throws {
        let rig = try await RelayRig.make()
        let other = "o-\(rig.queue.dropFirst(2))"
        _ = try await rig.jobs.store.client.send(
            Command("HSET", "jq:{\(rig.queue)}:meta", "limit_waiting", "5", "format", "1"))
        _ = try await rig.enqueue(20)
        try await rig.withRelay {
            try await rig.queued(5)
            try await rig.database.enqueue("'a', queue => '\(other)'")
            try await until { try await !rig.queue(other).ids(.queued, offset: 0, limit: 10).isEmpty }
            try await until { try await rig.database.outbox.backlog().rows == 15 }
            _ = try await rig.jobs.store.client.send(Command("HDEL", "jq:{\(rig.queue)}:meta", "limit_waiting"))
            try await rig.drained()
        }
        #expect(try await rig.everEnqueued() == 20)
    }

    @Test func `a row waits until replicas have its job`() async throws {
        let rig = try await RelayRig.make()
        _ = try await rig.enqueue(3)
        try await rig.withRelay(1, RelaySettings(replicas: 1)) {
            try await rig.queued(3)
            // It was tried and tried again.
            for _ in 0..<3 {
                let seen = try await rig.waits()
                try await until { try await rig.waits() != seen }
            }
            #expect(try await rig.database.outbox.backlog().rows == 3)
        }
        try await rig.withRelay { try await rig.drained() }
        #expect(try await rig.everEnqueued() == 3)
    }

    @Test func `time that a row has waited counts for its delay and its expiry`() async throws {
        let rig = try await RelayRig.make()
        try await rig.database.enqueue("'a', id => 'late', delay => '1 hour', queue => '\(rig.queue)'")
        try await rig.database.enqueue(
            "'a', id => 'due', delay => '1 hour', expires_in => '3 hours', queue => '\(rig.queue)'")
        try await rig.database.enqueue("'a', id => 'at', run_at => '2090-01-01Z', queue => '\(rig.queue)'")
        try await rig.database.connection.query(
            "UPDATE jobqueue.outbox SET created_at = created_at - interval '2 hours' WHERE id IN ('due', 'at')")
        try await rig.withRelay { try await rig.drained() }
        let (now, views) = try await rig.store.inspect(["late", "due", "at"], full: true)
        #expect(views.map(\.state) == [.scheduled, .queued, .scheduled])
        let envelopes = try views.map { try Envelope(parsing: $0.envelope) }
        #expect(abs(envelopes[0].readyMs - now - 3_600_000) < 60_000)
        #expect(abs(envelopes[1].readyMs - now + 3_600_000) < 60_000)
        #expect(abs((envelopes[1].policy.expiresMs ?? 0) - now - 3_600_000) < 60_000)
        #expect(envelopes[2].readyMs == 3_786_912_000_000)
    }
}

extension RelayRig {
    /// One transaction with so many jobs; answers their ids in order.
    func enqueue(_ count: Int) async throws -> [String] {
        let rows = try await database.connection.query(
            "SELECT jobqueue.enqueue('a', n::text, queue => $1) FROM generate_series(1, \(count)) AS n", [.text(queue)])
        return (0..<rows.rowCount).compactMap { rows.text($0, 0) }
    }

    /// Waits until a relay sleeps.
    func asleep() async throws {
        let locks = """
            SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND mode = 'ExclusiveLock' AND granted
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """
        try await until { try await database.connection.query(locks).int(0, 0) != 0 }
    }

    /// How often Redis was asked to wait for replicas.
    func waits() async throws -> String {
        let reply = try await jobs.store.client.send(Command("INFO", "commandstats"))
        let text = try reply.string()
        return String(text.split(separator: "\r\n").first { $0.hasPrefix("cmdstat_wait:") } ?? "")
    }
}
