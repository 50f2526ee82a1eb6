import CSpawn
import Dispatch
import Foundation
import Synchronization
import TerminalDashboard

/// The terminal of this process: the whole screen while it is entered, and as it was before once it is left.
///
/// Everything that is written goes through one queue, off the threads that run tasks: a terminal may be slow, or stopped.
final class DashTerminal: Sendable {
    private let queue = DispatchQueue(label: "terminal")
    private let isEntered = Mutex(false)
    private let entrance: [UInt8]
    private static let exit = Array(
        "\u{1B}[?2026l\u{1B}[?1006l\u{1B}[?1000l\u{1B}[?2004l\u{1B}[?7h\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l".utf8)

    init(hasMouse: Bool) {
        // The other screen, no cursor, no wrapping at the edge, marks around what is pasted, and the mouse.
        let mouse = hasMouse ? "\u{1B}[?1000h\u{1B}[?1006h" : ""
        entrance = Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[?2004h\(mouse)".utf8)
    }

    /// Columns and rows; 80×24 where the terminal does not say.
    var size: Extent {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Extent(80, 24)
        }
        return Extent(Int(size.ws_col), Int(size.ws_row))
    }

    /// It was entered, and not left since.
    var isHeld: Bool { isEntered.withLock { $0 } }

    /// Takes the terminal. Throws where it cannot be had.
    func enter() async throws {
        let code = await onQueue { [self] in
            let code = queue_terminal_raw(STDIN_FILENO, Self.exit, Self.exit.count)
            guard code == 0 else { return code }
            isEntered.withLock { $0 = true }
            Self.write(entrance)
            return code
        }
        guard code == 0 else {
            throw Failure(.cannotWrite, "the terminal cannot be set up: \(String(cString: strerror(code)))")
        }
    }

    /// Gives the terminal back. Nothing where that was done.
    func leave() async {
        await onQueue { [self] in
            guard isEntered.withLock({ $0 }) else { return }
            isEntered.withLock { $0 = false }
            Self.write(Self.exit)
            queue_terminal_restore()
        }
    }

    /// Writes what a frame needs; nothing while the terminal is not ours.
    func show(_ bytes: [UInt8]) async {
        guard !bytes.isEmpty else { return }
        await onQueue { [self] in if isEntered.withLock({ $0 }) { Self.write(bytes) } }
    }

    /// Stops this process and its group as Ctrl-Z would, until somebody lets it go on.
    func stop() async {
        await leave()
        await onQueue {
            Foundation.signal(SIGTSTP, SIG_DFL)
            kill(0, SIGTSTP)
            // The kernel may take a moment to stop all threads. Where nobody could let it go on, it does not stop at all.
            usleep(100_000)
            Self.takeStops()
        }
    }

    /// From now on Ctrl-Z of somebody else is heard, and does nothing by itself.
    static func takeStops() { _ = queue_signals_take(SIGTSTP) }

    /// Runs a body where it may block.
    func onQueue<T: Sendable>(_ body: @escaping @Sendable () -> T) async -> T {
        await withCheckedContinuation { done in queue.async { done.resume(returning: body()) } }
    }

    /// A terminal that is gone takes nothing any more, and says so by a signal.
    private static func write(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var query = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = poll(&query, 1, 1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}

/// What is typed, as keys.
final class DashInput: Sendable {
    private let source = Mutex<(any DispatchSourceRead)?>(nil)

    /// `hear` gets each key; nil once nothing can be typed any more.
    init(hear: @escaping @Sendable (Key?) -> Void) {
        source.withLock { $0 = Self.source(hear) }
    }

    private static func source(_ hear: @escaping @Sendable (Key?) -> Void) -> any DispatchSourceRead {
        let queue = DispatchQueue(label: "keys")
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: queue)
        let parser = Parser()
        source.setEventHandler {
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = read(STDIN_FILENO, &bytes, bytes.count)
            if count < 0, errno == EINTR || errno == EAGAIN { return }
            guard count > 0 else { return hear(nil) }
            for key in parser.value.withLock({ $0.feed(bytes[..<count]) }) { hear(key) }
            guard parser.value.withLock({ $0.isWaiting }) else { return }
            // Nobody types the rest of a sequence: it comes at once, or it was Escape alone.
            queue.asyncAfter(deadline: .now() + .milliseconds(40)) {
                for key in parser.value.withLock({ $0.flush() }) { hear(key) }
            }
        }
        source.resume()
        return source
    }

    private final class Parser: Sendable {
        let value = Mutex(KeyParser())
    }

    /// Leaves the keys to another program.
    func pause() { source.withLock { $0?.suspend() } }
    /// Takes them again.
    func resume() { source.withLock { $0?.resume() } }
    /// Nothing is heard any more.
    func close() { source.withLock { $0?.cancel() } }
}
