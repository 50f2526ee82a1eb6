import HTTPTypes
import JobModel
import JobStore
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// Lists of jobs, and what a person does to a whole queue.
    @Suite struct QueueManageTests {
        private static let path = "/v1/queues/default"

        /// 25 jobs that wait; every fifth is called `b`.
        private static func stage() async throws -> APIRig {
            let rig = try await APIRig()
            let jobs = (0..<25).map {
                #"{"name":"\#($0 % 5 == 0 ? "b" : "a")","payload":\#($0),"tags":["t\#($0 % 2)"]}"#
            }
            let reply = try await rig.call(.post, "/v1/jobs/batch", #"{"jobs":[\#(jobs.joined(separator: ","))]}"#)
            #expect(reply.status == 201)
            return rig
        }

        /// The ids of all pages, by their cursors.
        private static func walk(_ rig: APIRig, _ query: String) async throws -> [String] {
            var ids: [String] = []
            var cursor = ""
            for _ in 0..<30 {
                let reply = try await rig.call(.get, "\(path)/jobs?\(query)\(cursor)")
                #expect(reply.status == 200)
                for index in 0..<(reply.json["items"]?.count ?? 0) {
                    ids.append(reply.json["items"]?[index]?["id"]?.text ?? "")
                }
                guard let next = reply.json["next_cursor"]?.text else {
                    #expect(reply.json["complete"] == true && reply.headers[.link] == nil)
                    return ids
                }
                #expect(reply.headers[.link]?.contains("cursor=\(next)") == true)
                cursor = "&cursor=\(next)"
            }
            Issue.record("pages without end")
            return ids
        }

        @Test func `pages show every job once, in either order`() async throws {
            let rig = try await Self.stage()
            let all = try await Self.walk(rig, "state=queued&limit=4")
            #expect(all.count == 25 && Set(all).count == 25)
            #expect(try await Self.walk(rig, "state=queued&limit=7&order=last") == all.reversed())
        }

        @Test func `filters leave out the others`() async throws {
            let rig = try await Self.stage()
            #expect(try await Self.walk(rig, "state=queued&limit=3&name=b").count == 5)
            #expect(try await Self.walk(rig, "state=queued&limit=3&tag=t1&name=a").count == 10)
            #expect(try await Self.walk(rig, "state=queued&created_after=2126-01-01T00:00:00Z").isEmpty)
            #expect(try await Self.walk(rig, "state=dead").isEmpty)
        }

        @Test func `a question that cannot be answered is refused`() async throws {
            let rig = try await Self.stage()
            for query in [
                "", "state=lost", "state=queued&limit=0", "state=queued&limit=x", "state=queued&cursor=00",
                "state=queued&x=1", "state=queued&order=up", "state=queued&order=", "state=queued&order=first,",
                "state=queued&name=a%20b",
                "state=queued&created_after=now",
            ] {
                #expect(try await rig.call(.get, "\(Self.path)/jobs?\(query)").status == 400, "\(query)")
            }
        }

        @Test func `a queue is paused with a reason, and resumed`() async throws {
            let rig = try await Self.stage()
            let paused = try await rig.call(.post, "\(Self.path)/pause", #"{"reason":"deploy\u001b[2J"}"#)
            #expect(paused.status == 200 && paused.json["paused"] == true)
            #expect(paused.json["paused_reason"]?.text?.contains("\u{1B}") == false)
            #expect(try await rig.call(.get, Self.path).json["paused"] == true)
            let resumed = try await rig.call(.post, "\(Self.path)/resume")
            #expect(resumed.status == 200 && resumed.json["paused"] == false)
            for verb in ["pause", "resume"] {
                #expect(try await rig.call(.post, "/v1/queues/nowhere/\(verb)").status == 404)
            }
            let long = String(repeating: "x", count: QueueStore.noteLimit + 1)
            #expect(try await rig.call(.post, "\(Self.path)/pause", #"{"reason":"\#(long)"}"#).status == 422)
            // As the description counts: an accent of its own is a character.
            let accents = String(repeating: "e\u{301}", count: 101)
            #expect(try await rig.call(.post, "\(Self.path)/pause", #"{"reason":"\#(accents)"}"#).status == 422)
        }

        @Test func `a purge wants the queue's name, and deletes the named states only`() async throws {
            let rig = try await Self.stage()
            #expect(
                try await rig.call(.put, "\(Self.path)/jobs/later", #"{"name":"a","delay_ms":3600000}"#).status == 201)
            for body in [
                #"{"states":["queued"]}"#, #"{"states":[],"confirm":"default"}"#, "{}",
                #"{"states":["running"],"confirm":"default"}"#,
            ] {
                #expect(try await rig.call(.post, "\(Self.path)/purge", body).status == 422)
            }
            let other = try await rig.call(.post, "\(Self.path)/purge", #"{"states":["queued"],"confirm":"mail"}"#)
            #expect((400..<500).contains(other.status))
            #expect(try await rig.call(.get, Self.path).json["queued"] == 25)
            let purged = try await rig.call(.post, "\(Self.path)/purge", #"{"states":["queued"],"confirm":"default"}"#)
            #expect(purged.status == 200 && purged.json["queued"] == 25)
            let queue = try await rig.call(.get, Self.path)
            #expect(queue.json["queued"] == 0 && queue.json["scheduled"] == 1)
        }

        @Test func `whoever scales workers is told flat numbers`() async throws {
            let rig = try await Self.stage()
            let scale = try await rig.call(.get, "\(Self.path)/scale")
            #expect(scale.json["backlog"] == 25 && scale.json["queued"] == 25 && scale.json["workers"] == 0)
            #expect(try await rig.call(.get, "/v1/queues/nowhere/scale").status == 404)
            #expect(try await rig.call(.get, "/v1/queues").json["items"]?.count == 1)
            #expect(try await rig.call(.get, "/v1/stats").json["queues"]?.count == 1)
        }
    }
}
