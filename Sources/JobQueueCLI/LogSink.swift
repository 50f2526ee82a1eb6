import DequeModule
import Foundation
import JobQueueWorker
import Logging
import Synchronization

/// Log lines on their way to a stream that somebody may have stopped reading: a full pipe, a terminal after Ctrl-S. Lines
/// are written at once where that does not block. Else they wait here for a thread of their own, so that no handler, no
/// beat and no supervisor waits for a reader; beyond a bound they are dropped and counted.
final class LogSink: Sendable {
    static let standardError = LogSink(STDERR_FILENO)

    private struct State {
        var waiting: Deque<ArraySlice<UInt8>> = []
        /// Bytes of `waiting`.
        var size = 0
        var dropped = 0
        /// Says how many were dropped, in the form of the others.
        var notice: @Sendable (Int) -> String = { _ in "" }
        /// A thread writes what waits.
        var isDraining = false
        /// Those who are about to write several lines.
        var gatherers = 0
        /// Lines that are to be written at once.
        var gathered: [[UInt8]] = []

        mutating func append(_ bytes: ArraySlice<UInt8>) {
            waiting.append(bytes)
            size += bytes.count
        }

        mutating func takeNotice() -> ArraySlice<UInt8>? {
            guard dropped > 0 else { return nil }
            defer { dropped = 0 }
            return Array((notice(dropped) + "\n").utf8)[...]
        }
    }

    private let state = Mutex(State())
    private let stream: Int32
    /// A file takes every line at once, so nobody asks first.
    private let isFile: Bool
    /// The same stream, opened anew: not blocking is a property of a whole open file, which other programs may share.
    /// `stream` itself where that cannot be.
    private let eager: Int32
    private let isSocket: Bool
    /// Where a stream was closed before the program began, a descriptor of Swift's runtime may be: it has no type.
    private let isOpen: Bool
    /// Bytes that may wait.
    private let bound: Int

    init(_ stream: Int32, bound: Int = 1 << 20) {
        self.stream = stream
        self.bound = bound
        var facts = stat()
        let kind = fstat(stream, &facts) == 0 ? facts.st_mode & S_IFMT : 0
        isSocket = kind == S_IFSOCK
        isOpen = kind != 0
        isFile = kind == S_IFREG
        let canBlock = kind == S_IFIFO || kind == S_IFCHR
        let anew = canBlock ? open("/proc/self/fd/\(stream)", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) : -1
        eager = anew >= 0 ? anew : stream
    }

    deinit { if eager != stream { close(eager) } }

    /// Writes a line, or keeps it for later. `notice` says how many lines are missing when some are.
    func write(_ line: String, notice: @escaping @Sendable (Int) -> String) {
        write(Array((line + "\n").utf8), notice: notice)
    }

    /// The same of a line with its end.
    func write(_ line: [UInt8], notice: @escaping @Sendable (Int) -> String) {
        guard isOpen else { return }
        drain(
            state.withLock { state in
                state.notice = notice
                guard state.gatherers > 0 else { return put(line[...], lines: 1, &state) }
                state.gathered.append(line)
                return false
            })
    }

    /// Runs what writes several lines, and writes them at once behind it, and those that others write in the meantime: one
    /// call of the system costs as much as all the rest of a line.
    func together(_ body: () -> Void) {
        state.withLock { $0.gatherers += 1 }
        body()
        drain(
            state.withLock { state in
                state.gatherers -= 1
                return putGathered(&state)
            })
    }

    /// Each call of the system gets whole lines, and no more than a pipe takes without mixing them with those of others.
    private func putGathered(_ state: inout State) -> Bool {
        var isNew = false
        var lines = exchange(&state.gathered, with: [])[...]
        while var bytes = lines.popFirst() {
            var count = 1
            while let next = lines.first, bytes.count + next.count <= Int(PIPE_BUF) {
                bytes += lines.removeFirst()
                count += 1
            }
            isNew = put(bytes[...], lines: count, &state) || isNew
        }
        return isNew
    }

    /// Writes, or keeps for later. True when a thread is needed for that.
    private func put(_ bytes: ArraySlice<UInt8>, lines: Int, _ state: inout State) -> Bool {
        var bytes = bytes
        if !state.isDraining, state.waiting.isEmpty {
            bytes = writeEagerly(bytes)
            if bytes.isEmpty { return false }
        } else if state.size + bytes.count > bound {
            state.dropped += lines
            return false
        }
        // Where they are missing, not where there is nothing else to write.
        if let notice = state.takeNotice() { state.append(notice) }
        state.append(bytes)
        defer { state.isDraining = true }
        return !state.isDraining
    }

    private func drain(_ isNew: Bool) {
        guard isNew, !OwnThread.start("log", stack: 256 * 1024, { self.drain() }) else { return }
        // There can be no more threads. What waits is written with the next line that finds room.
        state.withLock { $0.isDraining = false }
    }

    /// What stands in the place of lines that were dropped.
    static func missing(_ count: Int) -> LogEvent {
        LogEvent(
            level: .warning, message: "log lines are missing here: nobody read them",
            metadata: ["event": "log.dropped", "lines": .stringConvertible(count)], source: nil, file: #fileID,
            function: #function, line: #line)
    }

    /// Waits until nothing waits any more, at most for so long.
    func flush(within limit: Duration) {
        let end = ContinuousClock.now + limit
        drain(state.withLock { putGathered(&$0) })
        while state.withLock({ $0.isDraining }), ContinuousClock.now < end { usleep(1000) }
    }

    // MARK: Writing

    /// Answers what could not be written without waiting. What cannot be written at all is as good as written.
    private func writeEagerly(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                if isSocket { return send(stream, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT)) }
                return eager != stream || isFile || isWritable
                    ? Foundation.write(eager, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF))) : 0
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count == 0 || errno == EAGAIN || errno == EWOULDBLOCK {
                return rest
            } else if errno != EINTR {
                return []
            }
        }
        return []
    }

    /// A pipe that says so takes as much as is written here at once, unless somebody else is faster.
    private var isWritable: Bool {
        var query = pollfd(fd: stream, events: Int16(POLLOUT), revents: 0)
        return poll(&query, 1, 0) == 1
    }

    /// On a thread of its own: writes what waits, however long that takes.
    private func drain() {
        while let bytes = next() {
            var rest = bytes
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Foundation.write(stream, $0.baseAddress, $0.count) }
                if count >= 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    // Somebody else made the stream so.
                    usleep(10_000)
                } else if errno != EINTR {
                    break
                }
            }
        }
    }

    /// The next line; nil when there is none, and nobody waits for this thread any more.
    private func next() -> ArraySlice<UInt8>? {
        state.withLock { state in
            if let bytes = state.waiting.popFirst() {
                state.size -= bytes.count
                return bytes
            }
            if let notice = state.takeNotice() { return notice }
            state.isDraining = false
            return nil
        }
    }
}
