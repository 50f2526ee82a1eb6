import Foundation
import JobQueueClient
import Postgres
import ProcessSupport
import TestSupport
import Testing

/// The backlog of the outbox, wherever people on call look.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct OutboxTests {
        /// Nobody listens there.
        private static let nowhere = "postgres://u:s3cret@127.0.0.1:1/d"

        private static func url(_ child: Child, after words: String) async throws -> String {
            try await eventually("\(words)…") { child.log.contains("\(words)http") || child.status != nil }
            let start = try #require(child.log.range(of: words), "\(child.log)").upperBound
            return String(child.log[start...].prefix { $0 != " " && $0 != "\n" })
        }

        /// Starts one that tells of its health, and answers where.
        private func start(
            _ site: Site, _ words: String..., environment: [String: String] = [:]
        ) async throws -> (Child, String) {
            let isServer = words.first == "serve"
            let child = try site.start(
                "\(words[0])-\(UUID().uuidString)",
                words + ["--redis-url", site.redis.url, isServer ? "--http-port" : "--admin-port", "0"]
                    + ["--log-format", "text"],
                environment: environment.merging(["HTTP_OPEN_METRICS": "true"]) { $1 })
            return (child, try await Self.url(child, after: isServer ? "serving on " : "health is served on "))
        }

        private func end(_ child: Child) async throws {
            child.signal(SIGTERM)
            #expect(try await child.exit() == 0)
        }

        /// A row that has waited for two minutes, and one that was put aside. Nobody moves them.
        private func leaveRows(_ connection: PostgresConnection) async throws {
            try await connection.query("SELECT jobqueue.enqueue('a', '1')")
            try await connection.run(
                script: """
                    UPDATE jobqueue.outbox SET created_at = clock_timestamp() - interval '2 minutes';
                    INSERT INTO jobqueue.rejected (queue, id, name, payload, options, created_at, reason)
                    VALUES ('q', 'i', 'n', '1', '{}', clock_timestamp(), 'why');
                    """)
        }

        @Test func `a server, a worker and a supervisor are degraded by an old row, and no longer when it is gone`()
            async throws
        {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                try await leaveRows(connection)
                let stays = ["POSTGRES_RELAY": "false"]
                let all = [
                    try await start(site, "serve", "--postgres-url", url),
                    try await start(site, "run", "--demo-handlers", "--postgres-url", url, environment: stays),
                    try await start(
                        site, "run", "--demo-handlers", "--processes", "1", "--postgres-url", url, environment: stays),
                ]
                func ready(_ status: String, _ outbox: String) async throws {
                    for (_, place) in all {
                        try await eventually("\(place) is \(status)") {
                            let answer = try await page(place, path: "/health/ready")
                            return answer.hasPrefix(#"{"status":"\#(status)""#)
                                && answer.contains(#""outbox":{"status":"\#(outbox)","age_ms":"#)
                        }
                    }
                }
                try await ready("degraded", "degraded")
                let scrape = try Scrape(await page(all[0].1, path: "/metrics"))
                #expect(scrape["jobqueue_outbox_rows"] == 1 && scrape["jobqueue_outbox_rejected_rows"] == 1)
                #expect(scrape["jobqueue_outbox_oldest_age_seconds"] ?? 0 >= 120 && scrape["jobqueue_postgres_up"] == 1)
                let worker = try Scrape(await page(all[1].1, path: "/metrics"))
                #expect(worker["jobqueue_postgres_up"] == nil, "of many workers each would tell the same")
                // What was put aside makes nothing worse.
                try await connection.query("DELETE FROM jobqueue.outbox")
                try await ready("ready", "ok")
                for (child, _) in all { try await end(child) }
            }
        }

        @Test func `a relay tells of the outbox, too`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                let (relay, place) = try await start(site, "relay", "--postgres-url", url)
                let full = String(repeating: "x", count: 70)
                try await connection.query(
                    "INSERT INTO jobqueue.outbox (queue, id, name, payload) VALUES ('q', 'i', $1, '1')", [.text(full)])
                try await eventually("the row is put aside") {
                    let scrape = try Scrape(await page(place, path: "/metrics"))
                    return scrape["jobqueue_outbox_rejected_rows"] == 1 && scrape["jobqueue_outbox_rows"] == 0
                        && scrape["jobqueue_postgres_up"] == 1 && scrape.sum("jobqueue_build_info") == 1
                }
                let answer = try await page(place, path: "/health/ready")
                #expect(answer.contains(#""outbox":{"status":"ok","age_ms":0,"error":null}"#), "\(answer)")
                try await end(relay)
            }
        }

        @Test func `without a Postgres that answers a server is degraded, and without any it is as it was`()
            async throws
        {
            try await Site.run { site in
                let (away, place) = try await start(site, "serve", "--postgres-url", Self.nowhere)
                try await eventually("it is degraded") {
                    try await page(place, path: "/health/ready").hasSuffix(
                        #""outbox":{"status":"error","latency_ms":null,"error":"unreachable"}}}"#)
                }
                #expect(try await page(place, path: "/health/startup") == #"{"status":"started"}"#)
                let scrape = try Scrape(await page(place, path: "/metrics"))
                #expect(scrape["jobqueue_postgres_up"] == 0 && scrape["jobqueue_outbox_rows"] == nil)
                try await end(away)
                #expect(away.log.contains("the outbox cannot be looked at") && !away.log.contains("s3cret"))
                let (none, plain) = try await start(site, "serve")
                try await eventually("it is ready") {
                    let answer = try await page(plain, path: "/health/ready")
                    return answer.hasPrefix(#"{"status":"ready""#) && !answer.contains("outbox")
                }
                let text = try await page(plain, path: "/metrics")
                #expect(!text.contains("jobqueue_outbox") && !text.contains("jobqueue_postgres"))
                try await end(none)
            }
        }

        @Test func `info and check say what waits, and go on where Postgres is away`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                try await leaveRows(connection)
                func run(_ words: String..., at postgres: String? = nil) async throws -> Child {
                    let words =
                        words + ["--redis-url", site.redis.url] + (postgres.map { ["--postgres-url", $0] } ?? [])
                    let child = try site.start("\(words[0])-\(UUID().uuidString)", words)
                    _ = try await child.exit()
                    return child
                }
                let there = try await run("info", at: url)
                #expect(
                    there.status == 0
                        && there.output.contains("\noutbox  1 row waits, the oldest for 2m · 1 rejected\n"))
                let document = try await run("info", "--json", at: url).output
                #expect(document.contains(#""outbox""#) && document.contains(#""rejected" : 1"#), "\(document)")
                let away = try await run("info", at: Self.nowhere)
                #expect(
                    away.status == 0 && away.log.isEmpty
                        && away.output.contains("\n! outbox  Postgres is not reachable"))
                #expect(!away.output.contains("s3cret"))
                let without = try await run("info").output
                #expect(!without.contains("outbox"))

                let old = try await run("check", "--max-outbox-age", "1m", at: url)
                #expect(
                    old.status == 2 && old.output.hasPrefix("CRITICAL - outbox: the oldest row waits for 2m (limit 1m)")
                )
                #expect(try await run("check", "--max-outbox-age", "1h", at: url).status == 0)
                #expect(try await run("check", "--max-outbox-age", "1h", at: Self.nowhere).status == 3)
                let nowhere = try await run("check", "--max-outbox-age", "1h")
                #expect(nowhere.status == 3 && nowhere.output.contains("no Postgres is named"), "\(nowhere.output)")
            }
        }

        @Test func `doctor has rows for a Postgres, where there is one`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                let ids = ["postgres", "schema", "relay", "outbox", "rejected", "backends"]
                func doctor(_ postgres: String...) async throws -> Child {
                    let words =
                        ["doctor", "--redis-url", site.redis.url] + postgres.flatMap { ["--postgres-url", $0] }
                    let child = try site.start("doctor-\(UUID().uuidString)", words)
                    _ = try await child.exit()
                    return child
                }
                func row(_ child: Child, _ id: String) -> Substring? {
                    child.output.split(separator: "\n").first { $0.dropFirst(9).hasPrefix("\(id) ") }
                }
                let without = try await doctor()
                #expect(without.status == 0 && ids.allSatisfy { row(without, $0) == nil }, "\(without.output)")
                let fine = try await doctor(url)
                #expect(fine.status == 0, "\(fine.output)")
                for id in ids { #expect(row(fine, id)?.hasPrefix("ok ") == true, "\(id): \(fine.output)") }
                try await leaveRows(connection)
                let late = try await doctor(url)
                #expect(late.status == 0 && row(late, "outbox")?.hasPrefix("warn") == true, "\(late.output)")
                #expect(row(late, "rejected")?.hasPrefix("warn") == true)
                try await connection.run(script: "DROP SCHEMA jobqueue CASCADE")
                let bare = try await doctor(url)
                #expect(bare.status == 78 && bare.log == "queue-worker: failed: schema\n", "\(bare.log)")
                #expect(
                    bare.output.contains("→ run: queue-worker postgres migrate")
                        || bare.output.contains("> run: queue-worker postgres migrate"))
                let away = try await doctor(Self.nowhere)
                #expect(away.status == 78 && away.log == "queue-worker: failed: postgres\n", "\(away.log)")
                #expect(!away.output.contains("s3cret"))
            }
        }
    }
}
