package import Foundation
import Synchronization

/// A redis-server of the test's own, on a unix socket in a folder of its own. It ends with the object, and with the test
/// process however that ends: a shell between the two kills it when its standard input closes.
package final class PrivateRedis: Sendable {
    package let folder: URL
    package var socketPath: String { folder.path + "/redis.sock" }
    package var url: String { "unix://" + socketPath }
    private let options: [String]
    private let under: [String]
    private let running = Mutex<Running?>(nil)

    private struct Running {
        var shell: Program
        var server: pid_t
    }

    /// The folder goes with the server unless the last word is to keep it.
    private static let keeper = """
        folder=$1
        shift
        exec 3<&0
        "$@" </dev/null 3<&- &
        server=$!
        echo "pid $server"
        { read -r word <&3; kill -9 $server; [ "$word" = keep ] || rm -rf "$folder"; } >/dev/null 2>&1 &
        wait $server
        """

    /// Starts a server with further command-line options, such as `--maxmemory 3mb`, and returns once it accepts
    /// connections. `aof` keeps an append-only file, fsynced every second, so that a killed server loses nothing. `under` is a
    /// command to start it by, such as `env A=b`.
    package init(aof: Bool = false, _ options: [String] = [], under: [String] = []) throws {
        folder = URL(fileURLWithPath: "/tmp/queue-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        let durability = aof ? ["--appendonly", "yes", "--appendfsync", "everysec"] : []
        self.options = durability + options
        self.under = under
        try start()
    }

    /// Starts a server without holding up a thread that runs tasks.
    package static func launch(_ options: [String] = []) async throws -> PrivateRedis {
        try await Threads.run { try PrivateRedis(options) }
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The one server that tests share which only need a queue of their own.
    package static let shared = Result { try PrivateRedis() }

    /// The server's process id; nil after `kill`.
    package var pid: pid_t? { running.withLock { $0?.server } }

    /// Starts the server, again after `kill`.
    package func start() throws {
        let server = under + ["redis-server", "--unixsocket", socketPath, "--port", "0", "--dir", folder.path]
        let shell = try Program(
            ["/bin/sh", "-c", Self.keeper, "sh", folder.path] + server + ["--save", "", "--loglevel", "notice"]
                + options,
            errors: .output)
        // The shell and the server write independently of each other: a server can be ready before its pid is told.
        let text = shell.waitForOutput { $0.contains("eady to accept connections") && Self.pid(in: $0) != nil }
        guard let pid = Self.pid(in: text), shell.isRunning else {
            throw Program.StartFailure(description: "redis-server ended at once: \(text)")
        }
        running.withLock { $0 = Running(shell: shell, server: pid) }
    }

    private static func pid(in text: String) -> pid_t? {
        text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().first { $0.hasPrefix("pid ") }
            .flatMap { pid_t($0.dropFirst(4)) }
    }

    /// Ends the server as a power switch would, and waits until it is gone.
    package func kill() {
        running.withLock { slot in
            guard let now = slot else { return }
            slot = nil
            now.shell.tell("keep\n")
            _ = Foundation.kill(now.server, SIGKILL)
            now.shell.waitForEnd()
        }
    }

    /// Makes the server neither read nor answer until `thaw`; its socket stays open.
    package func freeze() { signal(SIGSTOP) }
    package func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let pid { _ = Foundation.kill(pid, number) }
    }
}
