import JobModel
import JobQueueClient
import Synchronization
import Testing

/// What is handed to Postgres; that it is understood there is for the tests of the schema.
@Suite struct SQLStatementTests {
    private struct Order: Job {
        static let name = "order.receipt"
        static let options = JobOptions(queue: "mail", maxAttempts: 8, timeout: .seconds(30))
        var number: Int
        var note: String?
    }

    private struct Unencodable: Job {
        static let name = "bad"
        var number = Double.infinity
    }

    @Test func `a job is a fixed text and fifteen texts, NULL where nothing is said`() throws {
        let statement = try SQLStatement.enqueue(Order(number: 7))
        #expect(statement.bindings.count == 15)
        #expect(
            statement.bindings == [
                "order.receipt", #"{"number":7}"#, "mail", nil, nil, nil, nil, "8", "30000 milliseconds", nil, nil, nil,
                nil,
                nil, nil,
            ])
        let plain = try SQLStatement.enqueue(name: "a")
        #expect(plain.bindings == ["a", "null", "default"] + Array(repeating: nil, count: 12))
        #expect(plain.sql == statement.sql, "so that its plan is kept")
        for number in 1...15 { #expect(plain.sql.contains("$\(number)::text")) }
        #expect(!plain.sql.contains("$16"))
    }

