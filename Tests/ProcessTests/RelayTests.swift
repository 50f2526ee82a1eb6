import Foundation
import JobModel
import JobQueueClient
import JobStore
import Postgres
import ProcessSupport
import TestSupport
import Testing

/// `relay`, `postgres` and the relay of `run`, as processes.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct RelayTests {
        @Test func `relays that are killed again and again make one job of each row`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                let words = ["relay", "--redis-url", site.redis.url, "--postgres-url", url]
                let options = ["POSTGRES_BATCH": "7", "POSTGRES_POLL": "10ms"]
                var seed = Seed()
                var rows = 0
                for round in 0..<12 {
                    let relays = try (0..<2).map { try site.start("relay-\(round)-\($0)", words, environment: options) }
                    let seen = try await site.store.ids(.queued, offset: 0, limit: 10_000).count
                    try await connection.query("SELECT jobqueue.enqueue('a', n::text) FROM generate_series(1, 60) AS n")
                    rows += 60
                    // In the middle of it, wherever that is.
                    let enough = seen + Int.random(in: 1...50, using: &seed)
                    try await eventually("some rows have become jobs") {
                        try await site.store.ids(.queued, offset: 0, limit: 10_000).count >= min(enough, rows)
                    }
                    for relay in relays { relay.signal(SIGKILL) }
                    for relay in relays { _ = try await relay.exit() }
                }
                let last = try site.start("last", words + ["--burst"])
                #expect(try await last.exit() == 0)
                #expect(try await connection.query("SELECT count(*) FROM jobqueue.outbox").int(0, 0) == 0)
                #expect(Set(try await site.store.ids(.queued, offset: 0, limit: 10_000)).count == rows)
                #expect(try await site.store.snapshot().total("enqueued") == rows)
            }
        }

        @Test func `a worker that knows a Postgres runs what is enqueued there, bit for bit`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let worker = try site.start(
                    "worker",
                    ["run", "--redis-url", site.redis.url, "--postgres-url", url, "--exec", "copy=cat"])
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                let large = "\"" + String(repeating: "é\\u0000\\ud800 ", count: 12_000) + "\""
                for payload in [#"{"b" : 1,  "a":1.10,"a":"\u0000\ud800😀"}"#, large] {
                    let id = try #require(
                        try await connection.query(
                            "SELECT jobqueue.enqueue('copy', $1, result_ttl => '1 hour')", [.text(payload)]
                        ).text(0, 0))
                    try await eventually("the job has run") { try await site.view(id).state == .succeeded }
                    #expect(try await site.result(id) == payload)
                }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }

        @Test func `under a supervisor each process has a relay`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let worker = try site.start(
                    "worker",
                    [
                        "run", "--processes", "2", "--redis-url", site.redis.url, "--postgres-url", url, "--exec",
                        "copy=cat",
                    ])
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                let id = try #require(try await connection.query("SELECT jobqueue.enqueue('copy', '1')").text(0, 0))
                try await eventually("the job has run") { try await site.view(id).state == .succeeded }
                let others =
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                try await eventually("both have a connection") { try await connection.query(others).int(0, 0) == 2 }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }

        @Test func `what a relay cannot begin with is one line, and nobody sees a password`() async throws {
            try await Site.run { site in
                let server = try await Threads.run { try PrivatePostgres.shared.get() }
                let empty = try await site.command(
                    "empty", "relay", "--redis-url", site.redis.url, "--postgres-url", server.url)
                #expect(empty.status == 78 && empty.log.contains("postgres migrate"), "\(empty.log)")
                let nobody = try await site.command("nobody", "relay", "--redis-url", site.redis.url)
                #expect(nobody.status == 78 && nobody.log.contains("--postgres-url"), "\(nobody.log)")
                let url = "postgres://u:s3cret@127.0.0.1:1/d"
                for words in [
                    ["postgres", "status"], ["postgres", "migrate"], ["relay", "ls"], ["relay", "retry", "--all"],
                    ["relay", "--burst"],
                ] {
                    let away = try site.start("away", words + ["--postgres-url", url])
                    #expect(try await away.exit() == 69)
                    #expect(away.log.contains("127.0.0.1:1") && !away.log.contains("s3cret"), "\(away.log)")
                    #expect(away.log.count { $0 == "\n" } == 1, "\(away.log)")
                }
            }
        }

        @Test func `rejected rows are listed, retried and deleted, whatever stands in them`() async throws {
            try await Site.run { site in
                let url = try await site.database()
                let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
                try await connection.query(
                    "INSERT INTO jobqueue.outbox (queue, id, name, payload) VALUES ('q', E'\\x1b[2J', 'a', '1'), ('q', 'x', 'b\tc', '1')"
                )
                let relay = ["relay", "--redis-url", site.redis.url, "--postgres-url", url]
                let burst = try site.start("burst", relay + ["--burst"])
                #expect(try await burst.exit() == 0)
                #expect(!burst.log.contains("\u{1B}"))
                let list = try await site.command("list", "relay", "ls", "--postgres-url", url)
                #expect(
                    list.status == 0 && list.output.contains("bad id") && list.output.contains("bad job name"),
                    "\(list.output)")
                #expect(!list.output.contains("\u{1B}") && list.output.split(separator: "\n").count == 2)
                try await connection.query("UPDATE jobqueue.rejected SET id = 'fine' WHERE name = 'a'")
                let retry = try await site.command("retry", "relay", "retry", "1", "7", "--postgres-url", url)
                #expect(retry.status == 66 && retry.output == "1 row put back\n", "\(retry.log)")
                let nothing = try await site.command("nothing", "relay", "retry", "--postgres-url", url)
                #expect(
                    nothing.status == 64 && nothing.log == "queue-worker: give numbers, or --all\n", "\(nothing.log)")
                let delete = try await site.command("delete", "relay", "delete", "2", "--postgres-url", url)
                #expect(delete.status == 0 && delete.output == "1 row deleted\n", "\(delete.log)")
                let again = try site.start("again", relay + ["--burst"])
                #expect(try await again.exit() == 0)
                #expect(
                    try await site.producer.store.queue(QueueName("q")).ids(.queued, offset: 0, limit: 10) == ["fine"])
            }
        }
    }
}
