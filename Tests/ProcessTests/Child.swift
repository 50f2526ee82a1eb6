import Foundation
import Synchronization

/// A program started by a test, with its output in files of its own. It ends with the object, and with the test process
/// however that ends: a shell between the two kills it when its standard input closes.
final class Child: Sendable {
    let pid: pid_t
    private let files: (output: URL, errors: URL)
    private let shell: Mutex<Process>
    private let ended = Mutex<Int32?>(nil)

    /// The folder that the programs of this package were built into.
    static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

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

    /// Starts a program of this package. What it prints goes into files of the folder that begin with `label`.
    init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], folder: URL, label: String
    ) throws {
        files = (folder.appending(path: "\(label).out"), folder.appending(path: "\(label).err"))
        let shell = Process()
        let output = Pipe()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        let path = Self.products.appending(path: program).path
        shell.arguments = ["-c", Self.keeper, "sh", files.output.path, files.errors.path, path] + arguments
        // A crash is reported in a line, not after seconds of symbolication.
        let base = ProcessInfo.processInfo.environment.filter { $0.key != "REDIS_URL" }
        shell.environment = base.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.merging(environment) { $1 }
        shell.standardInput = Pipe()
        shell.standardOutput = output
        shell.standardError = FileHandle.nullDevice
        try Self.run(shell)
        let first = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let number = first.split(separator: "\n").first?.dropFirst(4), let pid = pid_t(number) else {
            throw Overdue(description: "\(program) did not start: \(first)")
        }
        self.pid = pid
        self.shell = Mutex(shell)
        take(first)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let piece = handle.availableData
            if piece.isEmpty { handle.readabilityHandler = nil }
            self?.take(String(decoding: piece, as: UTF8.self))
        }
    }

    /// Starts the shell with no signal blocked: the threads of tasks block most, and a program inherits that.
    private static func run(_ shell: Process) throws {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try shell.run()
    }

    deinit { close() }

    private func take(_ text: String) {
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("exit ") }) else { return }
        ended.withLock { $0 = Int32(line.dropFirst(5)) }
    }

    /// Kills the program unless it has ended.
    private func close() {
        shell.withLock { shell in
            (shell.standardInput as? Pipe)?.fileHandleForWriting.closeFile()
            shell.waitUntilExit()
        }
    }

    /// Sends a signal, unless the program has ended.
    func signal(_ number: Int32) {
        ended.withLock { if $0 == nil { _ = Foundation.kill(pid, number) } }
    }

    /// The exit status, or 128 and the number of the signal; nil while it runs.
    var status: Int32? { ended.withLock { $0 } }

    /// Waits for the end and answers the exit status.
    func exit(within limit: Duration = .seconds(20)) async throws -> Int32 {
        try await eventually("the end of process \(pid)", within: limit) { status != nil }
        return status ?? -1
    }

    var output: String { Self.text(files.output) }
    /// What it wrote to standard error.
    var log: String { Self.text(files.errors) }

    private static func text(_ file: URL) -> String {
        FileManager.default.contents(atPath: file.path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