    @Test func `everything that can be said of a job is said`() throws {
        let statement = try SQLStatement.enqueue(
            name: "a", payload: "[1]", in: .seconds(5), idempotencyKey: "order-7",
            options: JobOptions(
                queue: "q", priority: Priority(0)!, maxAttempts: 3, backoff: .list([.seconds(1), .seconds(60)]),
                timeout: nil,
                resultTTL: .forever, expiry: .seconds(90), tags: ["null", "b.c"],
                metadata: ["k": "ä\"\n", "a": ""]))
        #expect(
            statement.bindings == [
                "a", "[1]", "q", nil, "5000 milliseconds", nil, "0", "3", "0 milliseconds", "order-7",
                #"{"null","b.c"}"#,
                #"{"a":"","k":"ä\"\n"}"#, #"{"list_ms":[1000,60000]}"#, "3153600000000 milliseconds",
                "90000 milliseconds",
            ])
        let later = try SQLStatement.enqueue(
            name: "a", id: "mine:1", in: .seconds(5), atMilliseconds: 1_763_700_000_123,
            options: JobOptions(resultTTL: .none))
        #expect(later.bindings[3] == "mine:1" && later.bindings[4] == nil)
        #expect(later.bindings[5] == "2025-11-21T04:40:00.123Z" && later.bindings[13] == "0 milliseconds")
    }

    @Test func `what is longer than Postgres takes is cut to that`() throws {
        let age = Duration.seconds(Int64.max)
        let bindings = try SQLStatement.enqueue(
            name: "a", in: age, options: JobOptions(timeout: age, resultTTL: .keep(age), expiry: age)
        ).bindings
        for place in [4, 8, 13, 14] { #expect(bindings[place] == "3153600000000 milliseconds") }
        #expect(
            try SQLStatement.enqueue(name: "a", atMilliseconds: Int.max).bindings[5] == "9999-01-01T00:00:00.000Z")
    }

    @Test(arguments: ["{ \"a\" : 1.0, \"a\": 1e2 }", "\"\\u00e4\\u0000\"", " [1,\n2] ", "9007199254740993.00"])
    func `a payload goes as it is`(payload: String) throws {
        #expect(try SQLStatement.enqueue(name: "a", payload: payload).bindings[1] == payload)
        let many = try SQLStatement.enqueue(contentsOf: [JobQueue.BareJob(name: "a", payload: payload)])
        #expect(many.bindings == [#"[{"name":"a","queue":"default","payload":\#(payload)}]"#])
    }

    @Test func `many jobs are one text with one binding`() throws {
        let options = JobOptions(
            queue: "q", priority: Priority(9)!, maxAttempts: 1, backoff: .fixed(.seconds(2)), timeout: nil,
            resultTTL: .forever, expiry: .seconds(1), tags: ["t"], metadata: ["k": "v"])
        let statement = try SQLStatement.enqueue(
            contentsOf: [JobQueue.BareJob(name: "a", payload: "1", id: "x"), JobQueue.BareJob(name: "b")],
            in: .seconds(3), options: options)
        let rest =
            #""delay_ms":3000,"priority":9,"max_attempts":1,"timeout_ms":-1,"result_ttl_ms":-1,"expires_in_ms":1000,"#
            + #""backoff":{"fixed_ms":2000},"tags":["t"],"metadata":{"k":"v"}"#
        #expect(
            statement.bindings == [
                #"[{"name":"a","queue":"q","id":"x",\#(rest),"payload":1},{"name":"b","queue":"q",\#(rest),"payload":null}]"#
            ])
        let typed = try SQLStatement.enqueue(contentsOf: [Order(number: 1), Order(number: 2, note: "x")])
        #expect(typed.sql == statement.sql)
        #expect(typed.bindings[0]?.contains(#""timeout_ms":30000,"payload":{"note":"x","number":2}}]"#) == true)
        #expect(try SQLStatement.enqueue(contentsOf: [Order]()).bindings == ["[]"])
    }

    @Test func `what is wrong with a job is said before anything is sent`() {
        func refusal(_ make: () throws(JobQueueError) -> SQLStatement) -> JobQueueError.Code? {
            do throws(JobQueueError) { _ = try make() } catch { return error.code }
            return nil
        }
        #expect(refusal { () throws(JobQueueError) in try .enqueue(name: "a b") } == .badName)
        #expect(refusal { () throws(JobQueueError) in try .enqueue(name: "a", id: "a b") } == .badName)
        #expect(refusal { () throws(JobQueueError) in try .enqueue(name: "a", payload: "{") } == .badPayload)
        #expect(refusal { () throws(JobQueueError) in try .enqueue(Unencodable()) } == .badPayload)
        #expect(
            refusal { () throws(JobQueueError) in
                try .enqueue(name: "a", payload: "\"\(String(repeating: "x", count: 262_143))\"")
            } == .payloadTooLarge)
        #expect(
            refusal { () throws(JobQueueError) in try .enqueue(name: "a", options: JobOptions(maxAttempts: 0)) }
                == .badOption)
        #expect(
            refusal { () throws(JobQueueError) in
                try .enqueue(name: "a", options: JobOptions(metadata: ["k": String(repeating: "x", count: 70_000)]))
            } == .badOption)
        #expect(
            refusal { () throws(JobQueueError) in try .enqueue(name: "a", options: JobOptions(metadata: ["k": "\0"])) }
                == .badOption)
        #expect(refusal { () throws(JobQueueError) in try .enqueue(name: "a", idempotencyKey: "a b") } == .badName)
        #expect(
            refusal { () throws(JobQueueError) in try .enqueue(name: "a", id: "x", idempotencyKey: "y") } == .badOption)
        #expect(
            refusal { () throws(JobQueueError) in
                try .enqueue(contentsOf: [JobQueue.BareJob(name: "a"), JobQueue.BareJob(name: "")])
            } == .badName)
    }

    /// What a client's connection is to us.
    private final class Recorder: SQLConnection {
        let statements = Mutex<[SQLStatement]>([])
        let answer: String?
        init(_ answer: String?) { self.answer = answer }
        func run(_ statement: SQLStatement) -> String? {
            statements.withLock { $0.append(statement) }
            return answer
        }
    }

    @Test func `any connection enqueues, and answers ids`() async throws {
        let one = Recorder("01K")
        #expect(try await one.enqueue(Order(number: 1), id: "01K") == "01K")
        #expect(try await one.enqueue(name: "a", payload: "2") == "01K")
        let expected = [try SQLStatement.enqueue(Order(number: 1), id: "01K"), try .enqueue(name: "a", payload: "2")]
        #expect(one.statements.withLock { $0 } == expected)
        let many = Recorder(#"["a", "b"]"#)
        #expect(try await many.enqueue(contentsOf: [Order(number: 1), Order(number: 2)]) == ["a", "b"])
        #expect(try await many.enqueue(contentsOf: [JobQueue.BareJob(name: "a")]) == ["a", "b"])
        await #expect(throws: JobQueueError.self) { try await Recorder(nil).enqueue(name: "a") }
        await #expect(throws: JobQueueError.self) { try await Recorder(nil).enqueue(contentsOf: [Order(number: 1)]) }
    }
}
