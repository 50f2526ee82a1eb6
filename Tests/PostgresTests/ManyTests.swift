import Postgres
import Testing

/// `jobqueue.enqueue_many`.
@Suite(.timeLimit(.minutes(2))) struct ManyTests {
    private func many(
        _ database: Database, _ jobs: String, type: String = "text"
    ) async throws(PostgresError) -> [String] {
        let rows = try await database.connection.query(
            "SELECT * FROM jobqueue.enqueue_many($1::text::\(type))", [.text(jobs)])
        return (0..<rows.rowCount).compactMap { rows.text($0, 0) }
    }

    @Test(arguments: ["text", "json", "jsonb"])
    func `many jobs are stored in the order of the array, with what is said of each`(_ type: String) async throws {
        let database = try await Database.make()
        let ids = try await many(
            database,
            """
            [{"name":"a","payload":{"x":1}},
             {"name":"b","queue":"mail","id":"own","delay_ms":5,"priority":1,"max_attempts":2,"timeout_ms":-1,"result_ttl_ms":-1,
              "expires_in_ms":1000,"backoff":{"list_ms":[1]},"tags":["t"],"metadata":{"k":"v"}},
             {"name":"c","run_at":"2030-01-01T00:00:00+01:00","priority":null,"tags":null,"metadata":null,"payload":null}]
            """, type: type)
        #expect(ids.count == 3 && ids[1] == "own")
        #expect(try await database.rows("id") == ids)
        #expect(try await database.rows("name") == ["a", "b", "c"])
        #expect(
            try await database.rows("concat_ws('|', delay_ms, expires_in_ms, run_at_ms)") == [
                "", "5|1000", "1893452400000",
            ])
        let options = try await database.rows("options::text")
        #expect(
            options == [
                "{}",
                "{\"tags\": [\"t\"], \"backoff\": {\"list_ms\": [1]}, \"metadata\": {\"k\": \"v\"}, \"priority\": 1, "
                    + "\"timeout_ms\": -1, \"max_attempts\": 2, \"result_ttl_ms\": 3153600000000}",
                "{}",
            ])
    }

    @Test(arguments: [
        ("{}", "array"), ("null", "array"), ("[1]", "[0] no object"),
        (#"[{"name":"a"},{"nam":"b"}]"#, "[1] unknown field 'nam'"),
        (#"[{"name":"a"},{}]"#, "[1] bad job name"), (#"[{"name":7}]"#, "[0] name is no string"),
        (#"[{"name":"a","priority":"3"}]"#, "[0] priority is no whole number"),
        (#"[{"name":"a","priority":1.5}]"#, "[0] priority is no whole number"),
        (#"[{"name":"a","delay_ms":-1}]"#, "[0] delay is out of range"),
        (#"[{"name":"a","timeout_ms":0}]"#, "[0] timeout_ms"),
        (#"[{"name":"a","tags":"x"}]"#, "[0] tags"), (#"[{"name":"a","tags":[1]}]"#, "[0] tags"),
        (#"[{"name":"a","run_at":"tomorrow"}]"#, "[0] run_at"), (#"[{"name":"a","run_at":5}]"#, "[0] run_at"),
        (#"[{"name":"a","metadata":[]}]"#, "[0] bad metadata"),
        (#"[{"name":"a","max_attempts":1e300}]"#, "[0] max_attempts"),
        (#"[{"name":"a","payload":"\ud800"}]"#, "surrogate"),
        (#"[{"name":"a","run_at":"2030-13-01T00:00:00Z"}]"#, "out of range"), ("[{", "json"),
    ])
    func `one that is wrong keeps all out, and is named by its place`(_ jobs: String, _ words: String) async throws {
        let database = try await Database.shared()
        let error = await #expect(throws: PostgresError.self) { try await many(database, jobs) }
        #expect("\(error as Any)".contains(words), "\(error as Any)")
        #expect(try await database.rows("id") == [])
    }

    @Test func `payloads of text and json stay as they are`() async throws {
        let database = try await Database.make()
        let odd = #"{"b": 1,  "a":1.10,"a":"\u0041"}"#
        _ = try await many(database, #"[{"name":"a","payload":\#(odd)}]"#)
        #expect(try await database.rows("payload") == [odd])
    }
}
