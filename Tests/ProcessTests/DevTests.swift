import Foundation
import ProcessSupport
import TestSupport
import Testing

/// `queue-worker dev`: a Redis of its own and a worker, from one command, and nothing left afterwards.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct DevTests {
        @Test func `one command runs jobs, and the commands that it prints work when they are pasted`() async throws {
            try await DevSite.run(data: "it's a\n\u{1B}[31mqueue") { site in
                let dev = try await site.ready()
                let page = dev.child.output
                #expect(!page.contains("\u{1B}") && page.contains("demo.echo demo.fail demo.sleep"))
                let begin = try #require(page.firstRange(of: "in another terminal:\n")).upperBound
                let end = try #require(page[begin...].firstRange(of: "\n\n")).lowerBound
                let shell = try await Self.shell(String(page[begin..<end]))
                #expect(shell.output.hasPrefix("{\"hi\":\"1\"}\n"), "\(shell)")
                let hasCurl = try await Self.shell("curl --version").status == 0
                #expect(!hasCurl || shell.output.contains(#""result":{"hi":1}"#), "\(shell)")

                #expect(Self.mode(site.data) == 0o700 && Self.mode(site.data + "/redis.sock") == 0o700)
                #expect(getpgid(dev.server) == dev.server, "a Ctrl-C on the terminal reaches dev alone")
                #expect(site.text(".gitignore") == "*\n" && site.text("dev.lock") == "\(dev.child.pid)\n")
                dev.child.signal(SIGTERM)
                #expect(try await dev.child.exit() == 0)
                site.expectNothingLeft(of: dev)
            }
        }

        @Test(arguments: [SIGINT, SIGHUP])
        func `a signal ends everything in order, and the data is there the next time`(signal: Int32) async throws {
            try await DevSite.run { site in
                let first = try await site.ready()
                let later = try await site.command("enqueue", "demo.echo", "--in", "1h", url: first.url)
                let running = try await site.command("enqueue", "demo.sleep", "ms:=500", url: first.url)
                let id = running.output.trimmingCharacters(in: .newlines)
                // On a slow machine it may be over before it is seen.
                try await eventually("it runs") {
                    let show = try await site.command("jobs", "show", id, url: first.url).output
                    return show.contains("running") || show.contains("succeeded")
                }
                first.child.signal(signal)
                #expect(try await first.child.exit() == 0)
                #expect(first.child.log.contains("job.succeeded"), "the running job was let end")
                site.expectNothingLeft(of: first)

                let second = try await site.ready()
                let id2 = later.output.trimmingCharacters(in: .newlines)
                #expect(try await site.command("jobs", "show", id2, url: second.url).output.contains("scheduled"))
                #expect(try await site.command("jobs", "show", id, url: second.url).output.contains("succeeded"))
            }
        }

        @Test(arguments: [false, true])
        func `when dev is killed its Redis dies with it, and the next one just works`(isFrozen: Bool) async throws {
            try await DevSite.run { site in
                let first = try await site.ready()
                let id = try await site.command("enqueue", "demo.echo", "--in", "1h", url: first.url).output
                if isFrozen { kill(first.server, SIGSTOP) }
                first.child.signal(SIGKILL)
                #expect(try await first.child.exit() == 128 + SIGKILL)
                try await eventually("the server is gone") { !DevSite.isAlive(first.server) }
                #expect(site.has("redis.sock"), "nobody was left to remove it")

                let second = try await site.ready()
                let show = try await site.command(
                    "jobs", "show", id.trimmingCharacters(in: .newlines), url: second.url)
                #expect(show.output.contains("scheduled"))
            }
        }

        @Test func `a second dev in one folder says who is there, and changes nothing`() async throws {
            try await DevSite.run { site in
                let dev = try await site.ready()
                for option in ["--fresh", "--demo-handlers"] {
                    let second = try site.start([option])
                    #expect(try await second.exit() == 69)
                    #expect(second.log.contains("already, as process \(dev.child.pid)"), "\(second.log)")
                    #expect(second.log.count { $0 == "\n" } == 1 && second.output.isEmpty)
                }
                #expect(try await site.command("enqueue", "demo.echo", "--wait", "10s", url: dev.url).status == 0)
                #expect(site.text("dev.lock") == "\(dev.child.pid)\n")
            }
        }

        @Test func `when Redis dies dev says so and ends with 69`() async throws {
            try await DevSite.run { site in
                let dev = try await site.ready()
                let sleep = try await site.command("enqueue", "demo.sleep", "ms:=60000", url: dev.url)
                #expect(sleep.status == 0)
                kill(dev.server, SIGKILL)
                #expect(try await dev.child.exit() == 69)
                let last = try #require(dev.child.log.split(separator: "\n").last)
                #expect(
                    last.hasPrefix("queue-worker: redis-server ") && last.contains("has ended (signal 9)"), "\(last)")
                site.expectNothingLeft(of: dev)
            }
        }

        @Test func `a third signal ends the process with 130, and Redis with it`() async throws {
            try await DevSite.run { site in
                let dev = try await site.ready("--exec", "deaf=/bin/sleep 60")
                let id = try await site.command("enqueue", "deaf", url: dev.url).output
                try await eventually("it runs") {
                    try await site.command("jobs", "show", id.trimmingCharacters(in: .newlines), url: dev.url).output
                        .contains("running")
                }
                // So that the second signal is not the end already.
                kill(dev.server, SIGSTOP)
                for count in 1...3 {
                    dev.child.signal(SIGINT)
                    try await eventually("signal \(count) is heard") {
                        dev.child.log.contains("\"count\":\(count)") || dev.child.status != nil
                    }
                }
                #expect(try await dev.child.exit() == 130)
                try await eventually("the server is gone") { !DevSite.isAlive(dev.server) }
                #expect(!site.has("redis.sock") && site.text("dev.lock").isEmpty)
            }
        }

        @Test func `fresh forgets the data, and keeps what is not its own`() async throws {
            try await DevSite.run { site in
                let first = try await site.ready()
                let id = try await site.command("enqueue", "demo.echo", "--in", "1h", url: first.url).output
                first.child.signal(SIGTERM)
                _ = try await first.child.exit()
                for name in ["mine", "appendonlydir/mine"] {
                    #expect(FileManager.default.createFile(atPath: site.data + "/" + name, contents: nil))
                }
                let second = try await site.ready("--fresh")
                let show = try await site.command(
                    "jobs", "show", id.trimmingCharacters(in: .newlines), url: second.url)
                #expect(show.status == 66, "\(show.output)")
                #expect(site.has("mine") && site.has("appendonlydir/mine"))
            }
        }

        @Test func `data that Redis cannot read is named with the log, and fresh goes on without it`() async throws {
            try await DevSite.run { site in
                let first = try await site.ready()
                first.child.signal(SIGTERM)
                _ = try await first.child.exit()
                let log = FileHandle(forWritingAtPath: site.data + "/appendonlydir/appendonly.aof.1.incr.aof")
                try log?.seekToEnd()
                try log?.write(contentsOf: Data("no log at all".utf8))
                try log?.close()
                let second = try site.start([])
                #expect(try await second.exit() == 69)
                #expect(second.log.contains("Bad file format") && second.log.contains(site.data + "/redis.log"))
                #expect(second.log.contains("--fresh") && second.log.count { $0 == "\n" } == 1, "\(second.log)")
                #expect(!site.has("redis.sock") && site.text("dev.lock").isEmpty)
                _ = try await site.ready("--fresh")
            }
        }

        @Test func `a data folder with a long path has its socket elsewhere, and nothing of it stays`() async throws {
            try await DevSite.run(data: String(repeating: "x", count: 100)) { site in
                let environment = ["XDG_RUNTIME_DIR": site.folder.path]
                let first = try await site.ready(environment: environment)
                let folder = site.text("socket-folder")
                #expect(folder.hasPrefix(site.folder.path + "/queue-worker-") && first.url.contains(folder))
                first.child.signal(SIGKILL)
                _ = try await first.child.exit()

                let second = try await site.ready(environment: environment)
                #expect(!FileManager.default.fileExists(atPath: folder), "the killed one's is tidied up")
                second.child.signal(SIGTERM)
                #expect(try await second.child.exit() == 0)
                site.expectNothingLeft(of: second)
                let names = try FileManager.default.contentsOfDirectory(atPath: site.folder.path)
                #expect(!names.contains { $0.hasPrefix("queue-worker-") })
            }
        }

        // MARK: Helpers

        private static func mode(_ path: String) -> mode_t {
            var facts = stat()
            return lstat(path, &facts) == 0 ? facts.st_mode & 0o777 : 0
        }

        /// Runs a text as a person would who pastes it.
        private static func shell(_ text: String) async throws -> (status: Int32, output: String) {
            try await Program.run(["/bin/sh", "-c", text])
        }
    }
}
