import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// `jobs` and `check` as people and scripts call them.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(1))) struct VerbTests {
        private struct Listing: Decodable {
            struct Item: Decodable { var id: String }
            var items: [Item]
            var nextCursor: String?
            var complete: Bool
        }

        @Test func `jobs are listed page by page, changed, hurried, cancelled and deleted`() async throws {
            try await Site.run { site in
                let url = site.redis.url
                var ids: [String] = []
                for number in 0..<3 { ids.append(try await site.enqueue("demo.echo", "\(number)")) }
                let first = try await site.command("first", "jobs", "ls", "--limit", "2", "--json", "--redis-url", url)
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let page = try decoder.decode(Listing.self, from: Data(first.output.utf8))
                #expect(page.items.map(\.id) == Array(ids.prefix(2)) && !page.complete)
                let after = try #require(page.nextCursor)
                let rest = try await site.command("rest", "jobs", "ls", "--after", after, "--redis-url", url)
                #expect(rest.status == 0 && rest.output.contains(ids[2]) && !rest.output.contains(ids[0]))
                let typo = try await site.command("typo", "jobs", "ls", "-q", "defualt", "--redis-url", url)
                #expect(typo.status == 66 && typo.output.isEmpty, "\(typo.log)")

                let edit = try await site.command(
                    "edit", "jobs", "edit", ids[0], "--payload", #"{"a":1}"#, "--in", "1h", "--redis-url", url)
                #expect(edit.status == 0 && edit.output == "\(ids[0])  edited\n", "\(edit.log)")
                #expect(try await site.view(ids[0]).state == .scheduled)
                let hurry = try await site.command("now", "jobs", "run-now", ids[0], "nobody", "--redis-url", url)
                #expect(hurry.status == 66 && hurry.output.hasPrefix("\(ids[0])  due now\nnobody  there is no job"))
                #expect(hurry.log == "queue-worker: 1 of 2 jobs not made due\n")
                #expect(try await site.view(ids[0]).state == .queued)

                let cancel = try await site.command("cancel", "jobs", "cancel", ids[0], ids[1], "--redis-url", url)
                #expect(cancel.status == 0 && cancel.output == "\(ids[0])  cancelled\n\(ids[1])  cancelled\n")
                let unasked = try await site.command("unasked", "jobs", "delete", ids[0], "--redis-url", url)
                #expect(unasked.status == 64 && unasked.log.contains("1 job of default: add --yes"), "\(unasked.log)")
                #expect(try await site.view(ids[0]).state == .cancelled)
                let delete = try await site.command("delete", "jobs", "delete", ids[0], "--yes", "--redis-url", url)
                #expect(delete.status == 0 && delete.output == "\(ids[0])  deleted\n", "\(delete.log)")
                #expect(try await site.view(ids[0]).state == nil)
            }
        }

        @Test func `a probe has one line and its own exit codes`() async throws {
            try await Site.run { site in
                let url = site.redis.url
                let new = try await site.command("new", "check", "--redis-url", url)
                #expect(new.status == 0 && new.output == "OK - no queues yet\n" && new.log.isEmpty, "\(new.log)")
                try await site.enqueue("demo.echo", "1")
                let lonely = try await site.command("lonely", "check", "--redis-url", url)
                #expect(lonely.status == 1 && lonely.output.hasPrefix("WARNING - default: 1 job and no worker"))
                let full = try await site.command(
                    "full", "check", "default", "--max-queued", "0", "--max-age", "1h", "--redis-url", url)
                #expect(full.status == 2 && full.output.contains("'default queued'=1;;0;0"), "\(full.output)")
                let unknown = try await site.command("unknown", "check", "nowhere", "--redis-url", url)
                #expect(unknown.status == 3 && unknown.output == "UNKNOWN - there is no queue nowhere\n")
                let away = try await site.command("away", "check", "--redis-url", "unix:///nowhere/redis.sock")
                #expect(away.status == 3 && away.log.isEmpty)
                #expect(away.output.hasPrefix("UNKNOWN - ") && away.output.contains("/nowhere/redis.sock"))
                #expect(away.output.count { $0 == "\n" } == 1)
            }
        }
    }
}
