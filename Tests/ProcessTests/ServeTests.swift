import Foundation
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// The server of the API, and the health of servers and workers, as processes.
    @Suite(.timeLimit(.minutes(1))) struct ServeTests {
        /// Where a program says that it serves.
        private static func url(_ child: Child, after words: String) async throws -> String {
            try await eventually("\(words)…") { child.log.contains("\(words)http") || child.status != nil }
            let start = try #require(child.log.range(of: words), "\(child.log)").upperBound
            return String(child.log[start...].prefix { $0 != " " && $0 != "\n" && $0 != "\"" })
        }

        private static func serve(_ site: Site, _ options: [String] = [], url: String? = nil) throws -> Child {
            try site.start(
                "serve",
                ["serve", "--redis-url", url ?? site.redis.url, "--http-port", "0", "--log-format", "text"] + options)
        }

        @Test func `a server starts, is healthy, and ends when it is told to`() async throws {
            try await Site.run { site in
                let server = try Self.serve(site)
                let url = try await Self.url(server, after: "serving on ")
                for (question, answer) in [("live", "alive"), ("ready", "ready"), ("startup", "started")] {
                    let check = try await site.command(question, "healthcheck", question, "--url", url)
                    #expect(check.status == 0 && check.output.contains(#""status":"\#(answer)""#), "\(check.log)")
                }
                server.signal(SIGTERM)
                #expect(try await server.exit() == 0)
                #expect(server.log.contains("received SIGTERM") && server.log.contains("stopped"))
                let gone = try await site.command("gone", "healthcheck", "live", "--url", url)
                #expect(gone.status == 1 && gone.log.count { $0 == "\n" } == 1, "\(gone.log)")
            }
        }

        @Test func `a server waits for a Redis that is away, and outlives one that goes`() async throws {
            try await Site.run { site in
                site.redis.kill()
                let server = try Self.serve(site)
                let url = try await Self.url(server, after: "serving on ")
                func ready(_ label: String) async throws -> Bool {
                    try await site.command(label, "healthcheck", "ready", "--url", url).status == 0
                }
                #expect(try await !ready("away"))
                let live = try await site.command("live", "healthcheck", "live", "--url", url)
                #expect(live.status == 0)
                try await Threads.run { try site.redis.start() }
                try await eventually("it is ready") { try await ready("back") }
                site.redis.kill()
                try await eventually("it is not ready") { try await !ready("gone") }
                #expect(server.status == nil)
            }
        }

        @Test func `what cannot be served is refused in one line`() async throws {
            try await Site.run { site in
                let locked = try await PrivateRedis.launch(["--requirepass", "secret"])
                for (options, url, status, words) in [
                    ([], locked.url, 77, "user:password"),
                    (["--http-host", "0.0.0.0"], nil, 78, "no token to let them in"),
                    (["--http-tls-key", "/x"], nil, 78, "belong together"),
                    (["--http-tls-key", "/x", "--http-tls-certificate", "/nowhere"], nil, 78, "/nowhere"),
                ] as [([String], String?, Int32, String)] {
                    let server = try Self.serve(site, options, url: url)
                    #expect(try await server.exit() == status, "\(options)")
                    #expect(server.log.contains(words), "\(server.log)")
                    #expect(server.log.count { $0 == "\n" } == 1, "\(server.log)")
                }
            }
        }

        @Test func `a port that is taken is named`() async throws {
            try await Site.run { site in
                let first = try Self.serve(site)
                let url = try await Self.url(first, after: "serving on ")
                let port = String(try #require(url.split(separator: ":").last))
                let second = try site.start(
                    "second", ["serve", "--redis-url", site.redis.url, "--http-port", port])
                #expect(try await second.exit() == 69)
                #expect(second.log.contains("127.0.0.1:\(port) is taken"), "\(second.log)")
            }
        }

        @Test(arguments: [1, 2])
        func `a request in flight is finished at the first signal, and not at the second`(signals: Int) async throws {
            try await Site.run { site in
                let made = try await site.command(
                    "token", "tokens", "create", "--redis-url", site.redis.url, "--scope", "jobs:write")
                let token = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
                let server = try Self.serve(site)
                let url = try await Self.url(server, after: "serving on ")
                let body = #"{"name":"x"}"#
                let head =
                    "PUT /v1/queues/default/jobs/late HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "Expect: 100-continue\r\n\r\n"
                let wire = FileHandle(fileDescriptor: try connection(to: url), closeOnDealloc: true)
                try wire.write(contentsOf: Data(head.utf8))
                let permission = try await Threads.run { try wire.read(upToCount: 25) ?? Data() }
                #expect(String(decoding: permission, as: UTF8.self).hasPrefix("HTTP/1.1 100"))

                server.signal(SIGTERM)
                try await eventually("it is ending") { server.log.contains("received SIGTERM") }
                if signals == 2 {
                    server.signal(SIGTERM)
                    #expect(try await server.exit() == 130)
                    return
                }
                try wire.write(contentsOf: Data(body.utf8))
                let answer = try await Threads.run { try wire.readToEnd() ?? Data() }
                #expect(String(decoding: answer, as: UTF8.self).contains("HTTP/1.1 201"), "\(server.log)")
                #expect(try await server.exit() == 0)
                #expect(try await site.view("late").state == .queued)
            }
        }

        @Test func `HUP shows a new certificate to those who come after it, and keeps the old one if it is bad`()
            async throws
        {
            let folder = URL(fileURLWithPath: "/tmp/serve-\(UUID().uuidString.prefix(8))", isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            let files = try await ReloadTests.certificate(in: folder)
            try await Site.run { site in
                let server = try Self.serve(
                    site, ["--http-tls-certificate", files.certificate, "--http-tls-key", files.key])
                let address = try await Self.url(server, after: "serving on ").replacing("https://", with: "")
                func shown() async throws -> String {
                    let words =
                        "openssl s_client -connect \(address) </dev/null 2>/dev/null | openssl x509 -serial -noout"
                    return try await Program.run(["sh", "-c", words]).output
                }
                let first = try await shown()
                #expect(first.contains("serial="))
                _ = try await ReloadTests.certificate(in: folder)
                server.signal(SIGHUP)
                try await eventually("the new one is shown") { try await shown() != first }
                let second = try await shown()
                #expect(second.contains("serial="))
                try Data("nonsense".utf8).write(to: URL(fileURLWithPath: files.certificate))
                server.signal(SIGHUP)
                try await eventually("the bad one is refused") { server.log.contains("stays in use") }
                #expect(try await shown() == second)
                server.signal(SIGTERM)
                #expect(try await server.exit() == 0)
            }
        }

        @Test(arguments: ["0", "2"])
        func `a worker tells how it is on its admin port`(processes: String) async throws {
            try await Site.run { site in
                let worker = try site.worker("worker", "--admin-port", "0", "--processes", processes)
                let url = try await Self.url(worker, after: "health is served on ")
                try await eventually("it is ready") {
                    try await site.command("ready", "healthcheck", "ready", "--url", url).status == 0
                }
                let ready = try await site.command("ready", "healthcheck", "ready", "--url", url)
                #expect(ready.output.contains(#""redis":{"status":"ok""#))
                #expect(ready.output.contains(#""fetch_loop":{"status":"ok","age_ms":"#) == (processes == "0"))
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }
    }
}
