import Foundation
import Synchronization

@testable import Redis

/// A private redis-server on a socket in a folder of its own. Nothing is saved to disk. Ends with the object.
final class RedisProcess: Sendable {
    let socketPath: String
    private let folder: URL
    private let options: [String]
    private let process = Mutex<Process?>(nil)

    struct StartFailure: Error, CustomStringConvertible {
        var description: String
    }

    private init(_ options: [String]) throws {
        folder = URL(fileURLWithPath: "/tmp/redis-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        socketPath = folder.path + "/redis.sock"
        self.options = options
    }

    /// Starts a server with further command-line options and returns once it accepts connections.
    static func launch(_ options: String...) async throws -> RedisProcess { try await launch(options) }

    static func launch(_ options: [String]) async throws -> RedisProcess {
        let server = try RedisProcess(options)
        try await server.start()
        return server
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the server, again after `kill()`. Waits on a thread of its own: the few that run tasks have tests to run.
    func start() async throws {
        try await withCheckedThrowingContinuation { (caller: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread { caller.resume(with: Result { try self.startAndWait() }) }
        }
    }

    /// A server says in its log when it is ready, so nothing needs to be polled.
    private func startAndWait() throws {
        let log = Pipe()
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        server.arguments =
            ["--unixsocket", socketPath, "--dir", folder.path, "--save", "", "--port", "0", "--loglevel", "notice"]
            + options
        server.standardOutput = log
        // Not ours: whoever reads what the tests print would wait for the server as well.
        server.standardError = FileHandle.nullDevice
        try server.run()
        process.withLock { $0 = server }
        Leftovers.shared.add(server.processIdentifier, folder)
        var text = ""
        while !text.contains("ready to accept connections") {
            let piece = log.fileHandleForReading.availableData
            if piece.isEmpty { throw StartFailure(description: "redis-server ended: \(text)") }
            text += String(decoding: piece, as: UTF8.self)
        }
    }

    /// Ends the server without warning.
    func kill() {
        signal(SIGKILL)
        process.withLock { $0.take()?.waitUntilExit() }
    }

    /// Makes the server neither read nor answer until `thaw()`; its socket stays open.
    func freeze() { signal(SIGSTOP) }

    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            _ = Glibc.kill(process.processIdentifier, number)
            if number == SIGKILL { Leftovers.shared.remove(process.processIdentifier) }
        }
    }
}

/// Servers that still run, and folders that are still there. Tests do not wait for the last reference to a server to go, so what is left at the end of
/// the program is ended then.
final class Leftovers: Sendable {
    static let shared = Leftovers()

    private let servers = Mutex<[pid_t: URL]>([:])
    private let folders = Mutex<[URL]>([])

    private init() {
        atexit { Leftovers.shared.clear() }
    }

    func add(_ process: pid_t, _ folder: URL) { servers.withLock { $0[process] = folder } }

    func add(_ folder: URL) { folders.withLock { $0.append(folder) } }

    func remove(_ process: pid_t) { servers.withLock { $0[process] = nil } }

    private func clear() {
        for (process, folder) in servers.withLock({ $0 }) {
            kill(process, SIGKILL)
            try? FileManager.default.removeItem(at: folder)
        }
        for folder in folders.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
    }
}
