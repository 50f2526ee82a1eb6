import Configuration
import Foundation
import JobModel
import JobQueueExec
import JobQueueWorker
import Redis
import Testing

@testable import JobQueueCLI

@Suite struct SettingsTests {
    @Test func `options come before variables, those before files, and those before what is built in`() throws {
        let folder = try Folder()
        let file = try folder.write("queue:\n  concurrency: 5\n", to: "queue.yaml")
        let envFile = try folder.write("QUEUE_CONCURRENCY=3\n", to: ".env")
        _ = try folder.write("4\n", to: "queue_concurrency")
        let secrets = ["QUEUE_SECRETS": folder.path]
        let variables = secrets.merging(["QUEUE_CONCURRENCY": "2"]) { $1 }
        let steps: [(SettingSources, value: Int, origin: String?)] = [
            (
                sources(options: ["queue.concurrency": "1"], environment: variables, file: file, envFile: envFile), 1,
                "--concurrency"
            ),
            (sources(environment: variables, file: file, envFile: envFile), 2, "QUEUE_CONCURRENCY"),
            (sources(environment: secrets, file: file, envFile: envFile), 3, "QUEUE_CONCURRENCY in \(envFile)"),
            (sources(environment: secrets, file: file), 4, "\(folder.path)/queue_concurrency"),
            (sources(file: file), 5, "\(file):2"),
            (sources(), 10, nil),
        ]
        for (sources, value, origin) in steps {
            #expect(try Settings(sources).worker.concurrency == value)
            #expect(try sources.find(Settings.concurrency)?.origin == origin)
        }
    }

