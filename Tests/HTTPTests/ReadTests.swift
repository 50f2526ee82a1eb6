import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import JobQueueWorker
import JobStore
import NIOCore
import Synchronization
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    @Suite struct ReadTests {
        /// Runs the body while a worker works.
        private static func working(
            _ rig: APIRig, _ body: @Sendable @escaping () async throws -> Void
        ) async throws {
            var handlers = Handlers()
            handlers.on(name: "echo") { payload, _ in payload }
            handlers.on(name: "fail") { _, _ in throw JobError.permanent("no such \"thing\"") }
            var configuration = WorkerConfiguration()
            configuration.lease = .seconds(3)
            let worker = try Worker(url: rig.redis.url, handlers: handlers, configuration: configuration)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await worker.run() }
                let result: Result<Void, any Error>
                do { result = .success(try await body()) } catch { result = .failure(error) }
                worker.stop(within: .zero)
                try await group.waitForAll()
                try result.get()
            }
        }

        @Test func `enqueue waits for the result where that is preferred`() async throws {
            let rig = try await APIRig()
            try await Self.working(rig) {
                let reply = try await rig.call(
                    .post, "/v1/jobs", #"{"name":"echo","payload":{"n":1.50}}"#,
                    headers: [.prefer: "respond-async, wait=30"])
                #expect(reply.status == 200 && reply.headers[.preferenceApplied] == "wait=30")
                #expect(reply.json["state"] == "succeeded" && reply.text.contains(#""result":{"n":1.50}"#))
                let id = try #require(reply.json["id"]?.text)
                let result = try await rig.call(.get, "/v1/queues/default/jobs/\(id)/result")
                #expect(result.status == 200 && result.text == #"{"n":1.50}"#)
            }
        }

        @Test func `a wait that was too short is answered with 202, and a later one with the end`() async throws {
            let rig = try await APIRig { $0.maxWait = .seconds(1) }
            let first = try await rig.call(
                .post, "/v1/jobs", #"{"name":"echo","payload":1}"#, headers: [.prefer: "wait=600"])
            #expect(first.status == 202 && first.headers[.preferenceApplied] == "wait=1")
            let id = try #require(first.json["id"]?.text)
            #expect(first.headers[.location] == "/v1/queues/default/jobs/\(id)" && first.json["state"] == "queued")
            let pending = try await rig.call(.get, "/v1/queues/default/jobs/\(id)/result")
            #expect(pending.status == 202 && pending.headers[.retryAfter] != nil)
            try await Self.working(rig) {
                try await eventually {
                    try await rig.call(.get, "/v1/queues/default/jobs/\(id)").json["state"]
                } is: {
                    $0 == "succeeded"
                }
            }
        }

        @Test func `a dead job says why`() async throws {
            let rig = try await APIRig()
            try await Self.working(rig) {
                let reply = try await rig.call(.post, "/v1/jobs", #"{"name":"fail"}"#, headers: [.prefer: "wait=30"])
                #expect(reply.json["state"] == "dead" && reply.json["last_error"]?["reason"] == "permanent")
                let id = try #require(reply.json["id"]?.text)
                let result = try await rig.call(.get, "/v1/queues/default/jobs/\(id)/result")
                #expect(result.status == 409 && result.json["type"] == "/problems/job-failed")
                let whole = try await rig.call(.get, "/v1/queues/default/jobs/\(id)?include=runs,payload")
                #expect(whole.json["runs"]?.count == 1 && whole.json["payload"] == .null)
            }
        }

        @Test func `what is not there, or is asked for in wrong words, is refused`() async throws {
            let rig = try await APIRig()
            #expect(
                try await rig.call(.get, "/v1/queues/default/jobs/nobody").json["type"] == "/problems/job-not-found")
            for query in [
                "include=all", "includes=payload", "include=payload&include=result", "include=%zz", "include=%ff",
            ] {
                #expect(try await rig.call(.get, "/v1/queues/default/jobs/nobody?\(query)").status == 400, "\(query)")
            }
            #expect(try await rig.call(.get, "/v1/queues/a%00b/jobs/nobody").status == 400)
        }

        @Test func `only so many requests of a token wait at a time`() async throws {
            let rig = try await APIRig { $0.maxWaits = 2 }
            let id = try #require(try await rig.call(.post, "/v1/jobs", #"{"name":"echo"}"#).json["id"]?.text)
            let path = "/v1/queues/default/jobs/\(id)"
            let passes = [try rig.api.waits.pass(for: .anonymous), try rig.api.waits.pass(for: .anonymous)]
            let refused = try await rig.call(.get, path, headers: [.prefer: "wait=1"])
            #expect(refused.status == 429 && refused.headers[.retryAfter] == "1")
            #expect(try await rig.call(.get, path).status == 200)
            withExtendedLifetime(passes) {}
            _ = consume passes
            // Whoever waits is answered at once when the server ends.
            rig.api.waits.end()
            #expect(try await rig.call(.get, path, headers: [.prefer: "wait=60"]).status == 200)
        }

        @Test func `queues, workers and names are what info shows`() async throws {
            let rig = try await APIRig()
            _ = try await rig.call(.post, "/v1/jobs", #"{"name":"other","queue":"mail"}"#)
            try await Self.working(rig) {
                try await eventually {
                    try await rig.call(.get, "/v1/names").json["items"]?.count
                } is: {
                    $0 == 2
                }
                #expect(try await rig.call(.get, "/v1/workers").json["items"]?[0]?["queues"] == .array(["default"]))
            }
            #expect(try await rig.call(.get, "/v1/queues/mail").json["queued"] == 1)
            #expect(try await rig.call(.get, "/v1/queues/mail/scale").json["backlog"] == 1)
            #expect(try await rig.call(.get, "/v1/queues/none").status == 404)
            #expect(try await rig.call(.get, "/v1/stats").json["queues"]?.count == 2)
        }
    }
}
