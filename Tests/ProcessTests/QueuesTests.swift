import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// `queues` as people and scripts call it.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(1))) struct QueuesTests {
        private struct Sheet: Decodable {
            var name: String
            var paused: Bool
            var pausedBy: String?
            var pausedReason: String?
            var pausedAtMs: Int?
            var queued: Int
        }

        @Test func `a queue is paused with a name and a reason, listed, and resumed`() async throws {
            try await Site.run { site in
                let url = site.redis.url
                try await site.enqueue("demo.echo", "1")
                let pause = try await site.command(
                    "pause", "queues", "pause", "default", "nowhere", "--reason", "a\u{1B}[2J", "--redis-url", url)
                #expect(pause.status == 66 && pause.log == "queue-worker: 1 of 2 queues not paused\n", "\(pause.log)")
                #expect(pause.output.hasPrefix("default  paused\nnowhere  there is no queue nowhere"))
                let again = try await site.command("again", "queues", "pause", "default", "--redis-url", url)
                #expect(again.status == 0 && again.output == "default  was paused already\n")
                _ = try await site.command(
                    "third", "queues", "pause", "default", "--reason", "a\u{1B}[2J", "--redis-url", url)

                let json = try await site.command("json", "queues", "ls", "--json", "--redis-url", url)
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let sheet = try #require(try decoder.decode([Sheet].self, from: Data(json.output.utf8)).first)
                #expect(sheet.name == "default" && sheet.paused && sheet.queued == 1 && sheet.pausedAtMs != nil)
                #expect(sheet.pausedBy?.wholeMatch(of: /.+@[A-Za-z0-9-]+/) != nil, "\(json.output)")
                let list = try await site.command("ls", "queues", "ls", "--redis-url", url)
                #expect(list.output.contains("! default  paused by \(sheet.pausedBy ?? "") "), "\(list.output)")
                #expect(list.output.contains(#": a\u{1b}[2J"#), "\(list.output)")

                let resume = try await site.command("resume", "queues", "resume", "default", "--redis-url", url)
                #expect(resume.status == 0 && resume.output == "default  resumed\n")
                let open = try await site.store.snapshot()
                #expect(!open.isPaused)
                let nothing = try await site.command("nothing", "queues", "resume", "nowhere", "--redis-url", url)
                #expect(nothing.status == 66 && nothing.output.isEmpty && nothing.log.count { $0 == "\n" } == 1)
            }
        }

        @Test func `a queue is emptied only when that was confirmed`() async throws {
            try await Site.run { site in
                let url = site.redis.url
                for _ in 0..<3 { try await site.enqueue("demo.echo", "1") }
                _ = try await site.producer.enqueue(name: "demo.echo", payload: "1", in: .seconds(3600))
                let look = try await site.command("look", "queues", "purge", "default", "--dry-run", "--redis-url", url)
                #expect(look.status == 0 && look.output == "queued  3\n", "\(look.log)")
                let unasked = try await site.command("unasked", "queues", "purge", "default", "--redis-url", url)
                #expect(unasked.status == 64 && unasked.output.isEmpty)
                #expect(unasked.log == "queue-worker: this would delete 3 queued jobs of default: add --yes\n")
                #expect(try await site.store.snapshot().count(.queued) == 3)

                let purge = try await site.command(
                    "purge", "queues", "purge", "default", "--yes", "--redis-url", url)
                #expect(purge.status == 0 && purge.output == "queued  3\n", "\(purge.log)")
                let snapshot = try await site.store.snapshot()
                #expect(snapshot.count(.queued) == 0 && snapshot.count(.scheduled) == 1)
                let nowhere = try await site.command("nowhere", "queues", "purge", "nowhere", "--redis-url", url)
                #expect(nowhere.status == 66 && nowhere.log.contains("there is no queue nowhere"))
            }
        }
    }
}
