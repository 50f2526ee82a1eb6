import Foundation
import JobModel
import TestSupport
import Testing

@testable import JobQueueCLI
@testable import JobQueueExec
@testable import Redis

/// What `dev` decides without doing anything: whose a folder is, where a socket goes, what is said.
@Suite struct DevTests {
    @Test(arguments: [
        ("/tmp/a-b_c.d", "/tmp/a-b_c.d"), ("", "''"), ("a b", "'a b'"), ("it's", #"'it'\''s'"#), ("$(x)", "'$(x)'"),
        ("~", "'~'"), ("a\nb", #"$'a\x0ab'"#), ("\u{1B}[31m'\\é", #"$'\x1b[31m\'\\é'"#),
        ("\u{202E}", #"$'\xe2\x80\xae'"#),
    ])
    func `a shell reads a quoted text as what it was`(text: String, quoted: String) async throws {
        #expect(ShellWord.quote(text) == quoted)
        let read = try await Program.run(["/bin/bash", "-c", "printf %s " + quoted]).output
        #expect(read == text)
    }

    @Test(arguments: [
        ([], nil, FolderClaim.new), (["dev.lock"], nil, .new), (["README"], "mine", .foreign("README")),
        (["README", "dev.lock"], FolderClaim.marker, .ours), (["README", "a"], FolderClaim.marker, .ours),
        (["a", "dev.lock"], nil, .foreign("a")), ([".git"], nil, .foreign(".git")),
    ])
    func `a folder with anything in it is ours only by its marker`(
        names: [String], marker: String?, claim: FolderClaim
    ) {
        #expect(FolderClaim(names: names, marker: marker) == claim)
    }

    @Test func `only what Redis wrote is data`() {
        for name in ["redis.log", "redis.log.1", "dump.rdb", "temp-12.rdb", "temp-rewriteaof-12.aof"] {
            #expect(FolderClaim.isData(name), "\(name)")
        }
        for name in ["README", ".gitignore", "dev.lock", "my.rdb", "temp-notes.txt", "appendonlydir"] {
            #expect(!FolderClaim.isData(name), "\(name)")
        }
        #expect(FolderClaim.isAppendOnlyFile("appendonly.aof.1.incr.aof"))
        #expect(!FolderClaim.isAppendOnlyFile("mine"))
    }

    @Test(arguments: [
        (nil, ["/tmp"]), ("/run/user/1000", ["/run/user/1000", "/tmp"]), ("relative", ["/tmp"]), ("", ["/tmp"]),
        ("/" + String(repeating: "x", count: 100), ["/tmp"]),
    ])
    func `a short folder is the user's own where there is one`(runtime: String?, folders: [String]) {
        #expect(ServerSocket.candidates(runtime: runtime) == folders.map { $0 + "/queue-worker-XXXXXX" })
    }

    @Test(arguments: ["/tmp/.queue/redis.sock", "/tmp/a b'c\"d\n\u{1B}?#%&$é@:/redis.sock"])
    func `any path fits into a URL that a shell leaves alone`(path: String) throws {
        let url = PrivateServer.url(socket: path)
        #expect(ShellWord.quote(url.replacing("%", with: "").replacing(":", with: "")).first != "'")
        #expect(try RedisConfiguration(url: url).endpoint == .unix(path: path))
    }

    @Test(arguments: [
        ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", "7.0.15", "redis_version:7.0.15"),
        ("Valkey server v=8.0.1 sha=0", "8.0.1", "valkey_version:8.0.1"), ("hello", "", "redis_version:"),
    ])
    func `the version is read off the program`(text: String, number: String, info: String) {
        let version = PrivateServer.version(in: text)
        #expect(version.number == number && version.info == info)
    }

    @Test(arguments: [("SigBlk:\t0000000000000001\nSigIgn:\t0000000000001000", false), ("", false)])
    func `HUP is heard`(status: String, isIgnored: Bool) {
        #expect(WorkerRun.isHangupIgnored(status: status) == isIgnored)
    }

    @Test(arguments: ["SigIgn:\t0000000000001001\nSigCgt:\t0", "SigIgn:\t0000000000000003"])
    func `HUP is not heard under nohup`(status: String) {
        #expect(WorkerRun.isHangupIgnored(status: status))
    }

    // MARK: What went wrong

    private func end(code: Int? = 1, signal: Int? = nil, errors: String = "") -> Companion.End {
        Companion.End(code: code, signal: signal, output: "", errors: errors, wasKilled: false)
    }

    private func trouble(_ log: String, _ end: Companion.End, wasReady: Bool = false, port: Int = 0) -> Failure {
        ServerTrouble.failure(
            end, program: "redis-server 7.0.15", wasReady: wasReady, port: port, log: log, path: "/x/redis.log")
    }

    private func line(_ text: String, _ level: String = "#") -> String {
        "12:M 21 Nov 2026 12:00:00.000 \(level) \(text)\n"
    }

    @Test func `a server that does not start is told by its last words`() {
        let corrupt = trouble(
            line("Running", "*") + line("Bad file format reading the append only file a.aof: make a backup"), end())
        #expect(corrupt.code == .unreachable)
        #expect(
            corrupt.message
                == "redis-server 7.0.15 does not start (exit code 1): Bad file format reading the append only file a.aof: make a backup; its log: /x/redis.log; --fresh begins without the data"
        )
        let full = trouble(line("Write error: No space left on device"), end())
        #expect(full.code == .cannotWrite && full.message.contains("No space left"))
        let silent = trouble("", end(code: nil, signal: 11, errors: "a\nb"))
        #expect(silent.message == "redis-server 7.0.15 does not start (signal 11): b; its log: /x/redis.log")
    }

    @Test func `a port that is taken is named, and only where there is one`() {
        let log = line(
            "Warning: Could not create server TCP listening socket 127.0.0.1:7: bind: Address already in use")
        let taken = trouble(log + line("Failed listening on port 7 (TCP), aborting."), end(), port: 7)
        #expect(taken.code == .unreachable && taken.message == "port 7 of 127.0.0.1 is taken: name another with --port")
        let denied = trouble(log.replacing("Address already in use", with: "Permission denied"), end(), port: 7)
        #expect(denied.message == "port 7 of 127.0.0.1 cannot be had (Permission denied): name another with --port")
        #expect(trouble(log, end()).message.contains("does not start"))
    }

    @Test func `a server that was killed at work is not quoted with what has nothing to do with it`() {
        let killed = trouble(line("Ready to accept", "*"), end(code: nil, signal: 9), wasReady: true)
        #expect(killed.message == "redis-server 7.0.15 has ended (signal 9); its log: /x/redis.log")
        let asked = trouble(line("bye bye"), end(code: 0), wasReady: true)
        #expect(asked.message == "redis-server 7.0.15 has ended (exit code 0): bye bye; its log: /x/redis.log")
    }

    // MARK: The page

    private func page() -> DevPage {
        DevPage(
            server: "redis-server 7.0.15", data: "./.queue", api: "http://127.0.0.1:8080",
            url: "unix:///tmp/.queue/redis.sock", slots: 10,
            queues: "default", queueToTry: .default, handlers: ["demo.echo", "demo.sleep"], program: "queue-worker")
    }

    @Test func `the page says where Redis is and what to try`() {
        #expect(
            page().lines == [
                "  redis     redis-server 7.0.15, private, data in ./.queue",
                "            export REDIS_URL=unix:///tmp/.queue/redis.sock",
                "  worker    10 slots, queue default",
                "  handlers  demo.echo demo.sleep",
                "  http      http://127.0.0.1:8080, for this machine only, without tokens",
                "  try       in another terminal:",
                "              REDIS_URL=unix:///tmp/.queue/redis.sock queue-worker \\",
                "                enqueue demo.echo hi=1 --wait 10s",
                "              curl -s http://127.0.0.1:8080/v1/jobs -H 'Prefer: wait=10' \\",
                "                -H 'Content-Type: application/json' \\",
                #"                -d '{"name":"demo.echo","payload":{"hi":1}}'"#,
                "",
                "  For development only: one process on one machine, no password, no backups.",
                "  Ctrl-C stops everything and keeps the data; --fresh begins without it.",
                "",
            ])
    }

    @Test func `what is to be tried is served here`() throws {
        var page = page()
        page.queueToTry = try QueueName("high")
        #expect(page.lines.contains { $0.hasSuffix("enqueue demo.echo hi=1 -q high --wait 10s") })
        #expect(page.lines.contains { $0.hasSuffix(#"-d '{"name":"demo.echo","queue":"high","payload":{"hi":1}}'"#) })
        page.handlers = ["email.send"]
        #expect(page.lines.contains { $0.hasSuffix("queue-worker info") })
    }

    @Test func `80 columns are enough for many handlers, and no path moves a cursor`() {
        var page = page()
        page.data = hostile
        page.socketFolder = hostile
        page.program = hostile
        page.handlers = (0..<40).map { "handler.number.\($0)" }
        for line in page.lines { #expect(isHarmless(line), "\(line.debugDescription)") }
        page = self.page()
        page.handlers = (0..<40).map { "handler.number.\($0)" }
        #expect(page.lines.allSatisfy { $0.count <= 80 })
        #expect(page.lines.joined(separator: " ").contains("handler.number.39"))
    }
}