    @Test func `an empty variable is an unset one`() throws {
        #expect(
            try Settings(sources(environment: ["QUEUE_CONCURRENCY": "", "REDIS_URL": ""])).worker.concurrency == 10)
    }

    @Test func `everything that is wrong is said at once, with its line and what was meant`() throws {
        let found = try problems(
            """
            redis:
              ulr: redis://x
            queue:
              concurrency: many
              lease: 5h
              prefetch: 1001
            lgo:
              level: loud
            log:
              level: loud
            """)
        #expect(
            found == [
                ":2: unknown key \"redis.ulr\"; did you mean \"url\"?",
                ":7: unknown section \"lgo\"; did you mean \"log\"?",
                ":4: queue.concurrency: \"many\" is not a whole number from 1 to 100000",
                ":6: queue.prefetch: \"1001\" is not auto or a whole number from 0 to 1000",
                ":5: queue.lease: \"5h\" is not from 0.1 seconds to 3600.0 seconds",
                ":10: log.level: \"loud\" is not one of trace, debug, info, notice, warning, error, critical",
            ])
    }

    @Test(arguments: [
        ("queue: 5", ":1: queue: expected keys with values, as in \"concurrency: 10\""),
        ("- queue", ":1: the file: expected keys with values, as in \"concurrency: 10\""),
        ("queue:\n  concurrency: [1]", ":2: queue.concurrency: write a single value"),
        ("queue:\n  concurrency:", ":2: queue.concurrency: \"\" is not a whole number from 1 to 100000"),
        ("queue:\n  lease: 1s\n  lease: 2s", ": line 2: \"lease\" stands there twice"),
        ("a: b\n c: d: e", ": line 2, column 3: mapping values are not allowed in this context"),
        ("queue: *nobody", ": line 1, column 8: found undefined alias"),
        ("app:\n  list: [{a: b}]", ":2: app.list: a list may have single values only"),
        ("queue:\n  queues: {high: 6, low: many}", ":2: queue.queues: bad weight in \"low=many\": use 1 to 1000"),
    ])
    func `a file that makes no sense is refused with the place`(text: String, problem: String) throws {
        #expect(try problems(text) == [problem])
    }

    @Test(arguments: ["queues: high,low", "queues: [high, low]", "queues:\n    - high\n    - low"])
    func `queues are a text or a list`(line: String) throws {
        let folder = try Folder()
        let file = try folder.write("queue:\n  \(line)\n", to: "queue.yaml")
        #expect(try Settings(sources(file: file)).worker.queues == .strict([QueueName("high"), QueueName("low")]))
    }

    @Test func `queues with weights may be a map`() throws {
        let folder = try Folder()
        let file = try folder.write("queue:\n  queues: {high: 6, low: 1}\n", to: "queue.yaml")
        let expected = [
            QueueOrder.Weighted(try QueueName("high"), weight: 6), QueueOrder.Weighted(try QueueName("low"), weight: 1),
        ]
        #expect(try Settings(sources(file: file)).worker.queues == .weighted(expected))
    }

    @Test func `a missing file is an error only where it was named`() throws {
        #expect(throws: Failure.self) { try Settings(sources(file: "/nowhere/queue.yaml")) }
        #expect(throws: Failure.self) { try Settings(sources(environment: ["QUEUE_CONFIG": "/nowhere/queue.yaml"])) }
        #expect(throws: Failure.self) { try Settings(sources(envFile: "/nowhere/.env")) }
        #expect(throws: Failure.self) { try Settings(sources(file: "/tmp")) }
        _ = try Settings(sources())
    }

    @Test func `wrong options are wrong usage, whatever else is wrong is configuration`() throws {
        func code(_ sources: SettingSources) -> Failure.Code? {
            do throws(Failure) { _ = try Settings(sources) } catch { return error.code }
            return nil
        }
        #expect(code(sources(options: ["queue.lease": "x"])) == .usage)
        #expect(code(sources(environment: ["QUEUE_LEASE": "x"])) == .badConfiguration)
        #expect(code(sources(options: ["queue.lease": "x"], environment: ["LOG_LEVEL": "x"])) == .badConfiguration)
    }

    @Test func `whoever only looks is not stopped by a wrong worker setting`() throws {
        let folder = try Folder()
        let file = try folder.write("redis:\n  url: unix:///a.sock\nqueue:\n  lease: x\n", to: "queue.yaml")
        #expect(try RedisSettings(sources(file: file)).url == Secret("unix:///a.sock"))
    }

    @Test(arguments: [
        "redis: {ulr: x}", "redis: {url: [a, b]}", "redis:\n  url: 'x", "redis:\n\turl: x", "redis: 5", "- redis",
        "queue:\n  lease: 1s\n  lease: 2s",
    ])
    func `whoever only looks does not go to another server because a file is broken`(text: String) throws {
        let folder = try Folder()
        let file = try folder.write(text, to: "queue.yaml")
        #expect(throws: Failure.self) { try RedisSettings(sources(file: file)) }
        let fine = try folder.write("queue: {concurrency: 1}", to: "fine.yaml")
        #expect(throws: Failure.self) { try RedisSettings(sources(file: fine, envFile: "/nowhere/.env")) }
    }

    @Test func `a few lines of aliases do not become billions of values`() throws {
        var text = "app:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let list = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "  a\(level): &a\(level) [\(list)]\n"
        }
        #expect(try problems(text) == [": has more than 100000 values, those of aliases included"])
    }

    @Test func `a pipe is no file, and the null device is an empty one`() throws {
        let folder = try Folder()
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect(throws: Failure.self) { try Settings(sources(file: pipe)) }
        _ = try Settings(sources(file: "/dev/null", envFile: "/dev/null"))
    }

    @Test func `a thousand mistakes are fifty lines and a number`() throws {
        let text = "queue:\n" + (0..<1000).map { "  no\($0): 1\n" }.joined()
        let found = try problems(text)
        #expect(found.count == 52)
        #expect(found.last == "and 949 more problems")
    }

    @Test func `an address in the wrong place is not shown`() {
        let address = "redis://user:secret@host/0"
        #expect(Settings.lease.problem(with: address) == "<redacted> is no time: \(TimeSpan.Refusal())")
        let wrong = sources(environment: ["QUEUE_CONCURRENCY": address])
        #expect(!SettingsSheet(wrong).text.contains("secret"))
    }

    @Test func `a variable that is almost one of ours is pointed out`() {
        let found = sources(environment: [
            "QUEUE_CONCURENCY": "5", "QUEUE_DEPTH_OF_MINE": "1", "PATH": "/bin", "QUEUE_REDIS_URL": "x",
            "REDIS_ULR": "x",
            "REDIS_HOST": "x", "LOG_LEVLE": "x", "LOG_FILE": "x",
        ]).strangers
        #expect(
            found == [
                "LOG_LEVLE is not read; did you mean LOG_LEVEL?",
                "QUEUE_CONCURENCY is not read; did you mean QUEUE_CONCURRENCY?",
                "QUEUE_REDIS_URL is not read; did you mean REDIS_URL?",
                "REDIS_ULR is not read; did you mean REDIS_URL?",
            ])
    }

    @Test(arguments: Settings.all.map(\.key))
    func `what is built in can be written as it is shown`(key: String) throws {
        let setting = try #require(Settings.all.first { $0.key == key })
        #expect(setting.problem(with: setting.fallback) == nil)
    }

    @Test func `the example files have every setting, and change nothing`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Examples/config")
        let file = root.appending(path: "queue.yaml")
        let environment = root.appending(path: ".env.example")
        #expect(try String(contentsOf: file, encoding: .utf8) == SettingsExample.file + "\n")
        #expect(try String(contentsOf: environment, encoding: .utf8) == SettingsExample.environment + "\n")
        let settings = try Settings(sources(file: file.path, envFile: environment.path))
        #expect(settings.handlers.isEmpty && settings.worker.concurrency == 10)
        for setting in Settings.all {
            #expect((SettingsExample.environment + "\n").contains("\n# \(setting.variable)=\(setting.fallback)\n"))
        }
    }

    @Test func `the example holds when its comments are taken away`() throws {
        let lines = SettingsExample.file.split(separator: "\n").map { line in
            let rest = line.dropFirst(4)
            let isSetting = line.hasPrefix("  # ") && (rest.hasPrefix("  ") || rest.prefixMatch(of: /[a-z_.]+:/) != nil)
            return isSetting ? "  " + rest : String(line)
        }
        // What a machine need not have.
        let text = lines.joined(separator: "\n").replacing("/usr/local/bin/resize", with: "/bin/cat")
            .replacing("/srv/images", with: "/tmp")
        let folder = try Folder()
        let file = try folder.write(text, to: "queue.yaml")
        let settings = try Settings(sources(file: file))
        for setting in Settings.all { #expect(try sources(file: file).find(setting)?.text == setting.fallback) }
        let handler = try #require(settings.handlers.first?.handler)
        #expect(settings.handlers.map(\.name) == ["image.resize"])
        #expect(handler.command == ["/bin/cat", "--fast"])
        #expect(handler.environment == ["QUALITY": "high"] && handler.inherited == ["AWS_REGION"])
        #expect(handler.grace == .seconds(5) && handler.maxCPUTime == .seconds(60))
        #expect(handler.maxMemoryBytes == 512 << 20 && handler.maxResultBytes == 256 << 10)
    }

    @Test func `handlers of their own read the same sources`() throws {
        let folder = try Folder()
        let file = try folder.write("app:\n  mail: {from: a@b, hosts: [x, y]}\n  limit: 7\n", to: "queue.yaml")
        _ = try folder.write("hush\n", to: "app_key")
        let environment = ["QUEUE_SECRETS": folder.path, "APP_LIMIT": "8"]
        let reader = sources(environment: environment, file: file).reader
        #expect(reader.string(forKey: "app.mail.from") == "a@b")
        #expect(reader.stringArray(forKey: "app.mail.hosts") == ["x", "y"])
        #expect(reader.int(forKey: "app.limit") == 8)
        #expect(reader.string(forKey: "app.key") == "hush")
        #expect(reader.string(forKey: "app.nothing") == nil)
    }

    @Test func `what handlers cannot read is not replaced by a default in silence`() throws {
        let folder = try Folder()
        let file = try folder.write("app:\n  limit: many\n  outbox: [a, b]\n", to: "queue.yaml")
        try FileManager.default.createDirectory(atPath: folder.path + "/app_key", withIntermediateDirectories: false)
        let envFile = try folder.write("APP_NAME=\n", to: ".env")
        let sources = sources(environment: ["QUEUE_SECRETS": folder.path], file: file, envFile: envFile)
        let reader = sources.reader
        #expect(reader.int(forKey: "app.limit", default: 1) == 1)
        #expect(reader.string(forKey: "app.outbox", default: "o") == "o")
        #expect(reader.string(forKey: "app.key", default: "k") == "k")
        #expect(reader.string(forKey: "app.name", default: "n") == "n")
        #expect(sources.troubles.all.count == 3)
    }
}
