import CSpawn

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// How a child ended, and what it left.
struct ChildEnd: Sendable {
    enum Exit: Equatable, Sendable {
        case code(Int)
        case signal(Int)
    }

    var exit: Exit
    /// Stdout, cut a little beyond the limit.
    var output: [UInt8]
    /// All that came on stdout, in bytes.
    var outputBytes: Int
    var errors: ErrorStream
    /// The child was told to stop before it ended.
    var wasStopped: Bool
    /// It did not stop when told, and was killed.
    var wasKilled: Bool
    /// The most memory that it ever had, bytes, or what this process had when it started it if that was more.
    var peakBytes = 0
}

/// Tells a running child, from any thread, to stop.
final class StopSwitch: Sendable {
    /// Readable from then on.
    let descriptor: Int32

    init() throws(Launch.Failure) {
        descriptor = queue_switch_open()
        if descriptor < 0 { throw .shortage("no descriptor: \(Program.message(of: errno))") }
    }

    deinit { close(descriptor) }

    func flip() { queue_switch_flip(descriptor) }
}

/// One child from its start to the end of its group. Blocks its thread, which does nothing else meanwhile.
///
/// One `poll` waits for the three pipes, the end of the child and the order to stop; so whatever a child does or leaves
/// undone with its streams, in whatever order, nothing waits for the wrong one.
struct ChildRun: ~Copyable {
    private let child: queue_spawn_child
    private let input: ArraySlice<UInt8>
    private let limits: Limits
    private let log: (ErrorStream.Line) -> Void

    struct Limits: Sendable {
        /// Asked once the child is told to stop.
        var grace: @Sendable () -> Duration
        var output: Int
        var log: Int
        /// Lines of stderr are text and nothing else.
        var isPlain = false
        /// Asked once the child is told to stop: the number that it hears with TERM, if it can; else 0.
        var reason: @Sendable () -> Int = { 0 }
    }

    private var written = 0
    private var output: [UInt8] = []
    private var outputBytes = 0
    private var errors: ErrorStream
    private var wasStopped = false
    private var killAt: ContinuousClock.Instant?
    private var wasKilled = false
    /// What is still waited for; −1 is waited for no longer.
    private var waits: [pollfd]
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65536, alignment: 16)

    private enum Wait { static let input = 0, output = 1, error = 2, end = 3, stop = 4 }

    init(
        _ child: queue_spawn_child, input: ArraySlice<UInt8>, limits: Limits, stop: StopSwitch,
        log: @escaping (ErrorStream.Line) -> Void
    ) {
        self.child = child
        self.input = input
        self.limits = limits
        self.log = log
        errors = ErrorStream(limit: limits.log, isPlain: limits.isPlain)
        waits = [
            pollfd(fd: child.input, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: child.output, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.error, events: Int16(POLLIN), revents: 0),
            pollfd(fd: child.pidfd, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
    }

    deinit { buffer.deallocate() }

    /// Serves the child until it has ended and its group is gone.
    consuming func run() -> ChildEnd {
        feed()
        repeat {
            poll(&waits, nfds_t(waits.count), patience)
            if has(Wait.input) { feed() }
            if has(Wait.output) { _ = receive(Wait.output) }
            if has(Wait.error) { _ = receive(Wait.error) }
            // Who ended was not stopped.
            if has(Wait.end) { return finish() }
            if has(Wait.stop) { stop() }
            killIfDue()
        } while true
    }

    private func has(_ wait: Int) -> Bool { waits[wait].fd >= 0 && waits[wait].revents != 0 }

    private mutating func shut(_ wait: Int) {
        if waits[wait].fd >= 0 { close(waits[wait].fd) }
        waits[wait].fd = -1
    }

    // MARK: Streams

    /// Writes what the pipe takes. A child need not read: that it has closed its end is no error.
    private mutating func feed() {
        while written < input.count {
            let count = input.withUnsafeBytes { bytes in
                write(waits[Wait.input].fd, bytes.baseAddress! + written, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { return }
            if count < 0 { break }
            written += count
        }
        shut(Wait.input)
    }

    /// Reads once. Answers how many bytes there were; 0 when there are none now, or will never be.
    private mutating func receive(_ wait: Int) -> Int {
        let count = read(waits[wait].fd, buffer.baseAddress, buffer.count)
        if count < 0 && (errno == EAGAIN || errno == EINTR) { return 0 }
        if count <= 0 {
            shut(wait)
            return 0
        }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
        if wait == Wait.error {
            errors.take(bytes, log)
        } else {
            // Two bytes more than the limit: a line break at the end does not count.
            output.append(contentsOf: bytes.prefix(max(0, limits.output + 2 - output.count)))
            outputBytes += count
        }
        return count
    }

    /// Reads what the child left in a pipe. Bounded, because somebody who left the group may still write to it.
    private mutating func drain(_ wait: Int) {
        var rest = 1 << 20  // no pipe holds more
        while waits[wait].fd >= 0, rest > 0 {
            let count = receive(wait)
            if count == 0 { return }
            rest -= count
        }
    }

    // MARK: Ends

    private var patience: Int32 {
        guard let killAt, !wasKilled else { return -1 }
        let (seconds, attoseconds) = max(.zero, killAt - .now).components
        return Int32(min(seconds, 1_000_000) * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }

    private mutating func stop() {
        waits[Wait.stop].fd = -1
        wasStopped = true
        killAt = .now + limits.grace()
        // Before the others: a second TERM joins the first while that waits.
        let reason = limits.reason()
        if reason > 0 { queue_tell(child.pid, Int32(reason)) }
        queue_kill_group(child.pid, SIGTERM)
        // Else one that is stopped would not hear of it.
        queue_kill_group(child.pid, SIGCONT)
    }

    private mutating func killIfDue() {
        guard let killAt, !wasKilled, killAt <= .now else { return }
        wasKilled = true
        queue_kill_group(child.pid, SIGKILL)
    }

    /// The child has ended and is a zombie: nobody can have its number, so its group is still its group.
    private consuming func finish() -> ChildEnd {
        queue_kill_group(child.pid, SIGKILL)
        drain(Wait.output)
        drain(Wait.error)
        errors.end(log)
        var code: Int32 = -1
        var signal: Int32 = -1
        var peak: UInt64 = 0
        let failure = queue_reap(child.pid, &code, &signal, &peak)
        for wait in [Wait.input, Wait.output, Wait.error, Wait.end] { shut(wait) }
        // Somebody else took the status: that it was a success is not known.
        if failure != 0 { code = 255 }
        return ChildEnd(
            exit: signal > 0 ? .signal(Int(signal)) : .code(Int(code)), output: output, outputBytes: outputBytes,
            errors: errors, wasStopped: wasStopped, wasKilled: wasKilled, peakBytes: Int(clamping: peak))
    }
}
