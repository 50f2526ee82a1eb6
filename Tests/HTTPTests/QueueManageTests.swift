import HTTPTypes
import JobModel
import JobQueueClient
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

        /// Jobs of one name that died of two things, and one of another.
        private static func deadStage() async throws -> APIRig {
            let rig = try await APIRig()
            func copy(_ id: String, _ name: String, _ message: String, at moment: Int) -> DeadCopy {
                var entry = ErrorEntry()
                (entry.number, entry.at, entry.message) = (1, moment, message)
                var record = RunRecord()
                (record.errors, record.at, record.attempts) = (1, moment, 3)
                return DeadCopy(
                    id: id, envelope: Envelope(name: name, payload: Array("1".utf8)[...]).encoded()[...], forgetMs: nil,
                    diedMs: moment, record: record.encoded()[...], errors: [0: entry.encoded()[...]])
            }
            let now = try await rig.queue.store.time()
            let copies =
                (0..<7).map { copy("u\($0)", "mail", "user \($0) is unknown", at: now - 60_000) }
                + (0..<3).map { copy("t\($0)", "mail", "timed out", at: now - 10_000) } + [
                    copy("p", "pdf", "timed out", at: now)
                ]
            _ = try await rig.queue.store.queue(try QueueName("default")).restore(copies)
            return rig
        }

        @Test func `dead jobs are found by what they died of, and when`() async throws {
            let rig = try await Self.deadStage()
            let groups = try await rig.call(.get, "\(Self.path)/groups").json
            #expect(groups["total"] == 11 && groups["items"]?.count == 3)
            #expect(groups["items"]?[0]?["count"] == 7 && groups["items"]?[0]?["name"] == "mail")
            #expect(groups["items"]?[0]?["message"]?.text?.hasSuffix("is unknown") == true)
            #expect(try await rig.call(.get, "\(Self.path)/groups?name=pdf").json["items"]?.count == 1)
            let group = try #require(groups["items"]?[0]?["group"]?.text)

            func found(_ query: String) async throws -> Set<String> {
                Set(try await Self.walk(rig, "state=dead&limit=2&\(query)"))
            }
            let unknown = Set((0..<7).map { "u\($0)" })
            #expect(try await found("group=\(group.replacing("/", with: "%2F"))") == unknown)
            #expect(try await found("error=UNKNOWN") == unknown)
            #expect(try await found("error=timed%20out") == ["t0", "t1", "t2", "p"])
            #expect(try await found("error=timed%20out&name=pdf") == ["p"])
            #expect(try await found("name=mail").count == 10)
            let middle = Timestamp.text(try await rig.queue.store.time() - 30_000)
            #expect(try await found("died_before=\(middle)") == unknown)
            #expect(try await found("name=mail&died_after=\(middle)") == ["t0", "t1", "t2"])
            for query in [
                "state=dead&group=x", "state=dead&error=", "state=dead&died_after=now", "state=queued&error=x",
            ] {
                #expect(try await rig.call(.get, "\(Self.path)/jobs?\(query)").status == 400, "\(query)")
            }
            #expect(try await rig.call(.get, "\(Self.path)/groups?name=a%20b").status == 400)
            // What one answers the other takes.
            let last = try #require(groups["items"]?[0]?["last_at"]?.text)
            #expect(try await found("error=unknown&died_after=\(last)") == unknown)
        }

        @Test func `a queue that is not there is no queue without jobs`() async throws {
            let rig = try await Self.stage()
            for path in ["jobs?state=dead", "jobs?state=queued&name=a", "jobs?state=dead&error=x", "groups"] {
                let reply = try await rig.call(.get, "/v1/queues/nowhere/\(path)")
                #expect(reply.status == 404 && reply.text.contains("there is no queue nowhere"), "\(path)")
                #expect(try await rig.call(.get, "\(Self.path)/\(path)").status == 200, "\(path)")
            }
        }

        @Test func `workers come in pages`() async throws {
            let rig = try await Self.stage()
            let queue = rig.queue.store.queue(try QueueName("default"))
            for number in 1...5 {
                _ = try await queue.join(Incarnation(number), leaseMs: 60_000)
                let card = WorkerCard(
                    id: "host:\(number)", host: "host", pid: number, version: "1", started: 0, slots: 1, busy: 0,
                    runs: [])
                _ = try await queue.beat([(Incarnation(number), card.encoded())])
            }
            var (ids, cursor): ([String], String?) = ([], nil)
            repeat {
                let reply = try await rig.call(.get, "/v1/workers?limit=2" + (cursor.map { "&cursor=\($0)" } ?? ""))
                #expect(reply.status == 200 && reply.json["total"] == 5)
                ids += (0..<(reply.json["items"]?.count ?? 0)).compactMap { reply.json["items"]?[$0]?["id"]?.text }
                cursor = reply.json["next_cursor"]?.text
            } while cursor != nil && ids.count < 10
            #expect(ids == (1...5).map { "host:\($0)" })
            let long = String(repeating: "w", count: 513)
            for query in ["limit=0", "cursor=\(long)"] {
                #expect(try await rig.call(.get, "/v1/workers?\(query)").status == 400)
            }
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
