package import Foundation
import Synchronization

/// A Postgres of the test's own, on a unix socket in a folder of its own. It ends with the object, and with the test process
/// however that ends. As root it runs as the user `postgres`, because it refuses to run as root.
package final class PrivatePostgres: Sendable {
    package let folder: URL
    private let running = Mutex<Program?>(nil)

    /// Waits for its standard input to close, and ends the server then.
    private static let keeper = """
        folder=$1
        shift
        exec 3<&0
        "$@" </dev/null 3<&- &
        server=$!
        { read -r word <&3; kill -QUIT $server; kill -CONT $server; [ "$word" = keep ] || { wait $server; rm -rf "$folder"; }; } >/dev/null 2>&1 &
        wait $server
        """

    /// A role that may do everything, without a password.
    package var url: String { url(user: "postgres") }

    package func url(user: String, database: String = "postgres") -> String {
        "host=\(folder.path) user=\(user) dbname=\(database)"
    }

    package init(_ options: [String] = []) throws {
        folder = URL(fileURLWithPath: "/tmp/queue-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        if getuid() == 0 { try Self.run(["chown", "postgres", folder.path]) }
        try Self.run(
            Self.user + [
                try Self.binary("initdb"), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8",
                "--locale=C.UTF-8",
            ])
        try start(options)
    }

    /// Makes one without holding up a thread that runs tasks.
    package static func launch(_ options: [String] = []) async throws -> PrivatePostgres {
        try await Threads.run { try PrivatePostgres(options) }
    }

    /// The one that tests share which only need a database or a role of their own.
    package static let shared = Result { try PrivatePostgres() }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    private var data: String { folder.path + "/data" }

    package func start(_ options: [String] = []) throws {
        let server =
            Self.user + [
                try Self.binary("postgres"), "-D", data, "-k", folder.path, "-h", "", "-F", "-c",
                "max_connections=600",
            ] + options
        let shell = try Program(["/bin/sh", "-c", Self.keeper, "sh", folder.path] + server, errors: .output)
        let text = shell.waitForOutput { $0.contains("ready to accept connections") }
        guard shell.isRunning, text.contains("ready to accept connections") else {
            throw Program.StartFailure(description: "postgres ended at once: \(text)")
        }
        running.withLock { $0 = shell }
    }

    /// Ends it as `pg_ctl stop -m immediate` does: without a word to anybody.
    package func kill() {
        running.withLock { slot in
            slot?.tell("keep\n")
            slot?.waitForEnd()
            slot = nil
        }
    }

    private static let user = getuid() == 0 ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : []

    /// Debian keeps the server's programs outside of PATH, by version.
    private static func binary(_ name: String) throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        let places =
            versions.sorted(by: >).map { "\(root)/\($0)/bin/\(name)" } + ["/usr/bin/\(name)", "/usr/local/bin/\(name)"]
        guard let found = places.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            throw Program.StartFailure(description: "there is no \(name): scripts/bootstrap installs it")
        }
        return found
    }

    private static func run(_ words: [String]) throws {
        let program = try Program(words, errors: .output)
        program.closeInput()
        let text = program.waitForOutput { _ in false }
        guard program.waitForEnd() == 0 else { throw Program.StartFailure(description: "\(words[0]): \(text)") }
    }
}
