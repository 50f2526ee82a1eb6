package import Foundation
import Synchronization

/// A redis-server of the test's own, on a unix socket in a folder of its own. It ends with the object, and with the test
/// process however that ends: a shell between the two kills it when its standard input closes.
package final class PrivateRedis: Sendable {
    package struct StartFailure: Error, CustomStringConvertible {
        package var description: String
    }

    package let folder: URL
    package var socketPath: String { folder.path + "/redis.sock" }
    package var url: String { "unix://" + socketPath }
    private let options: [String]
    /// Lives until the process ends, so its folder goes with the server.
    private let isShared: Bool
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var shell: Process
        var server: pid_t
    }

    /// Starts a server with further command-line options, such as `--maxmemory 3mb`, and returns once it accepts
    /// connections. `aof` keeps an append-only file, fsynced every second, so that a killed server loses nothing.
    package convenience init(aof: Bool = false, _ options: [String] = []) throws {
        try self.init(aof: aof, options, isShared: false)
    }

    private init(aof: Bool, _ options: [String], isShared: Bool) throws {
        self.isShared = isShared
        folder = URL(fileURLWithPath: "/tmp/queue-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let durability = aof ? ["--appendonly", "yes", "--appendfsync", "everysec"] : []
        self.options = durability + options
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The one server that tests share which only need a queue of their own.
    package static let shared = Result { try PrivateRedis(aof: false, [], isShared: true) }

    /// The server's process id; nil after `kill`.
    package var pid: pid_t? { running.withLock { $0?.server } }

    /// Starts the server, again after `kill`.
    package func start() throws {
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let keeper =
            "\"$@\" </dev/null & echo \"pid $!\"; cat >/dev/null; kill -9 $! 2>/dev/null"
            + (isShared ? "; rm -rf '\(folder.path)'" : "")
        shell.arguments =
            ["-c", keeper, "sh", "redis-server", "--unixsocket", socketPath, "--port", "0", "--dir", folder.path]
            + ["--save", "", "--loglevel", "notice"] + options
        shell.standardInput = Pipe()
        shell.standardOutput = output
        shell.standardError = FileHandle.nullDevice
        try shell.run()
        let server = try Self.waitUntilReady(output.fileHandleForReading)
        running.withLock { $0 = Running(shell: shell, server: server) }
    }

    /// Reads the server's log until it says that it is ready, then goes on reading so that the pipe never fills.
    private static func waitUntilReady(_ log: FileHandle) throws -> pid_t {
        var text = ""
        while !text.contains("eady to accept connections") {
            let piece = log.availableData
            guard !piece.isEmpty else { throw StartFailure(description: "redis-server ended at once: \(text)") }
            text += String(decoding: piece, as: UTF8.self)
        }
        log.readabilityHandler = { handle in
            if handle.availableData.isEmpty { handle.readabilityHandler = nil }
        }
        let pid = text.split(separator: "\n").first { $0.hasPrefix("pid ") }?.dropFirst(4)
        guard let pid = pid.flatMap({ pid_t($0) }) else { throw StartFailure(description: "no pid in: \(text)") }
        return pid
    }

    /// Ends the server as a power switch would, and waits until it is gone.
    package func kill() {
        running.withLock { slot in
            guard let now = slot else { return }
            slot = nil
            _ = Foundation.kill(now.server, SIGCONT)
            _ = Foundation.kill(now.server, SIGKILL)
            (now.shell.standardInput as? Pipe)?.fileHandleForWriting.closeFile()
            now.shell.waitUntilExit()
        }
    }

    /// Makes the server neither read nor answer until `thaw`; its socket stays open.
    package func freeze() { signal(SIGSTOP) }
    package func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let pid { _ = Foundation.kill(pid, number) }
    }
}
