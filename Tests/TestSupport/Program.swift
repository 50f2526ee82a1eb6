package import Foundation
import Synchronization

/// A program that a test starts, with default signals and no descriptor of ours but its three.
///
/// Foundation's `Process` is not made for tests side by side: of two programs that start at the same moment, one may
/// inherit a pipe of the other, and then waiting for one waits for both; and closing a `FileHandle` whose readability
/// handler is still on its way out can trap.
package final class Program: Sendable {
    package let pid: pid_t
    /// Where the program reads; nil once closed.
    private let input: Mutex<Int32?>
    private let status = Mutex<Int32?>(nil)
    private let printed = Mutex((text: "", isOver: false))
    /// Counts pieces of output, and the end.
    private let news = DispatchSemaphore(value: 0)
    private let end = DispatchGroup()

    struct StartFailure: Error, CustomStringConvertible {
        var description: String
    }

    package enum Errors {
        case nowhere
        /// Among the output.
        case output
    }

    /// Starts the program that the first word names, by path or to be looked for in PATH.
    package init(
        _ words: [String], environment: [String: String]? = nil, errors: Errors = .nowhere
    ) throws {
        _ = Self.ignoresBrokenPipes
        let reading = try Self.pipe()
        let writing = try Self.pipe()
        defer { for descriptor in [reading.write, writing.read] { close(descriptor) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, writing.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, reading.write, STDOUT_FILENO)
        switch errors {
        case .nowhere: posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        case .output: posix_spawn_file_actions_adddup2(&actions, reading.write, STDERR_FILENO)
        }
        // Sockets of NIO would be inherited, and a port stay taken. Tests have far fewer open; closing one that is not is
        // no error.
        for descriptor: Int32 in 3..<1024 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        // The threads of tasks block most signals, and a program inherits that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let pairs = (environment ?? ProcessInfo.processInfo.environment).map { "\($0)=\($1)" }
        var pid: pid_t = 0
        let code = Self.withCStrings(words) { words in
            Self.withCStrings(pairs) { pairs in posix_spawnp(&pid, words[0]!, &actions, &attributes, words, pairs) }
        }
        guard code == 0 else {
            for descriptor in [reading.read, writing.write] { close(descriptor) }
            throw StartFailure(description: "\(words[0]): \(String(cString: strerror(code)))")
        }
        self.pid = pid
        input = Mutex(writing.write)
        end.enter()
        // Waits on a thread of its own: the few that run tasks have tests to run.
        Thread.detachNewThread { [self] in
            read(reading.read)
            reap()
            printed.withLock { $0.isOver = true }
            news.signal()
            end.leave()
        }
    }

    /// Runs a program to its end. Answers its status, or 128 and the number of the signal, and what it printed.
    package static func run(
        _ words: [String], environment: [String: String]? = nil, errors: Errors = .nowhere
    ) async throws -> (status: Int32, output: String) {
        let program = try Program(words, environment: environment, errors: errors)
        program.closeInput()
        let status = try await Threads.run { program.waitForEnd() }
        return (status, program.output)
    }

    /// What it has printed.
    package var output: String { printed.withLock { $0.text } }

    /// Waits until it has printed enough, or has ended, and answers all that it printed: for one thread, and for what
    /// comes at once.
    package func waitForOutput(until isEnough: (String) -> Bool) -> String {
        while true {
            let (text, isOver) = printed.withLock { $0 }
            if isOver || isEnough(text) { return text }
            news.wait()
        }
    }

    package func tell(_ text: String) {
        input.withLock { if let descriptor = $0 { _ = write(descriptor, text, text.utf8.count) } }
    }

    /// What the program reads ends here.
    package func closeInput() {
        input.withLock {
            if let descriptor = $0.take() { close(descriptor) }
        }
    }

    /// Sends a signal, unless the program has ended.
    package func signal(_ number: Int32) { status.withLock { if $0 == nil { _ = kill(pid, number) } } }

    package var isRunning: Bool { status.withLock { $0 == nil } }

    /// Waits until it has ended and answers its status, or 128 and the number of the signal: for what ends at once.
    @discardableResult
    package func waitForEnd() -> Int32 {
        end.wait()
        return status.withLock { $0 ?? -1 }
    }

    // MARK: Helpers

    /// Closed in every program that starts, except where it is given.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw StartFailure(description: "no pipe: errno \(errno)")
        }
        return (ends[0], ends[1])
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }

    private static let ignoresBrokenPipes: Void = { _ = Glibc.signal(SIGPIPE, SIG_IGN) }()

    /// Reads to the end, and closes.
    private func read(_ descriptor: Int32) {
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count > 0 {
                printed.withLock { $0.text += String(decoding: piece[..<count], as: UTF8.self) }
                news.signal()
            }
            if count == 0 || (count < 0 && errno != EINTR) { break }
        }
        close(descriptor)
    }

    /// The number of a program is its own until here, so `signal` cannot meet another.
    private func reap() {
        var facts = siginfo_t()
        while waitid(P_PID, id_t(pid), &facts, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        status.withLock {
            var word: Int32 = 0
            waitpid(pid, &word, 0)
            let signal = word & 0x7F
            $0 = signal == 0 ? (word >> 8) & 0xFF : 128 + signal
        }
        closeInput()
    }
}
