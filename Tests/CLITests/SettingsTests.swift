import Configuration
import Foundation
import JobModel
import JobQueueExec
import JobQueueWorker
import Redis
import Testing

@testable import JobQueueCLI

/// Files of one test, in a folder that goes with it.
private struct Folder: ~Copyable {
    let path = "/tmp/settings-test-\(UUID().uuidString.prefix(8))"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// Sources without anything from the machine that runs the test.
private func sources(
    options: [String: String] = [:], environment: [String: String] = [:], file: String? = nil, envFile: String? = nil
) -> SettingSources {
    let environment = ["QUEUE_SECRETS": "/nowhere"].merging(environment) { $1 }
    return SettingSources(.init(options: options, environment: environment, file: file, envFile: envFile))
}

/// The problems of a file with this text, without its name.
private func problems(_ text: String) throws -> [String] {
    let folder = try Folder()
    let file = try folder.write(text, to: "queue.yaml")
    do throws(Failure) {
        _ = try Settings(sources(file: file))
        return []
    } catch {
        #expect(error.code == .badConfiguration)
        return ([error.message] + error.more).map { $0.replacing(file, with: "") }
    }
}

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

    @Test func `a variable that is almost one of ours is pointed out`() {
        let found = sources(environment: ["QUEUE_CONCURENCY": "5", "QUEUE_DEPTH_OF_MINE": "1", "PATH": "/bin"])
            .strangers
        #expect(found == ["QUEUE_CONCURENCY is not read; did you mean QUEUE_CONCURRENCY?"])
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
}

@Suite struct SecretTests {
    private static let canary = "canary-7f3a"

    @Test func `no message about a setting repeats a secret`() throws {
        let folder = try Folder()
        let text = "redis:\n  url: http://:\(Self.canary)@localhost\n"
        let file = try folder.write(text, to: "queue.yaml")
        for sources in [
            sources(file: file), sources(environment: ["REDIS_URL": "\(Self.canary)://x"]),
            sources(options: ["redis.url": "redis://:\(Self.canary)@h:port"]),
            sources(file: try folder.write("redis: {url: \(Self.canary)\n", to: "broken.yaml")),
            sources(file: try folder.write("redis:\n  \(Self.canary): [\n", to: "more.yaml")),
            sources(envFile: try folder.write("REDIS_URL \(Self.canary)\n", to: ".env")),
        ] {
            do throws(Failure) {
                _ = try Settings(sources)
                Issue.record("accepted")
            } catch { #expect(!"\(error)\([error.message] + error.more)".contains(Self.canary)) }
            #expect(!SettingsSheet(sources).text.contains(Self.canary))
        }
    }

    @Test func `nothing that prints settings shows a secret`() throws {
        let sources = sources(environment: ["REDIS_URL": "redis://user:\(Self.canary)@localhost:7/3"])
        let settings = try Settings(sources)
        var dumped = ""
        dump(settings, to: &dumped)
        for text in [dumped, "\(settings)", String(reflecting: settings.redis), SettingsSheet(sources).text] {
            #expect(!text.contains(Self.canary))
        }
        #expect(SettingsSheet(sources).lines[0].value == "redis://***@localhost:7/3")
        #expect(settings.redis.url.reveal().contains(Self.canary))
    }

    @Test func `the file of a secret loses the line break at its end`() throws {
        let folder = try Folder()
        _ = try folder.write("redis://:x@h\r\n\n", to: "redis_url")
        let sources = sources(environment: ["QUEUE_SECRETS": folder.path])
        #expect(try Settings(sources).redis.url == Secret("redis://:x@h"))
        // systemd names its folder so.
        let systemd = SettingSources(.init(environment: ["CREDENTIALS_DIRECTORY": folder.path]))
        #expect(try systemd.find(Settings.redisURL)?.origin == folder.path + "/redis_url")
    }

    @Test func `a secret that cannot be read is not passed over`() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.path + "/redis_url", withIntermediateDirectories: false)
        let sources = sources(environment: ["QUEUE_SECRETS": folder.path])
        #expect { try Settings(sources) } throws: { error in
            (error as? Failure)?.message == "the secret file \(folder.path)/redis_url is not a file"
        }
    }
}
