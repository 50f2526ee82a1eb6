import JobModel
import Postgres
import TestSupport
import Testing

/// The SQL functions that producers call.
@Suite(.timeLimit(.minutes(2))) struct ContractTests {
    @Test func `a job is a row, and what is not said is not stored`() async throws {
        let database = try await Database.make()
        let id = try await database.enqueue("'email.send', '{\"to\": 1}'")
        #expect(
            try await database.rows("concat_ws('|', queue, id, name, payload, options)") == [
                "default|\(id)|email.send|{\"to\": 1}|{}"
            ])
    }

    @Test func `all that can be said of a job is stored as workers read it`() async throws {
        let database = try await Database.make()
        try await database.enqueue(
            """
            'a', '1', queue => 'mail', id => 'i:1', delay => '90 seconds', priority => 3, max_attempts => 7,
            timeout => '1 minute', tags => '{x,y}', metadata => '{"k":"v"}', backoff => '{"fixed_ms":5000}',
            result_ttl => '0', expires_in => '1 day'
            """)
        let row = try await database.rows("concat_ws('|', queue, id, delay_ms, expires_in_ms, run_at_ms)")
        #expect(row == ["mail|i:1|90000|86400000"])
        let options = try #require(try await database.rows("('{\"name\":\"a\",' || substr(options::text, 2))")[0])
        let envelope = try Envelope(parsing: ArraySlice(options.utf8))
        #expect(envelope.policy.priority.value == 3 && envelope.policy.maxAttempts == 7)
        #expect(envelope.policy.timeoutMs == 60_000 && envelope.policy.resultTTLMs == 0)
        #expect(envelope.policy.backoff == .fixed(.seconds(5)))
        #expect(envelope.tags == ["x", "y"] && envelope.metadata == ["k": "v"])
        try await database.enqueue("'a', run_at => '2030-01-01 00:00Z', timeout => '0'")
        let rows = try await database.rows("run_at_ms || (options ->> 'timeout_ms')")
        #expect(rows == [nil, "1893456000000-1"])
    }

    @Test(arguments: [
        ("'bad name'", "22023", "bad job name"), ("NULL", "22023", "bad job name"), ("''", "22023", "bad job name"),
        ("repeat('x', 65)", "22023", "bad job name"), ("E'a\\n'", "22023", "bad job name"),
        ("'a', queue => 'q:1'", "22023", "bad queue name"), ("'a', id => 'ä'", "22023", "bad job id"),
        ("'a', id => 'x', idempotency_key => 'y'", "22023", "both"),
        ("'a', idempotency_key => 'a b'", "22023", "idempotency_key"),
        ("'a', '{bad'", "22P02", "json"), ("'a', ''", "22P02", "json"), ("'a', '\"\n\"'", "22P02", "json"),
        ("'a', delay => '-1 ms'", "22023", "delay"), ("'a', delay => '36501 days'", "22023", "delay"),
        ("'a', delay => '1 s', run_at => now()", "22023", "both"), ("'a', run_at => 'infinity'", "22023", "run_at"),
        ("'a', run_at => '1969-01-01'", "22023", "run_at"), ("'a', priority => 10", "22023", "priority"),
        ("'a', priority => -1", "22023", "priority"), ("'a', max_attempts => 0", "22023", "max_attempts"),
        ("'a', max_attempts => 1000001", "22023", "max_attempts"), ("'a', timeout => '-1 s'", "22023", "timeout"),
        ("'a', result_ttl => '-1 s'", "22023", "result_ttl"), ("'a', expires_in => '0'", "22023", "expires_in"),
        ("'a', id => 'k-1'", "22023", "made from keys"), ("'a', tags => '{{a,b},{c,d}}'", "22023", "tags"),
        ("'a', backoff => '{\"fixed_ms\":5000.0}'", "22023", "backoff"),
        ("'a', tags => '{a b}'", "22023", "tags"), ("'a', tags => '{NULL}'", "22023", "tags"),
        ("'a', tags => array_fill('x'::text, '{17}')", "22023", "tags"), ("'a', metadata => '[]'", "22023", "metadata"),
        ("'a', metadata => '{\"k\":1}'", "22023", "metadata"), ("'a', metadata => 'null'", "22023", "metadata"),
        ("'a', backoff => '{}'", "22023", "backoff"), ("'a', backoff => '{\"fixed_ms\":-1}'", "22023", "backoff"),
        ("'a', backoff => '{\"fixed_ms\":1,\"x\":1}'", "22023", "backoff"),
        ("'a', backoff => '{\"list_ms\":[]}'", "22023", "backoff"),
        ("'a', backoff => '{\"list_ms\":[1,\"2\"]}'", "22023", "backoff"),
        ("'a', backoff => '{\"base_ms\":1,\"cap_ms\":1.5}'", "22023", "backoff"),
        ("'a', backoff => '{\"base_ms\":1,\"cap_ms\":1,\"jitter_percent\":101}'", "22023", "backoff"),
        ("'a', '\"' || repeat('x', 262143) || '\"'", "54000", "262145 bytes"),
        ("'a', repeat('[', 129) || repeat(']', 129)", "54000", "nested"),
        ("'a', repeat('{\"a\":', 129) || '1' || repeat('}', 129)", "54000", "nested"),
        ("'a', metadata => jsonb_build_object('k', repeat('x', 60000))", "54000", "too large"),
    ])
    func `what no job can be made of ends the caller's transaction with a reason`(
        _ arguments: String, _ state: String, _ words: String
    ) async throws {
        let database = try await Database.shared()
        let error = await #expect(throws: PostgresError.self) { try await database.enqueue(arguments) }
        #expect(error?.sqlState == state)
        #expect("\(error as Any)".contains(words), "\(error as Any)")
        #expect(try await database.rows("id") == [])
    }

    @Test(arguments: [
        "'a', '\"' || repeat('x', 262142) || '\"'", "'a', repeat('[', 128) || repeat(']', 128)",
        "'a', '\"' || repeat('[', 5000) || '\"'", "'a', '[' || repeat('{\"a\":[\"\\\"[\",{}]},', 100) || '1]'",
        "'a', tags => array_fill('x'::text, '{16}')",
        "'a', backoff => '{\"base_ms\":0,\"cap_ms\":1,\"jitter_percent\":100}'",
        "repeat('x', 64)", "'a', priority => 0", "'a', NULL", "'a', queue => NULL", "'a', delay => '36500 days'",
        "'a', backoff => '{\"list_ms\":[0,1]}'", "'a', metadata => '{}'", "name => 'a', payload => '1'::json",
        "name => 'a', payload => '1'::text", "name => 'a', payload => '1'::jsonb", "'a', to_jsonb(1), queue => 'b'",
    ])
    func `what is just within the rules is taken`(_ arguments: String) async throws {
        let database = try await Database.make()
        #expect(try await database.enqueue(arguments).count == 26)
    }

    @Test func `ids are ULIDs of this moment, and no two are alike`() async throws {
        let database = try await Database.make()
        let rows = try await database.connection.query(
            "SELECT jobqueue.enqueue('a'), floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM generate_series(1, 2000)"
        )
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        var seen: Set<String> = []
        for row in 0..<rows.rowCount {
            let id = try #require(rows.text(row, 0))
            #expect(id.count == 26 && id.allSatisfy(alphabet.contains))
            let ms = id.prefix(10).reduce(0) { $0 * 32 + (alphabet.firstIndex(of: $1) ?? 0) }
            #expect(abs(ms - (rows.int(row, 1) ?? 0)) < 2000)
            seen.insert(id)
        }
        #expect(seen.count == 2000)
        // Each of the 80 random bits is one as often as not.
        for position in 10..<26 {
            let digits = Set(seen.map { Array($0)[position] })
            #expect(digits.count == 32, "position \(position)")
        }
    }

    @Test func `text and json keep a payload bit for bit, jsonb does not claim to`() async throws {
        let database = try await Database.make()
        let odd = #"  {"b":1,"a":1.10,"a":"\ud800\u0000é","big":123456789012345678901234567890}  "#
        try await database.enqueue("'a', $1", [.text(odd)])
        try await database.enqueue("'a', $1::text::json", [.text(odd)])
        try await database.enqueue("'a', '{\"b\":1,\"a\":1.10,\"a\":2}'::jsonb")
        #expect(try await database.rows("payload") == [odd, odd, #"{"a": 2, "b": 1}"#])
    }

    @Test func `a NUL, and what is not UTF-8, is refused inside the transaction`() async throws {
        let database = try await Database.make()
        for bytes: [UInt8] in [
            [0x22, 0, 0x22], [0x22, 0xFF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC3, 0x22],
        ] {
            let error = await #expect(throws: PostgresError.self) {
                try await database.enqueue("'a', $1", [.utf8(bytes)])
            }
            #expect(error?.sqlState == "22021")
        }
        #expect(try await database.rows("id") == [])
    }

    @Test func `the same job under the same id is stored once, another one is refused`() async throws {
        let database = try await Database.make()
        for _ in 0..<2 { #expect(try await database.enqueue("'a', '1', id => 'x'") == "x") }
        let key = try await database.enqueue("'a', '1', idempotency_key => 'k'")
        #expect(key.hasPrefix("k-") && key.count == 34)
        #expect(try await database.enqueue("'a', '1', idempotency_key => 'k'") == key)
        #expect(try await database.enqueue("'a', '1', idempotency_key => 'k', queue => 'other'") != key)
        for arguments in ["'a', '2', id => 'x'", "'b', '1', id => 'x'", "'a', '2', idempotency_key => 'k'"] {
            let error = await #expect(throws: PostgresError.self) { try await database.enqueue(arguments) }
            #expect(error?.sqlState == "23505")
        }
        #expect(try await database.rows("id").count == 3)
    }

    @Test func `an id waits for the transaction that has taken it, and is free when that is rolled back`() async throws
    {
        let database = try await Database.make()
        let first = try await database.connect()
        try await first.run(script: "BEGIN; SELECT jobqueue.enqueue('a', '1', id => 'x')")
        async let second = database.enqueue("'b', '2', id => 'x'")
        // It is seen to wait, then the first gives up.
        let waiters = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        try await until { try await first.query(waiters).int(0, 0) != 0 }
        try await first.run(script: "ROLLBACK")
        #expect(try await second == "x")
        #expect(try await database.rows("name") == ["b"])
    }

    @Test func `what a session has set changes nothing`() async throws {
        let database = try await Database.make()
        try await database.connection.run(
            script: """
                SET standard_conforming_strings = off; SET search_path = ''; SET datestyle = 'German'; SET timezone = 'Asia/Tokyo';
                SET intervalstyle = 'sql_standard'; SET bytea_output = 'escape'; SET extra_float_digits = 0
                """)
        try await database.enqueue("'a', '\"\\\\n\"', idempotency_key => 'k', delay => '1 minute', tags => '{a}'")
        _ = try await database.connection.query(
            "SELECT jobqueue.enqueue_many('[{\"name\":\"a\",\"run_at\":\"2030-01-01T00:00:00Z\"}]')")
        #expect(try await database.rows("coalesce(delay_ms, run_at_ms)") == ["60000", "1893456000000"])
    }

    @Test func `request and trace of the session come along, and a bad one does no harm`() async throws {
        let database = try await Database.make()
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        try await database.connection.run(
            script: "SET jobqueue.request_id = 'req-1'; SET jobqueue.traceparent = '\(trace)'")
        try await database.enqueue("'a', metadata => '{\"k\":\"v\"}'")
        try await database.enqueue("'a', metadata => '{\"traceparent\":\"mine\"}'")
        try await database.connection.run(script: "SET jobqueue.request_id = 'ä'; SET jobqueue.traceparent = 'x'")
        try await database.enqueue("'a'")
        #expect(
            try await database.rows("options::text") == [
                "{\"metadata\": {\"k\": \"v\", \"traceparent\": \"\(trace)\"}, \"request_id\": \"req-1\"}",
                "{\"metadata\": {\"traceparent\": \"mine\"}, \"request_id\": \"req-1\"}", "{}",
            ])
    }
}
