import HTTPTypes
import JobModel
import JobQueueClient
import JobStore
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// What a person does to one job.
    @Suite struct ManageTests {
        /// A queue with a job of each state that a script can draw. A server serves many of them.
        private struct Stage {
            let rig: APIRig
            let queue: QueueName

            var path: String { "/v1/queues/\(queue)/jobs" }
            var store: QueueStore { rig.queue.store.queue(queue) }

            init(_ rig: APIRig, _ number: Int = 0) async throws {
                self.rig = rig
                queue = try QueueName("q\(number)")
                for (id, delay) in [("waits", 0), ("later", 3_600_000)] {
                    let job = #"{"name":"a","payload":{"n":1},"delay_ms":\#(delay)}"#
                    let reply = try await rig.call(.put, "\(path)/\(id)", job)
                    #expect(reply.status == 201)
                }
                let envelope = #"{"v":1,"name":"a","payload":1}"#
                try await store.draw([
                    "jobs dies = \(envelope)", "dead dies = 9e15", "jobs runs = \(envelope)",
                    "running runs = \(Incarnation(7).token(claim: 1).number)", "jobs done = \(envelope)",
                    "succeeded done = 9e15",
                ])
            }

            func call(
                _ method: HTTPRequest.Method, _ rest: String, _ body: String? = nil, headers: HTTPFields = [:]
            ) async throws -> APIRig.Reply {
                try await rig.call(method, "\(path)/\(rest)", body, headers: headers)
            }
        }

        @Test func `cancel ends what waits, asks what runs, and refuses what has ended`() async throws {
            let stage = try await Stage(APIRig())
            for (id, status, state) in [
                ("waits", 200, "cancelled"), ("later", 200, "cancelled"), ("runs", 202, "running"), ("dies", 409, ""),
                ("done", 409, ""), ("nobody", 404, ""),
            ] {
                for _ in 1...2 {
                    let reply = try await stage.call(.post, "\(id)/cancel")
                    #expect(reply.status == status, "\(id)")
                    #expect(status >= 400 || reply.json["state"]?.text == state, "\(id)")
                }
            }
        }

        @Test func `only what is dead or cancelled is requeued`() async throws {
            let stage = try await Stage(APIRig())
            for (id, status) in [("dies", 200), ("waits", 409), ("runs", 409), ("done", 409), ("nobody", 404)] {
                let reply = try await stage.call(.post, "\(id)/requeue")
                #expect(reply.status == status, "\(id)")
                #expect(status >= 400 || reply.json["state"] == "queued")
            }
        }

        @Test func `a cancelled job is requeued once`() async throws {
            let stage = try await Stage(APIRig())
            #expect(try await stage.call(.post, "waits/cancel").status == 200)
            #expect(try await stage.call(.post, "waits/requeue").status == 200)
            #expect(try await stage.call(.post, "waits/requeue").status == 409)
        }

        @Test func `a job that does not run is deleted with everything of it`() async throws {
            let stage = try await Stage(APIRig())
            for (id, status) in [
                ("waits", 204), ("later", 204), ("dies", 204), ("done", 204), ("runs", 409), ("nobody", 404),
            ] {
                #expect(try await stage.call(.delete, id).status == status, "\(id)")
                // An id of the caller's own is remembered.
                let rest = try await stage.store.picture().lines.filter {
                    $0.contains(" \(id)") && !$0.hasPrefix("idem")
                }
                #expect(rest.isEmpty == (status != 409), "\(rest)")
            }
        }

        @Test func `an edit changes what it names and nothing else`() async throws {
            let stage = try await Stage(APIRig())
            let edit = #"{"payload":{"n":2.50},"priority":9,"tags":["x"],"run_at":"2126-01-02T03:04:05Z"}"#
            let reply = try await stage.call(.patch, "waits", edit)
            #expect(reply.status == 200 && reply.json["state"] == "scheduled" && reply.json["priority"] == 9)
            #expect(reply.json["run_at"] == "2126-01-02T03:04:05.000Z" && reply.json["max_attempts"] == 25)
            let seen = try await stage.call(.get, "waits?include=payload")
            #expect(seen.text.contains(#""payload":{"n":2.50}"#) && seen.json["name"] == "a")
            let envelope = try Envelope(parsing: Array((try await stage.store.picture()["jobs waits"] ?? "").utf8)[...])
            #expect(envelope.due == .at(ms: Timestamp.milliseconds("2126-01-02T03:04:05Z")!))
        }

        @Test func `an edit that cannot be is refused, and changes nothing`() async throws {
            let rig = try await APIRig()
            for (number, (id, body, status)) in [
                ("waits", "{}", 422), ("waits", #"{"name":"b"}"#, 422), ("waits", #"{"priority":10}"#, 422),
                ("runs", #"{"priority":1}"#, 409), ("done", #"{"priority":1}"#, 409),
                ("nobody", #"{"priority":1}"#, 404), ("waits", #"{"run_at":"soon"}"#, 422),
                ("dies", #"{"payload":[1]}"#, 200), ("dies", #"{"run_at":"2126-01-02T03:04:05Z"}"#, 409),
            ].enumerated() {
                let stage = try await Stage(rig, number)
                let before = try await stage.store.picture()
                #expect(try await stage.call(.patch, id, body).status == status, "\(body)")
                #expect(try await stage.store.picture().changes(since: before).isEmpty == (status != 200), "\(body)")
            }
        }

        @Test func `If-Match lets through whoever has seen the job as it is`() async throws {
            let stage = try await Stage(APIRig())
            let tag = try #require(try await stage.call(.get, "waits").headers[.eTag])
            let edited = try await stage.call(
                .patch, "waits", #"{"priority":1}"#, headers: [.ifMatch: "\"x\", \(tag)"])
            #expect(edited.status == 200 && edited.headers[.eTag] != tag)
            for method in [HTTPRequest.Method.patch, .delete] {
                let late = try await stage.call(
                    method, "waits", #"{"priority":2}"#, headers: [.ifMatch: tag])
                #expect(late.status == 412)
                let weak = try await stage.call(
                    method, "waits", #"{"priority":2}"#,
                    headers: [.ifMatch: "W/\(edited.headers[.eTag] ?? "")"])
                #expect(weak.status == 412)
            }
            let anything = try await stage.call(.delete, "waits", headers: [.ifMatch: "*"])
            #expect(anything.status == 204)
        }

        @Test func `a tag that lost its quotes is known`() async throws {
            let stage = try await Stage(APIRig())
            let tag = try #require(try await stage.call(.get, "waits").headers[.eTag]).filter { $0 != "\"" }
            let (other, same) = (
                try await stage.call(.delete, "waits", headers: [.ifMatch: "0"]),
                try await stage.call(.delete, "waits", headers: [.ifMatch: tag])
            )
            #expect(other.status == 412 && same.status == 204)
        }

        @Test func `If-Match that is no tag is said to be wrong`() async throws {
            let stage = try await Stage(APIRig())
            for value in ["", "\"a", "a\"", "W/a", "\"a\",", "\"a\" \"b\"", "*,\"a\""] {
                let reply = try await stage.call(.patch, "waits", #"{"priority":1}"#, headers: [.ifMatch: value])
                #expect(reply.status == 400 && reply.text.contains("If-Match"), "\(value)")
            }
        }
    }
}
