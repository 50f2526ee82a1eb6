import Foundation
import Redis
import Testing

@testable import JobQueueCLI

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

    @Test func `a folder of secrets that is named must be there`() {
        #expect(throws: Failure.self) { try Settings(sources(environment: ["QUEUE_SECRETS": "/nowhere"])) }
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
