import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

/// `doctor` as a process, and what becomes of processes that may open few files.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(1))) struct DoctorTests {
        private struct Document: Decodable {
            struct Row: Decodable { var id, status, seen, cure: String }
            var checks: [Row]
        }

        @Test func `nothing wrong is 0, something is 78, and nobody there is 69`() async throws {
            try await Site.run { site in
                let fine = try await site.command("fine", "doctor", "--redis-url", site.redis.url)
                #expect(fine.status == 0 && fine.log.isEmpty, "\(fine.log)")
                #expect(fine.output.contains("ok       eviction     noeviction\n"))
                #expect(!fine.output.contains("fail") && !fine.output.contains("\u{1B}"), "\(fine.output)")

                try await site.producer.store.register(.default)
                try await site.store.draw(["meta format = 9\u{1B}[2J"])
                for words in [["doctor"], ["doctor", "--json", "default"]] {
                    let broken = try site.start("broken\(words.count)", words + ["--redis-url", site.redis.url])
                    #expect(try await broken.exit() == 78)
                    #expect(broken.log == "queue-worker: failed: format\n")
                    #expect(broken.output.contains("stored in format 9") && !broken.output.contains("\u{1B}"))
                    guard words.count > 1 else { continue }
                    let rows = try JSONDecoder().decode(Document.self, from: Data(broken.output.utf8)).checks
                    #expect(rows.filter { $0.status == "fail" }.map(\.id) == ["format"])
                    #expect(rows.allSatisfy { ($0.status == "ok") == $0.cure.isEmpty })
                }

                let away = try await site.command("away", "doctor", "--redis-url", "redis://:s3cret@127.0.0.1:1")
                #expect(away.status == 69 && away.output.isEmpty && away.log.contains("127.0.0.1:1"), "\(away.log)")
                #expect(!away.log.contains("s3cret") && away.log.count { $0 == "\n" } == 1)
            }
        }

        @Test func `what is allowed by name lets a worker start, what is not is named`() async throws {
            let redis = try PrivateRedis(aof: true, ["--maxmemory-policy", "allkeys-lru"])
            func run(_ label: String, _ words: String...) async throws -> Child {
                let words = words + ["--redis-url", redis.url]
                let child = try Child("queue-worker", words, folder: redis.folder, label: label)
                _ = try await child.exit()
                return child
            }
            let refused = try await run("refused", "run", "--burst", "--demo-handlers", "--allow", "replica,version")
            #expect(refused.status == 78 && refused.log.contains("or allow it with --allow eviction"), "\(refused.log)")
            let started = try await run("started", "run", "--burst", "--demo-handlers", "--allow", "eviction")
            #expect(started.status == 0 && started.log.contains("maxmemory-policy is allkeys-lru"), "\(started.log)")
            let examined = try await run("examined", "doctor", "--allow", "eviction")
            #expect(examined.status == 0 && examined.output.contains("warn     eviction"), "\(examined.output)")
        }

        // MARK: Few files

        /// What the command prints, and its status on a last line, with limits set by a shell before.
        private func limited(_ limit: String, _ words: [String]) async throws -> String {
            let path = Child.products.appending(path: "queue-worker").path
            let script = "\(limit); \"$@\"; echo \"status $?\""
            return try await Threads.run {
                // A crash is reported in a line, not after seconds of symbolication.
                let environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
                let program = try Program(
                    ["/bin/sh", "-c", script, "sh", path] + words, environment: environment, errors: .output)
                return program.waitForOutput { $0.contains("status ") && $0.hasSuffix("\n") }
            }
        }

        @Test func `with too few files to start, a command says so in a line`() async throws {
            try await Site.run { site in
                let url = ["--redis-url", site.redis.url]
                for words in [["run", "--burst"], ["run", "--burst", "--processes", "2"], ["info"]] {
                    let said = try await limited("ulimit -n 40", words + url)
                    #expect(said.hasPrefix("queue-worker: this process may open 40 files and needs "), "\(said)")
                    #expect(said.hasSuffix("\nstatus 78\n") && said.count { $0 == "\n" } == 2, "\(said)")
                }
                let doctor = try await limited("ulimit -n 40", ["doctor"] + url)
                #expect(doctor.contains("fail     descriptors  a process may open 40 files"), "\(doctor)")
                #expect(doctor.hasSuffix("status 78\n"))
            }
        }

        @Test func `a soft limit is raised for the worker, and not for the programs it runs`() async throws {
            try await Site.run { site in
                let script = site.redis.folder.appending(path: "limits")
                try """
                #!/bin/sh
                worker=$(sed -n 's/^Max open files *\\([0-9]*\\).*/\\1/p' /proc/$PPID/limits)
                echo "[$(ulimit -Sn), $worker]"
                """.write(to: script, atomically: true, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: script.path)
                let id = try await site.enqueue("limits", "null")
                let said = try await limited(
                    "ulimit -Sn 40; ulimit -Hn 900",
                    ["run", "--burst", "--exec", "limits=\(script.path)", "--redis-url", site.redis.url])
                #expect(said.hasSuffix("status 0\n"), "\(said)")
                #expect(try await site.result(id) == "[40, 900]")
            }
        }
    }
}
