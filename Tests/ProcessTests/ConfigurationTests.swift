import Foundation
import JobModel
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

/// Configuration as a whole: files, the environment, and what must never be seen of them.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct ConfigurationTests {
        private static let canary = "canary-9d41"

        @Test func `a file is all that a worker needs`() async throws {
            try await Site.run { site in
                let file = site.redis.folder.appending(path: "queue.yaml")
                try """
                redis: {url: "\(site.redis.url)"}
                queue: {lease: 1s, queues: [high, default]}
                log: {format: text}
                handlers:
                  file.upper:
                    exec: [/usr/bin/tr, a-z, A-Z]
                """.write(to: file, atomically: true, encoding: .utf8)
                let worker = try site.start("a", ["run", "--config", file.path])
                let id = try await site.enqueue("file.upper", #""hello""#)
                try await eventually("the job is done") { try await site.view(id).state == .succeeded }
                #expect(try await site.result(id) == #""HELLO""#)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                #expect(worker.log.contains("queues=high,default"))
            }
        }

        @Test func `a wrong file keeps a worker from starting, and says all that is wrong`() async throws {
            try await Site.run { site in
                let file = site.redis.folder.appending(path: "queue.yaml")
                try "queue:\n  lease: x\n  concurency: 3\n".write(to: file, atomically: true, encoding: .utf8)
                for command in [["run"], ["config", "check"]] {
                    let child = try site.start(
                        command[0], command + ["--redis-url", site.redis.url, "--config", file.path])
                    #expect(try await child.exit() == 78)
                    #expect(child.log.split(separator: "\n").count == 2)
                    #expect(child.log.contains("queue.yaml:2: ") && child.log.contains("queue.yaml:3: "))
                }
            }
        }

        @Test func `a password is in no log, error, process list, child or crash`() async throws {
            try await Site.run(["--user", "app", "on", ">\(Self.canary)", "~*", "&*", "+@all"]) { site in
                let url = site.redis.url.replacing("unix://", with: "unix://app:\(Self.canary)@")
                let environment = [
                    "REDIS_URL": url, "LOG_LEVEL": "trace", "QUEUE_LEASE": "1s",
                    // A report of a crash, without the time that symbols take.
                    "SWIFT_BACKTRACE": "enable=yes,symbolicate=off,threads=crashed,images=none,interactive=no,color=no",
                ]
                let worker = try site.start(
                    "a", ["run", "--exec", "env=/usr/bin/env", "--exec", "fail=/bin/false"], environment: environment)
                let id = try await site.enqueue("env", "{}")
                let failing = try await site.enqueue("fail", "{}")
                try await eventually("both ran") {
                    try await [site.view(id).state, site.view(failing).state] == [.succeeded, .retrying]
                }
                let result = try await site.result(id)
                #expect(result.contains("JOB_ID") && !result.contains(Self.canary))
                let words = try String(contentsOfFile: "/proc/\(worker.pid)/cmdline", encoding: .utf8)
                #expect(words.contains("run") && !words.contains(Self.canary))
                worker.signal(SIGSEGV)
                // A signal from outside is reported like a crash, but the program goes on. Not to be killed before the report
                // is written: whoever writes it holds on to the program.
                try await eventually("the crash is reported", within: .seconds(60)) {
                    worker.log.contains("Backtrace took")
                }
                worker.signal(SIGKILL)
                _ = try await worker.exit()

                let wrong = environment.merging(["REDIS_URL": url.replacing("@", with: "-wrong@")]) { $1 }
                for (label, environment) in [("right", environment), ("wrong", wrong)] {
                    for command in [["info"], ["config", "show"], ["jobs", "show", failing], ["enqueue", "a b"]] {
                        _ = try await site.start("\(label)-\(command.joined())", command, environment: environment)
                            .exit()
                    }
                }
                #expect(site.logs.contains("job.failed") && !site.logs.contains(Self.canary))
            }
        }
    }
}
