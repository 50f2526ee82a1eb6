import Foundation
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// `tokens` as people and scripts call it.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(1))) struct TokensTests {
        private struct Sheet: Decodable {
            var id: String
            var token: String?
            var scopes, queues: [String]
            var note: String
        }

        @Test func `a token is made, listed without its secret, and revoked`() async throws {
            try await Site.run { site in
                func tokens(_ label: String, _ words: String...) async throws -> Child {
                    let child = try site.start(label, ["tokens"] + words + ["--redis-url", site.redis.url])
                    _ = try await child.exit()
                    return child
                }
                let made = try await tokens(
                    "create", "create", "--scope", "jobs:read", "--queue", "mail*", "--expires", "90d", "--note",
                    "a\u{1B}[2J")
                #expect(made.status == 0, "\(made.log)")
                // A script takes standard output as it is.
                #expect(made.output.wholeMatch(of: /qw_[0-9a-z]{12}_[0-9A-Za-z]{36}\n/) != nil)
                let (id, secret) = (made.output.dropFirst(3).prefix(12), made.output.dropFirst(16).prefix(36))
                #expect(made.log.contains("id \(id)") && made.log.contains("expires in 90d"))
                #expect(!made.log.contains(secret))

                let document = try await tokens("document", "create", "--json")
                let sheet = try JSONDecoder().decode(Sheet.self, from: Data(document.output.utf8))
                #expect(sheet.token?.hasPrefix("qw_\(sheet.id)_") == true && sheet.queues == ["*"])
                #expect(document.log.isEmpty)

                let list = try await tokens("ls", "ls")
                #expect(list.output.contains("\(id)  jobs:read") && list.output.contains(#"a\u{1b}[2J"#))
                let json = try await tokens("json", "ls", "--json")
                let sheets = try JSONDecoder().decode([Sheet].self, from: Data(json.output.utf8))
                #expect(sheets.map(\.id) == [String(id), sheet.id] && sheets.allSatisfy { $0.token == nil })
                for text in [list.output, json.output] { #expect(!text.contains(secret)) }

                let revoked = try await tokens("revoke", "revoke", String(id))
                #expect(revoked.status == 0 && revoked.output == "revoked\n")
                let again = try await tokens("again", "revoke", String(id))
                #expect(again.status == 66 && again.log.contains("there is no token \(id)"))
                #expect(try await Array(site.producer.store.tokens().keys) == [sheet.id])

                let wrong = try await tokens("wrong", "create", "--scope", "jobs:fly")
                #expect(wrong.status == 64 && wrong.output.isEmpty && wrong.log.contains("jobs:write"))
                #expect(wrong.log.count { $0 == "\n" } == 1)
            }
        }

        @Test func `a token that cannot be printed is not left behind`() async throws {
            try await Site.run { site in
                let words = ["tokens", "create", "--redis-url", site.redis.url]
                let child = try Child(
                    "queue-worker", words, folder: site.redis.folder, label: "full",
                    under: ["/bin/sh", "-c", "exec \"$@\" >/dev/full", "sh"])
                #expect(try await child.exit() == 74)
                #expect(!child.log.contains("qw_") && child.log.contains("revoked"), "\(child.log)")
                #expect(try await site.producer.store.tokens().isEmpty)
            }
        }
    }
}
