import JobQueueClient
import JobQueuePostgres
import Postgres
import TestSupport
import Testing

/// That the schema understands what the producer's side says.
@Suite(.timeLimit(.minutes(2))) struct SQLEnqueueTests {
    private struct Order: Job {
        static let name = "order.receipt"
        static let options = JobOptions(queue: "mail", maxAttempts: 8)
        var number: Int
    }

    /// What waits for the relay, but for ids and times.
    private func rows(_ connection: PostgresConnection) async throws -> [[String?]] {
        let rows = try await connection.query(
            """
            SELECT name, queue, payload, options::text, delay_ms, expires_in_ms, run_at_ms
            FROM jobqueue.outbox ORDER BY created_at, id
            """)
        return (0..<rows.rowCount).map { row in (0..<7).map { rows.text(row, $0) } }
    }

    @Test func `a job is there when the transaction commits, and never when it does not`() async throws {
        let connection = try await Database.make().connection
        let id = try await connection.transaction { try await $0.enqueue(Order(number: 1)) }
        #expect(id.utf8.count == 26)
        await #expect(throws: Mishap.self) {
            try await connection.transaction { connection in
                try await connection.enqueue(Order(number: 2))
                throw Mishap()
            }
        }
        #expect(
            try await rows(connection) == [
                ["order.receipt", "mail", #"{"number":1}"#, #"{"max_attempts": 8}"#, nil, nil, nil]
            ])
    }

    @Test func `everything that can be said of a job arrives, alone and among many`() async throws {
        let connection = try await Database.make().connection
        let age = Duration.seconds(Int64.max)
        let options = JobOptions(
            queue: "q", priority: Priority(0)!, maxAttempts: 3, backoff: .list([.seconds(1), .seconds(60)]),
            timeout: nil,
            resultTTL: .forever, expiry: age, tags: ["null", "b.c"], metadata: ["k": "ä\"\n\\", "a": ""])
        let payload = "{ \"a\" : 1.0, \"a\": \"\\u00e4\" }"
        #expect(
            try await connection.enqueue(name: "a", payload: payload, id: "x:1", in: age, options: options) == "x:1")
        let ids = try await connection.enqueue(
            contentsOf: [
                JobQueue.BareJob(name: "a", payload: payload, id: "x:2"), JobQueue.BareJob(name: "a", payload: payload),
            ], in: age, options: options)
        #expect(ids.count == 2 && ids[0] == "x:2")
        let rows = try await rows(connection)
        try #require(rows.count == 3)
        #expect(rows[0] == rows[1] && rows[1] == rows[2])
        #expect(rows[0][2] == payload)
        #expect(rows[0][4] == "3153600000000" && rows[0][5] == "3153600000000")
        let said = try #require(rows[0][3])
        for part in [
            #""priority": 0"#, #""max_attempts": 3"#, #""timeout_ms": -1"#, #""tags": ["null", "b.c"]"#,
            #""backoff": {"list_ms": [1000, 60000]}"#, #""k": "ä\"\n\\""#,
        ] {
            #expect(said.contains(part), "\(part) in \(said)")
        }
    }

    @Test func `moments, short times and keys are understood`() async throws {
        let connection = try await Database.make().connection
        try await connection.enqueue(
            name: "a", atMilliseconds: 1_763_700_000_123,
            options: JobOptions(
                backoff: .exponential(base: .milliseconds(1), cap: .seconds(60), jitter: 0.5),
                timeout: .milliseconds(1),
                resultTTL: .none, expiry: .milliseconds(1)))
        try await connection.enqueue(
            name: "b", atMilliseconds: Int.max, options: JobOptions(backoff: .fixed(.zero)))
        let first = try await connection.enqueue(name: "c", idempotencyKey: "order-7")
        #expect(try await connection.enqueue(name: "c", idempotencyKey: "order-7") == first)
        let rows = try await rows(connection)
        #expect(rows.map(\.[0]) == ["a", "b", "c"])
        #expect(rows[0][6] == "1763700000123" && rows[0][5] == "1")
        #expect(
            rows[0][3]?.contains(#""timeout_ms": 1"#) == true && rows[0][3]?.contains(#""result_ttl_ms": 0"#) == true)
        #expect(rows[1][6] == "253370764800000")
        let refusal = await #expect(throws: PostgresError.self) {
            try await connection.enqueue(name: "d", idempotencyKey: "order-7")
        }
        guard case .server(let answer)? = refusal else {
            Issue.record("\(String(describing: refusal))")
            return
        }
        #expect(answer.sqlState == "23505")
    }

    @Test func `no job is too many for one statement, and none is fine`() async throws {
        let connection = try await Database.make().connection
        #expect(try await connection.enqueue(contentsOf: [Order]()) == [])
        let ids = try await connection.enqueue(contentsOf: (0..<1000).map { Order(number: $0) })
        #expect(Set(ids).count == 1000)
        let payloads = try await connection.query(
            "SELECT payload FROM jobqueue.outbox WHERE id = $1", [.text(ids[517])])
        #expect(payloads.text(0, 0) == #"{"number":517}"#)
    }
}
