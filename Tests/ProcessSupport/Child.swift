package import Foundation
import TestSupport

/// A program started by a test, with its output in files of its own. It ends with the object, and with the test process
/// however that ends: a shell between the two kills it when its standard input closes.
package final class Child: Sendable {
    /// The program's own.
    package let pid: pid_t
    private let files: (output: URL, errors: URL)
    private let shell: Program

    /// The folder that the programs of this package were built into.
    package static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// `kill` comes before the last `echo`: once the program's number is free it may belong to somebody else.
    private static let keeper = """
        exec 3<&0
        out=$1 err=$2
        shift 2
        env --default-signal=INT,QUIT "$@" </dev/null >"$out" 2>"$err" 3<&- &
        program=$!
        echo "pid $program"
        { cat <&3; kill -9 $program; } >/dev/null 2>&1 &
        wait $program
        status=$?
        kill $!
        echo "exit $status"
        """

    /// Starts a program of this package, by way of the command `under` if there is one. What it prints goes into files of the
    /// folder that begin with `label`.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL, label: String,
        under: [String] = []
    ) throws {
        files = (folder.appending(path: "\(label).out"), folder.appending(path: "\(label).err"))
        let path = Self.products.appending(path: program).path
        // A crash is reported in a line, not after seconds of symbolication.
        let base = ProcessInfo.processInfo.environment.filter { $0.key != "REDIS_URL" }
        shell = try Program(
            ["/bin/sh", "-c", Self.keeper, "sh", files.output.path, files.errors.path] + under + [path] + arguments,
            environment: base.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 })
        let first = shell.waitForOutput { $0.contains("\n") }
        guard let number = first.split(separator: "\n").first?.dropFirst(4), let pid = pid_t(number) else {
            throw Overdue(description: "\(program) did not start: \(first)")
        }
        self.pid = pid
    }

    /// Kills the program unless it has ended.
    deinit {
        shell.closeInput()
        shell.waitForEnd()
    }

    /// Sends a signal, unless the program has ended.
    package func signal(_ number: Int32) { if status == nil { _ = Foundation.kill(pid, number) } }

    /// The exit status, or 128 and the number of the signal; nil while it runs.
    package var status: Int32? {
        let line = shell.output.split(separator: "\n").first { $0.hasPrefix("exit ") }
        return line.flatMap { Int32($0.dropFirst(5)) }
    }

    /// Waits for the end and answers the exit status.
    package func exit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually("the end of process \(pid)", within: limit) { status != nil }
        return status ?? -1
    }

    /// What it wrote to standard output.
    package var output: String { Self.text(files.output) }
    /// What it wrote to standard error.
    package var log: String { Self.text(files.errors) }

    private static func text(_ file: URL) -> String {
        FileManager.default.contents(atPath: file.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
