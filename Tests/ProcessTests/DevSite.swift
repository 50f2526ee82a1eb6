import Foundation
import ProcessSupport
import Redis
import Synchronization
import Testing

/// A folder in which `queue-worker dev` is started, and whoever was started there.
final class DevSite: Sendable {
    let folder: URL
    /// The data folder, of which the test's own folder knows nothing else.
    let data: String
    private let children = Mutex<[Child]>([])

    /// Runs a test in a folder of its own. When it throws, what was said is part of what is reported.
    static func run(data name: String = ".queue", _ body: (DevSite) async throws -> Void) async throws {
        let site = try DevSite(name)
        do { try await body(site) } catch { Issue.record("\(error)\n\(site.said)") }
        site.close()
    }

    private init(_ name: String) throws {
        folder = URL(fileURLWithPath: "/tmp/queue-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        data = folder.path + "/" + name
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    private func close() {
        children.withLock { $0 = [] }
        try? FileManager.default.removeItem(at: folder)
    }

    private var said: String { children.withLock { $0.map { "--- \($0.pid)\n\($0.output)\($0.log)" }.joined() } }

    /// Starts `dev` and leaves it to itself.
    func start(_ options: [String], environment: [String: String] = [:]) throws -> Child {
        let label = "dev-\(children.withLock { $0.count })"
        let child = try Child(
            "queue-worker", ["dev", "--data", data] + options, environment: environment, folder: folder, label: label)
        children.withLock { $0.append(child) }
        return child
    }

    /// Starts `dev` and waits until it has said that it is ready.
    func ready(_ options: String..., environment: [String: String] = [:]) async throws -> Dev {
        let child = try start(options, environment: environment)
        try await eventually("dev is ready") { child.output.contains("Ctrl-C") || child.status != nil }
        guard child.status == nil else { throw Overdue(description: "dev has ended: \(child.log)") }
        return try await Dev(child)
    }

    /// Runs another command to its end, against the Redis of a `dev`.
    func command(_ words: String..., url: String) async throws -> Child {
        let label = "command-\(children.withLock { $0.count })"
        let child = try Child("queue-worker", words, environment: ["REDIS_URL": url], folder: folder, label: label)
        children.withLock { $0.append(child) }
        _ = try await child.exit()
        return child
    }

    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: data + "/" + name) }

    func text(_ name: String) -> String {
        FileManager.default.contents(atPath: data + "/" + name).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Nothing is left of a `dev` but its data.
    func expectNothingLeft(of dev: Dev) {
        #expect(!Self.isAlive(dev.server))
        #expect(!has("redis.sock") && !has("socket-folder"))
        #expect(text("dev.lock").isEmpty)
    }

    /// A zombie is dead.
    static func isAlive(_ pid: pid_t) -> Bool {
        let facts = FileManager.default.contents(atPath: "/proc/\(pid)/stat").map {
            String(decoding: $0, as: UTF8.self)
        }
        guard let state = facts?.split(separator: ")").last?.first(where: { $0 != " " }) else { return false }
        return state != "Z" && state != "X"
    }

    /// A `dev` that is ready.
    struct Dev {
        let child: Child
        let url: String
        /// Its redis-server.
        let server: pid_t

        init(_ child: Child) async throws {
            self.child = child
            let line = try #require(child.output.split(separator: "\n").first { $0.contains("export REDIS_URL=") })
            url = String(line.split(separator: "=", maxSplits: 1)[1])
            let client = RedisClient(try RedisConfiguration(url: url))
            let info = try await client.send(.init("INFO", "server")).string()
            await client.close()
            let pid = info.split(whereSeparator: \.isNewline).first { $0.hasPrefix("process_id:") }
            server = try #require(pid.flatMap { pid_t($0.dropFirst(11)) })
        }
    }
}
