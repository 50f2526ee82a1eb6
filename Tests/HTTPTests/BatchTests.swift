import HTTPTypes
import JobModel
import JobQueueClient
import JobStore
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    @Suite struct BatchTests {
        @Test func `a batch is stored in its order`() async throws {
            let rig = try await APIRig()
            let jobs = (0..<1000).map { #"{"name":"a","payload":\#($0)}"# }.joined(separator: ",")
            let reply = try await rig.call(.post, "/v1/jobs/batch", #"{"jobs":[\#(jobs)]}"#)
            #expect(reply.status == 201 && reply.json["accepted"] == 1000 && reply.json["rejected"] == 0)
            let ids = try await rig.store.ids(.queued, offset: 0, limit: 1000)
            #expect(ids.first == reply.json["items"]?[0]?["id"]?.text)
            #expect(ids.last == reply.json["items"]?[999]?["id"]?.text)
        }

        @Test func `one wrong job keeps all others out, and each wrong field is named`() async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(
                .post, "/v1/jobs/batch", #"{"jobs":[{"name":"a"},{"name":"b","delay":1},7,{"queue":"x y"}]}"#)
            #expect(reply.status == 422)
            let pointers = (0..<4).map { reply.json["errors"]?[$0]?["pointer"]?.text }
            #expect(
                pointers == ["/jobs/1/delay", "/jobs/2", "/jobs/3/queue", "/jobs/3/name"]
                    || pointers.contains("/jobs/3/name"))
            let mixed = try await rig.call(
                .post, "/v1/jobs/batch", #"{"jobs":[{"name":"a"},{"name":"b","queue":"other"}]}"#)
            #expect(mixed.json["errors"]?[0]?["pointer"] == "/jobs/1/queue")
            #expect(try await rig.queue.store.queues().isEmpty)
        }

        @Test func `a partial batch stores what it can and answers for each`() async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(
                .post, "/v1/jobs/batch",
                #"{"atomic":false,"jobs":[{"name":"a"},{"name":"b","delay":1},{"name":"c","queue":"other"}]}"#)
            #expect(reply.status == 207 && reply.json["accepted"] == 2 && reply.json["rejected"] == 1)
            #expect(reply.json["items"]?[1]?["status"] == 422)
            #expect(reply.json["items"]?[1]?["problem"]?["errors"]?[0]?["pointer"] == "/jobs/1/delay")
            #expect(reply.json["items"]?[2]?["job"]?["queue"] == "other")
            let none = try await rig.call(.post, "/v1/jobs/batch?atomic=false", #"{"jobs":[{}]}"#)
            #expect(none.status == 422 && none.json["accepted"] == 0)
        }

        @Test func `lines are jobs, too`() async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(
                .post, "/v1/jobs/batch?atomic=false", "{\"name\":\"a\"}\r\n\n{\"name\":\"b\"}\nnonsense\n",
                headers: [.contentType: "application/x-ndjson"])
            #expect(reply.status == 207 && reply.json["accepted"] == 2)
            #expect(reply.json["items"]?[2]?["problem"]?["errors"]?[0]?["pointer"] == "/jobs/2")
        }

        @Test func `a batch that is sent again under its key makes no second jobs`() async throws {
            let rig = try await APIRig()
            let body = #"{"jobs":[{"name":"a"},{"name":"a"}]}"#
            let first = try await rig.call(.post, "/v1/jobs/batch", body, headers: [.idempotencyKey: "k"])
            let second = try await rig.call(.post, "/v1/jobs/batch", body, headers: [.idempotencyKey: "k"])
            #expect(first.status == 201 && second.status == 200)
            #expect(first.json["items"]?[1]?["id"] == second.json["items"]?[1]?["id"])
            #expect(second.headers[.idempotencyReplayed] == "true")
            let other = try await rig.call(
                .post, "/v1/jobs/batch", #"{"jobs":[{"name":"a"},{"name":"b"}]}"#, headers: [.idempotencyKey: "k"])
            #expect(other.status == 422 && other.json["errors"]?[0]?["pointer"] == "/jobs/1")
            #expect(try await rig.store.snapshot().count(.queued) == 2)
        }

        @Test(arguments: [0, 1001])
        func `a batch has one to a thousand jobs`(count: Int) async throws {
            let rig = try await APIRig()
            let jobs = Array(repeating: #"{"name":"a"}"#, count: count).joined(separator: ",")
            #expect(try await rig.call(.post, "/v1/jobs/batch", #"{"jobs":[\#(jobs)]}"#).status == 422)
            #expect(try await rig.call(.post, "/v1/jobs/batch", #"{"atomic":true}"#).status == 422)
        }

        // MARK: CloudEvents

        @Test func `an event becomes a job once, whatever its form`() async throws {
            let rig = try await APIRig()
            let event =
                #"{"specversion":"1.0","id":"7","source":"/shop","type":"order.made","subject":"s1","data":{"a":1}}"#
            let first = try await rig.call(
                .post, "/v1/cloudevents?queue=mail", event, headers: [.contentType: "application/cloudevents+json"])
            #expect(first.status == 202)
            var headers: HTTPFields = [.contentType: "application/json"]
            for (name, value) in [
                ("ce-specversion", "1.0"), ("ce-id", "7"), ("ce-source", "/shop"), ("ce-type", "order.made"),
                ("ce-subject", "s1"),
            ] { headers[try #require(HTTPField.Name(name))] = value }
            let again = try await rig.call(.post, "/v1/cloudevents?queue=mail", #"{"a":1}"#, headers: headers)
            #expect(again.status == 200 && again.text == first.text)
            let many = try await rig.call(
                .post, "/v1/cloudevents?queue=mail", "[\(event)]",
                headers: [.contentType: "application/cloudevents-batch+json"])
            #expect(many.status == 200 && many.text == first.text)
            let id = try #require(first.json["items"]?[0]?["id"]?.text)
            let job = try await rig.call(.get, "/v1/queues/mail/jobs/\(id)?include=payload")
            #expect(job.json["name"] == "order.made" && job.json["payload"] == .object(["a": 1]))
            #expect(job.json["tags"] == .array(["s1"]) && job.json["metadata"]?["ce-source"] == "/shop")
        }

        @Test(arguments: [
            (#"{"specversion":"0.3","id":"7","source":"s","type":"t"}"#, "/specversion"),
            (#"{"specversion":"1.0","source":"s","type":"t"}"#, "/id"),
            (#"{"specversion":"1.0","id":"7","source":"s","type":"a b"}"#, "/type"),
            (#"{"specversion":"1.0","id":"7","source":"s","type":"t","data_base64":"AA=="}"#, "/data_base64"),
            (#"{"specversion":"1.0","id":"7","source":"s","type":"t","ext":{}}"#, "/ext"),
            (#"{"specversion":"1.0","id":"7","source":"s","type":"t","ext":2.5}"#, "/ext"),
            (#"{"specversion":"1.0","id":"7","source":false,"type":"t"}"#, "/source"),
        ])
        func `an event that breaks a rule is refused`(event: String, pointer: String) async throws {
            let rig = try await APIRig()
            let reply = try await rig.call(
                .post, "/v1/cloudevents", event, headers: [.contentType: "application/cloudevents+json"])
            #expect(reply.status == 422 && reply.json["errors"]?[0]?["pointer"] == .string(pointer))
            let batch = try await rig.call(
                .post, "/v1/cloudevents", "[\(event)]", headers: [.contentType: "application/cloudevents-batch+json"])
            #expect(batch.json["errors"]?[0]?["pointer"] == .string("/0" + pointer))
        }
    }
}
