import HTTPTypes
import JobModel
import JobQueueClient
import JobStore
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    @Suite struct EnqueueTests {
        @Test func `a job that is answered with 201 is stored as it was described`() async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(
                .post, "/v1/jobs",
                """
                {"name":"email.send","payload":{"to":"a@b","n":12345678901234567890},"priority":1,"max_attempts":3,"timeout_ms":-1,
                 "backoff":{"list_ms":[1,2]},"result_ttl_ms":-1,"tags":["x"],"metadata":{"k":"v"}}
                """, headers: [.requestID: "trace-1"])
            #expect(reply.status == 201 && reply.json["state"] == "queued" && reply.json["queue"] == "default")
            let id = try #require(reply.json["id"]?.text)
            #expect(reply.headers[.location] == "/v1/queues/default/jobs/\(id)")
            #expect(reply.headers[.requestID] == "trace-1")
            let envelope = try Envelope(parsing: try await rig.store.inspect([id], full: true).jobs[0].envelope)
            #expect(envelope.name == "email.send" && envelope.requestID == "trace-1")
            // The payload's bytes, not a reading of them.
            #expect(envelope.payload.elementsEqual(#"{"to":"a@b","n":12345678901234567890}"#.utf8))
            #expect(envelope.policy.priority.value == 1 && envelope.policy.maxAttempts == 3)
            #expect(envelope.policy.timeoutMs == -1 && envelope.policy.resultTTLMs == -1)
            #expect(envelope.policy.backoff == .list([.milliseconds(1), .milliseconds(2)]))
            #expect(envelope.tags == ["x"] && envelope.metadata == ["k": "v"])
        }

        @Test func `a later time makes a scheduled job`() async throws {
            let rig = try await APIRig()
            let later = try await rig.call(.post, "/v1/jobs", #"{"name":"a","delay_ms":60000}"#)
            #expect(later.json["state"] == "scheduled" && later.json["run_at"]?.text != nil)
            let moment = try await rig.call(.post, "/v1/jobs", #"{"name":"a","run_at":"2100-01-01T00:00:00+01:00"}"#)
            #expect(moment.json["run_at"] == "2099-12-31T23:00:00.000Z")
            let past = try await rig.call(.post, "/v1/jobs", #"{"name":"a","run_at":"2001-01-01T00:00:00Z"}"#)
            #expect(past.json["state"] == "queued")
            let counts = try await rig.store.snapshot().counts
            #expect(counts[.scheduled] == 2 && counts[.queued] == 1)
        }

        @Test func `a whole number may be written as any JSON number, and a time has a year of four digits`()
            async throws
        {
            let rig = try await APIRig()
            let body = #"{"name":"a","delay_ms":60000.0,"max_attempts":2e1,"backoff":{"list_ms":[1.0,2]}}"#
            #expect(try await rig.call(.post, "/v1/jobs", body).status == 201)
            let latest = try await rig.call(.post, "/v1/jobs", #"{"name":"a","delay_ms":3153600000000}"#)
            #expect(latest.json["run_at"]?.text?.hasPrefix("21") == true)
            let later = try await rig.call(.post, "/v1/jobs", #"{"name":"a","delay_ms":3153600000001}"#)
            #expect(later.json["errors"]?[0]?["code"] == "out-of-range")
            let part = try await rig.call(.post, "/v1/jobs", #"{"name":"a","backoff":{"list_ms":[1.5]}}"#)
            #expect(part.json["errors"]?[0]?["pointer"] == "/backoff/list_ms")
        }

        @Test(arguments: [
            (#"{}"#, "/name", "missing"), (#"{"name":"a b"}"#, "/name", "bad-name"),
            (#"{"name":"a","delay":5}"#, "/delay", "unknown"),
            (#"{"name":"a","delay_ms":-1}"#, "/delay_ms", "out-of-range"),
            (#"{"name":"a","delay_ms":1.5}"#, "/delay_ms", "out-of-range"),
            (#"{"name":"a","delay_ms":1,"run_at":"2100-01-01T00:00:00Z"}"#, "/run_at", "contradiction"),
            (#"{"name":"a","run_at":"tomorrow"}"#, "/run_at", "wrong-type"),
            (#"{"name":"a","run_at":"2026-02-30T00:00:00Z"}"#, "/run_at", "wrong-type"),
            (#"{"name":"a","timeout_ms":0}"#, "/timeout_ms", "out-of-range"),
            (#"{"name":"a","priority":10}"#, "/priority", "out-of-range"),
            (#"{"name":"a","max_attempts":0}"#, "/max_attempts", "out-of-range"),
            (#"{"name":"a","backoff":{"base_ms":1}}"#, "/backoff/base_ms", "missing"),
            (#"{"name":"a","backoff":{"fixed_ms":1,"wat":2}}"#, "/backoff/wat", "unknown"),
            (#"{"name":"a","backoff":[]}"#, "/backoff", "wrong-type"),
            (#"{"name":"a","tags":["ok","not ok"]}"#, "/tags/1", "bad-name"),
            (#"{"name":"a","metadata":{"a/b~c":1}}"#, "/metadata/a~1b~0c", "wrong-type"),
            (#"{"name":"a","metadata":{"x":"1","x":"2"}}"#, "/metadata", "wrong-type"),
            (#"{"name":7}"#, "/name", "wrong-type"), (#"{"name":"a","queue":""}"#, "/queue", "bad-name"),
        ])
        func `a wrong field is refused by its pointer, and nothing is stored`(
            body: String, pointer: String, code: String
        ) async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(.post, "/v1/jobs", body)
            #expect(reply.status == 422 && reply.headers[.contentType] == "application/problem+json")
            #expect(reply.json["type"] == "/problems/invalid-job" && reply.json["status"] == 422)
            #expect(reply.json["errors"]?[0]?["pointer"] == .string(pointer))
            #expect(reply.json["errors"]?[0]?["code"] == .string(code))
            #expect(reply.json["instance"]?.text == "urn:request:\(reply.headers[.requestID] ?? "")")
            #expect(try await rig.queue.store.queues().isEmpty)
        }

        @Test(arguments: [
            #""#, #"[]"#, #"nonsense"#, #"{"name":"a""#, #"{"name":"a","name":"b"}"#, #"{"name":"a","\u006eame":"b"}"#,
            #"{"name":"a"} x"#,
            #"{"name":"a","payload":\#(String(repeating: "[", count: 33))\#(String(repeating: "]", count: 33))}"#,
        ])
        func `what is not one JSON object of moderate depth is refused`(body: String) async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(.post, "/v1/jobs", body)
            #expect(reply.status == 400 && reply.json["type"] == "/problems/invalid-request")
            #expect(try await rig.queue.store.queues().isEmpty)
        }

        @Test func `the deepest body that is allowed is stored`() async throws {
            let rig = try await APIRig()
            let deep = String(repeating: "[", count: 31) + String(repeating: "]", count: 31)
            #expect(try await rig.call(.post, "/v1/jobs", #"{"name":"a","payload":\#(deep)}"#).status == 201)
            let deeper = "[\(deep)]"
            #expect(try await rig.call(.post, "/v1/jobs", #"{"name":"a","payload":\#(deeper)}"#).status == 400)
        }

        @Test func `a body that is not UTF-8, or is compressed, or is no JSON by its media type is refused`()
            async throws
        {
            let rig = try await APIRig()
            let bytes = Array(#"{"name":"a","payload":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)
            #expect(try await rig.send(.post, "/v1/jobs", bytes).status == 400)
            let packed = try await rig.call(.post, "/v1/jobs", #"{"name":"a"}"#, headers: [.contentEncoding: "gzip"])
            #expect(packed.status == 415)
            let form = try await rig.call(
                .post, "/v1/jobs", "name=a", headers: [.contentType: "application/x-www-form-urlencoded"])
            #expect(form.status == 415)
            let plain = try await rig.call(
                .post, "/v1/jobs", #"{"name":"a"}"#, headers: [.contentType: "Application/JSON; charset=utf-8"])
            #expect(plain.status == 201)
        }

        @Test func `payload and body have limits, just below and just above`() async throws {
            let rig = try await APIRig { $0.maxBodyBytes = 300_000 }
            func payload(_ count: Int) -> String {
                #"{"name":"a","payload":"\#(String(repeating: "x", count: count))"}"#
            }
            // The quotes are part of the payload.
            #expect(try await rig.call(.post, "/v1/jobs", payload(262_142)).status == 201)
            let long = try await rig.call(.post, "/v1/jobs", payload(262_143))
            #expect(long.status == 413 && long.json["type"] == "/problems/payload-too-large")
            let fits = 300_000 - payload(0).utf8.count
            #expect(try await rig.call(.post, "/v1/jobs", payload(fits + 1)).headers[.connection] == "close")
            #expect(try await rig.store.snapshot().count(.queued) == 1)
        }

        @Test func `a server that has found its Redis takes jobs from the first request on`() async throws {
            let rig = try await APIRig.unchecked()
            let early = try await rig.call(.post, "/v1/jobs", #"{"name":"a"}"#)
            #expect(early.status == 503 && early.headers[.retryAfter] != nil)
            try await rig.queue.check()
            #expect(try await rig.call(.post, "/v1/jobs", #"{"name":"a"}"#).status == 201)
        }

        // MARK: Idempotency

        @Test func `one key and body make one job with one answer, also from fifty at a time`() async throws {
            let rig = try await APIRig()
            let body = #"{"name":"a","payload":1,"delay_ms":3600000}"#
            let replies = try await withThrowingTaskGroup(of: APIRig.Reply.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await rig.call(
                            .post, "/v1/jobs", body, headers: [.idempotencyKey: "\"order 1042\"".filter { $0 != " " }])
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(replies.map(\.text)).count == 1)
            #expect(replies.count { $0.status == 201 } == 1 && replies.count { $0.status == 200 } == 49)
            #expect(replies.allSatisfy { ($0.status == 200) == ($0.headers[.idempotencyReplayed] == "true") })
            #expect(try await rig.store.snapshot().count(.scheduled) == 1)
            // The same key without quotes is the same key.
            let bare = try await rig.call(.post, "/v1/jobs", body, headers: [.idempotencyKey: "order1042"])
            #expect(bare.status == 200 && bare.text == replies[0].text)
        }

        @Test func `another body under the same key is refused, another key or queue is another job`() async throws {
            let rig = try await APIRig()
            func send(_ body: String, _ key: String) async throws -> Int {
                try await rig.call(.post, "/v1/jobs", body, headers: [.idempotencyKey: key]).status
            }
            #expect(try await send(#"{"name":"a","payload":1}"#, "k") == 201)
            #expect(try await send(#"{"name":"a","payload":2}"#, "k") == 422)
            #expect(try await send(#"{"name":"a","payload":1,"priority":1}"#, "k") == 422)
            #expect(try await send(#"{"name":"a","payload":1}"#, "K") == 201)
            #expect(try await send(#"{"name":"a","payload":1,"queue":"other"}"#, "k") == 201)
            #expect(try await rig.store.snapshot().count(.queued) == 2)
        }

        @Test(arguments: ["", "\"\"", "a b", "é", String(repeating: "k", count: 256)])
        func `a bad key is refused`(key: String) async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(.post, "/v1/jobs", #"{"name":"a"}"#, headers: [.idempotencyKey: key])
            #expect(reply.status == 400)
        }

        @Test func `an id of the caller's own takes one job, and tells another`() async throws {
            let rig = try await APIRig()
            let path = "/v1/queues/mail/jobs/order-1"
            #expect(try await rig.call(.put, path, #"{"name":"a","payload":1}"#).status == 201)
            #expect(try await rig.call(.put, path, #"{"name":"a","payload":1}"#).status == 200)
            let other = try await rig.call(.put, path, #"{"name":"a","payload":2}"#)
            #expect(other.status == 409 && other.json["type"] == "/problems/id-conflict")
            let elsewhere = try await rig.call(.put, path, #"{"name":"a","queue":"default"}"#)
            #expect(elsewhere.status == 409 && elsewhere.json["type"] == "/problems/queue-mismatch")
            #expect(try await rig.call(.put, "/v1/queues/mail/jobs/a%20b", #"{"name":"a"}"#).status == 400)
        }
    }
}
