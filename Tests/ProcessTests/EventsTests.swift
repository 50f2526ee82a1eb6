import Foundation
import JobModel
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

/// `events` as people and programs follow it.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct EventsTests {
        private struct Line: Decodable {
            var at: Int
            var queue: String
            var event: String
            var id: String?
            var state: String?
            var worker: String?
        }

        private func lines(_ child: Child) throws -> [Line] {
            // The last one may be under way.
            try child.output.components(separatedBy: "\n").dropLast().map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            }
        }

        /// Starts the command, and returns once it watches the queue `default`.
        private func events(_ site: Site, _ label: String, _ options: String...) async throws -> Child {
            try await site.store.draw(["meta watched = 0"])
            let child = try site.start(label, ["events", "--redis-url", site.redis.url] + options)
            try await isWatched(site)
            return child
        }

        private func isWatched(_ site: Site) async throws {
            try await eventually("somebody watches") {
                try await site.store.picture()["meta watched"].flatMap { Int($0) } ?? 0 > 0
            }
        }

        @Test func `a job's way is followed line by line, and when nobody follows nothing is left`() async throws {
            try await Site.run { site in
                try await site.enqueue("demo.nobody", "0")
                let all = try await events(site, "all")
                let some = try await events(site, "some", "-q", "def*", "--state", "succeeded")
                let id = try await site.enqueue("test.number", #"{"number":1,"ms":0}"#)
                let worker = try site.worker("worker")
                try await eventually("the end of the job is seen") {
                    try lines(all).contains { $0.event == "succeeded" } && !lines(some).isEmpty
                }
                let way = try lines(all).filter { $0.id == id }
                #expect(way.map(\.event) == ["enqueued", "claimed", "succeeded"])
                #expect(way.map(\.state) == ["queued", "running", "succeeded"])
                #expect(way.allSatisfy { $0.queue == "default" } && way[0].at <= way[2].at)
                #expect(way[2].worker?.contains(":\(worker.pid):") == true, "\(all.output)")
                #expect(try lines(some).map(\.id) == [id])
                all.signal(SIGINT)
                #expect(try await all.exit() == 130)
                some.signal(SIGKILL)
                #expect(try await some.exit() == 137)
                try await eventually("the key is gone") {
                    try await !site.keys().contains(Key.events.name(in: .default))
                }
                // And nothing that happens makes it anew.
                _ = try await site.enqueue("test.number", #"{"number":2,"ms":0}"#)
                try await site.started(2)
                #expect(try await !site.keys().contains(Key.events.name(in: .default)))
            }
        }

        @Test func `it ends quietly when nobody reads it any more`() async throws {
            try await Site.run { site in
                try await site.enqueue("demo.nobody", "0")
                try await site.store.draw(["meta watched = 0"])
                let path = Child.products.appending(path: "queue-worker").path
                let program = try Program(
                    ["/bin/sh", "-c", "\(path) events --redis-url \(site.redis.url) 2>&1 | head -n 1"])
                try await isWatched(site)
                let id = try await site.enqueue("demo.nobody", "0")
                _ = try await Threads.run { program.waitForEnd() }
                #expect(program.output.contains(#""event":"enqueued","id":"\#(id)""#), "\(program.output)")
                #expect(program.output.count { $0 == "\n" } == 1)
            }
        }

        @Test func `a Redis that goes away is waited for, and said once`() async throws {
            try await Site.run(writesAtOnce) { site in
                try await site.enqueue("demo.nobody", "0")
                let events = try await events(site, "events")
                site.redis.kill()
                try await eventually("it is said") { events.log.contains("waiting for it") }
                try await Threads.run { try site.redis.start() }
                try await eventually("it is back") { events.log.contains("redis is back") }
                let id = try await site.enqueue("demo.nobody", "0")
                try await eventually("it goes on") { try lines(events).contains { $0.id == id } }
                #expect(events.log.components(separatedBy: "waiting for it").count == 2, "\(events.log)")
                #expect(events.status == nil)
                events.signal(SIGTERM)
                #expect(try await events.exit() == 143)
            }
        }

        @Test func `new queues are followed, and a name that was mistyped is refused`() async throws {
            try await Site.run { site in
                let url = site.redis.url
                let mistyped = try await site.command("mistyped", "events", "-q", "nowhere", "--redis-url", url)
                #expect(mistyped.status == 66 && mistyped.log.contains("there is no queue nowhere"))
                let wrong = try await site.command("wrong", "events", "--state", "x", "--redis-url", url)
                #expect(wrong.status == 64 && wrong.log.count { $0 == "\n" } == 1)
                let events = try site.start("events", ["events", "--redis-url", url])
                try await site.enqueue("demo.nobody", "0")
                try await isWatched(site)
                let id = try await site.enqueue("demo.nobody", "0")
                try await eventually("it is seen") { try lines(events).contains { $0.id == id } }
            }
        }
    }
}
