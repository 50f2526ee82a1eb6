import Foundation
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

/// What the command answers to wrong input: an exit code for scripts, one line for people, and nothing stored.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct RefusalTests {
        struct Call: Sendable, CustomTestStringConvertible {
            var status: Int32
            var words: [String]
            var says: String
            var testDescription: String { words.joined(separator: " ").prefix(90) + " → \(status)" }

            /// REDIS stands for the URL of a server, FOLDER for that of the test.
            init(_ status: Int32, _ words: String..., says: String) {
                self.status = status
                self.words = words
                self.says = says
            }
        }

        @Test(arguments: [
            Call(69, "enqueue", "a", "--redis-url", "unix:///nowhere/redis.sock", says: "/nowhere/redis.sock"),
            Call(69, "enqueue", "a", "--redis-url", "redis://:s3cret@127.0.0.1:1", says: "127.0.0.1:1"),
            Call(69, "info", "--redis-url", "unix:///nowhere/redis.sock", says: "/nowhere/redis.sock"),
            Call(64, "enqueue", "a", "--redis-url", "http://:s3cret@localhost", says: "redis://"),
            Call(64, "enqueue", "a", "--redis-url", "redis://:s3cret@localhost:port", says: "port"),
            Call(64, "info", "--redis-url", "redis://:s3cret@localhost/x", says: "database"),
            Call(65, "enqueue", "a", "--payload", #"{"a":"#, "--redis-url", "REDIS", says: "not JSON"),
            Call(65, "enqueue", "a", "b:=nope", "--redis-url", "REDIS", says: "b:=nope is not JSON"),
            Call(65, "enqueue", "a", "--payload-file", "FOLDER/missing", "--redis-url", "REDIS", says: "cannot read"),
            Call(65, "enqueue", "a", "--payload-file", "FOLDER/large", "--redis-url", "REDIS", says: "262145 bytes"),
            Call(64, "enqueue", "bad name", "--redis-url", "REDIS", says: "bad name"),
            Call(64, "enqueue", "a", "-q", "bad/queue", "--redis-url", "REDIS", says: "bad/queue"),
            Call(64, "enqueue", "a", "--id", "bad id", "--redis-url", "REDIS", says: "bad id"),
            Call(64, "enqueue", "a", "--priority", "10", "--redis-url", "REDIS", says: "priority"),
            Call(64, "enqueue", "a", "--at", "noon", "--redis-url", "REDIS", says: "noon"),
            Call(64, "enqueue", "a", "=b", "--redis-url", "REDIS", says: "=b"),
            Call(64, "enqueue", "a", "--wait", "5s", "--result-ttl", "0", "--redis-url", "REDIS", says: "--result-ttl"),
            Call(64, "enqueue", "a", "--at", "1700000000", "--redis-url", "REDIS", says: "milliseconds"),
            Call(64, "jobs", "show", "bad id", "--redis-url", "REDIS", says: "bad id"),
            Call(64, "dead", "requeue", "--redis-url", "REDIS", says: "--all"),
            Call(66, "jobs", "show", "nobody", "--redis-url", "REDIS", says: "nobody"),
            Call(66, "jobs", "cancel", "nobody", "--redis-url", "REDIS", says: "nobody"),
            Call(66, "dead", "requeue", "nobody", "--redis-url", "REDIS", says: "job nobody: there is no such job"),
            Call(66, "dead", "delete", "nobody", "--yes", "--redis-url", "REDIS", says: "there is no such job"),
            Call(66, "info", "nowhere", "--redis-url", "REDIS", says: "nowhere"),
            Call(78, "info", "--redis-url", "unix://FOLDER/redis.sock?db=99", says: "DB index is out of range"),
            Call(64, "enqueue", "a", "--no-such-flag", "--redis-url", "REDIS", says: "no-such-flag"),
            Call(64, "enqueue", "--redis-url", "REDIS", says: "name"),
            Call(64, "enqueue", "a", "--in", "soon", "--redis-url", "REDIS", says: "soon"),
            Call(64, "enqueue", "a", "--priority", "-1", "--redis-url", "REDIS", says: "bad priority -1"),
            Call(64, "dead", "ls", "--limit", "0", "--redis-url", "REDIS", says: "use 1 to 500"),
            Call(64, "dead", "ls", "--since", "noon", "--redis-url", "REDIS", says: "bad --since"),
            Call(64, "dead", "delete", "a", "--all", "--redis-url", "REDIS", says: "--all"),
            Call(64, "dead", "requeue", "a", "--set", "=x", "--redis-url", "REDIS", says: "=x"),
            Call(66, "explain", "nobody", "--redis-url", "REDIS", says: "nobody"),
            Call(64, "no-such-command", says: "no-such-command"),
            Call(64, "run", "--concurrency", "many", "--redis-url", "REDIS", says: "many"),
            Call(64, "run", "--concurrency", "0", "--redis-url", "REDIS", says: "concurrency"),
            Call(64, "run", "--prefetch", "some", "--redis-url", "REDIS", says: "prefetch"),
            Call(64, "run", "--queues", "a,,b", "--redis-url", "REDIS", says: "queue"),
            Call(64, "run", "--lease", "1ms", "--redis-url", "REDIS", says: "lease"),
            Call(64, "run", "--kill-after", "0.0001s", "--redis-url", "REDIS", says: "at least 1ms"),
            Call(64, "run", "--log-level", "loud", "--redis-url", "REDIS", says: "loud"),
            Call(69, "run", "--redis-url", "unix:///nowhere/redis.sock", says: "/nowhere/redis.sock"),
            Call(64, "run", "--redis-url", "redis://:s3cret@[::1", says: "queue-worker: "),
        ])
        func `a wrong call ends with its code and one line, and stores nothing`(call: Call) async throws {
            try await Site.run { site in
                let large = Data(("\"" + String(repeating: "a", count: 256 * 1024 - 1) + "\"").utf8)
                try large.write(to: site.redis.folder.appending(path: "large"))
                let child = try await site.command("command", call.words, within: .seconds(10))
                #expect(child.status == call.status, "\(child.log)")
                #expect(child.output.isEmpty)
                #expect(child.log.hasPrefix("queue-worker: ") && child.log.hasSuffix("\n"))
                #expect(child.log.count { $0 == "\n" } == 1, "\(child.log)")
                #expect(child.log.contains(call.says), "\(child.log)")
                #expect(!child.log.contains("s3cret"))
                #expect(try await site.size() == 0)
            }
        }

        @Test func `a job that was there already is told`() async throws {
            try await Site.run { site in
                for (label, log) in [("first", ""), ("second", "already there (queued)\n")] {
                    let child = try await site.command(
                        label, ["enqueue", "a", "--id", "mine", "--redis-url", "REDIS"], within: .seconds(10))
                    #expect(child.status == 0 && child.output == "mine\n" && child.log == log, "\(child.log)")
                }
            }
        }

        @Test func `what strangers stored cannot steer a terminal through an error`() async throws {
            try await Site.run { site in
                try await site.store.draw(["meta format = 9\u{1B}[2J"])
                let child = try await site.command(
                    "command", ["enqueue", "a", "--redis-url", "REDIS"], within: .seconds(10))
                #expect(child.status == 78 && child.log.contains("9\\u{1b}[2J"), "\(child.log)")
            }
        }

        @Test func `an id that cannot be printed is not lost in silence`() async throws {
            try await Site.run { site in
                let output = site.redis.folder.appending(path: "command.out")
                try FileManager.default.createSymbolicLink(atPath: output.path, withDestinationPath: "/dev/full")
                let child = try await site.command(
                    "command", ["enqueue", "a", "--id", "mine", "--redis-url", "REDIS"], within: .seconds(10))
                #expect(child.status == 74, "\(child.log)")
                #expect(child.log.contains("cannot write \"mine\" to standard output"), "\(child.log)")
            }
        }

        @Test(arguments: ["enqueue a", "run", "info"], ["", ":s3cret-wrong@", "nobody:s3cret-wrong@"])
        func `a wrong password ends with 77 and is not shown`(command: String, login: String) async throws {
            let redis = try PrivateRedis(["--requirepass", "s3cret-right"])
            let words = command.split(separator: " ").map(String.init)
            let url = ["--redis-url", "unix://\(login)\(redis.socketPath)"]
            let child = try Child("queue-worker", words + url, folder: redis.folder, label: "command")
            #expect(try await child.exit(within: .seconds(10)) == 77, "\(child.log)")
            #expect(child.log.hasPrefix("queue-worker: ") && child.log.count { $0 == "\n" } == 1, "\(child.log)")
            #expect(child.log.contains("user:password@") && child.log.contains("URL"), "\(child.log)")
            #expect(child.output.isEmpty && !child.log.contains("s3cret"))

            let client = RedisClient(try RedisConfiguration(url: "unix://:s3cret-right@\(redis.socketPath)"))
            var size = try await client.send(.init("DBSIZE")).reader
            #expect(try size.integer() == 0)
            await client.close()
        }

        @Test func `a Redis that may evict jobs is refused with 78, unless one insists or only looks`() async throws {
            let redis = try PrivateRedis(aof: true, ["--maxmemory-policy", "allkeys-lru"])
            for words in [["enqueue", "a"], ["run"], ["jobs", "cancel", "a"], ["dead", "requeue", "a"]] {
                let url = ["--redis-url", redis.url]
                let child = try Child("queue-worker", words + url, folder: redis.folder, label: words[0])
                #expect(try await child.exit() == 78, "\(child.log)")
                #expect(child.log.contains("maxmemory-policy is allkeys-lru") && child.output.isEmpty)
            }
            let info = try Child(
                "queue-worker", ["info", "--redis-url", redis.url], folder: redis.folder, label: "info")
            #expect(
                try await info.exit() == 0 && info.output.contains("maxmemory-policy is allkeys-lru"), "\(info.log)")
            let list = try Child(
                "queue-worker", ["dead", "ls", "--redis-url", redis.url], folder: redis.folder, label: "dead")
            #expect(try await list.exit() == 66 && list.log.contains("maxmemory-policy is allkeys-lru"), "\(list.log)")
            let client = try await TestQueue.client(redis)
            var size = try await client.send(.init("DBSIZE")).reader
            #expect(try size.integer() == 0)
            await client.close()

            let insist = ["--allow-unsafe-redis", "--redis-url", redis.url]
            let enqueue = try Child(
                "queue-worker", ["enqueue", "demo.echo"] + insist, folder: redis.folder, label: "enqueue")
            #expect(try await enqueue.exit() == 0, "\(enqueue.log)")
            let id = enqueue.output.trimmingCharacters(in: .newlines)
            let run = try Child(
                "queue-worker", ["run", "--burst", "--demo-handlers"] + insist, folder: redis.folder, label: "run")
            #expect(try await run.exit() == 0, "\(run.log)")
            let show = try Child("queue-worker", ["jobs", "show", id] + insist, folder: redis.folder, label: "show")
            #expect(try await show.exit() == 0 && show.output.contains("succeeded"), "\(show.log)")
        }
    }
}

extension Site {
    /// How many keys there are.
    fileprivate func size() async throws -> Int {
        var reader = try await store.client.send(.init("DBSIZE")).reader
        return try reader.integer()
    }

    fileprivate func command(_ label: String, _ words: [String], within limit: Duration) async throws -> Child {
        let words = words.map { $0 == "REDIS" ? redis.url : $0.replacing("FOLDER", with: redis.folder.path) }
        let child = try Child("queue-worker", words, folder: redis.folder, label: label)
        _ = try await child.exit(within: limit)
        return child
    }
}
