package import Foundation
import Synchronization

/// What the handlers of all workers of a test wrote down, in the order in which they did.
package final class Journal: Sendable {
    /// What a line tells.
    package enum Phase: String, Sendable {
        /// The handler was called.
        case start
        /// The handler returned.
        case end
        /// The handler threw, because it was cancelled.
        case stop
    }

    /// One moment of one run.
    package struct Line: Sendable {
        package var phase: Phase
        package var id: String
        package var epoch: Int
        package var pid: pid_t
        /// ns since boot.
        package var time: Int
    }

    /// The file.
    package let path: String
    private let state = Mutex<(offset: Int, lines: [Line])>((0, []))

    /// Begins an empty one.
    package init(path: String) {
        self.path = path
        _ = FileManager.default.createFile(atPath: path, contents: nil)
    }

    /// Reads what is new, up to the last whole line.
    package var lines: [Line] {
        state.withLock { state in
            guard let file = FileHandle(forReadingAtPath: path) else { return state.lines }
            defer { try? file.close() }
            try? file.seek(toOffset: UInt64(state.offset))
            let bytes = (try? file.readToEnd()) ?? Data()
            guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return state.lines }
            let whole = bytes[...end]
            state.offset += whole.count
            for line in whole.split(separator: UInt8(ascii: "\n")) { state.lines.append(Self.parse(line)) }
            return state.lines
        }
    }

    private static func parse(_ line: Data) -> Line {
        let words = String(decoding: line, as: UTF8.self).split(separator: " ")
        guard words.count == 5, let phase = Phase(rawValue: String(words[0])), let epoch = Int(words[2]),
            let pid = pid_t(words[3]), let time = Int(words[4])
        else { preconditionFailure("not a line of a journal: \(String(decoding: line, as: UTF8.self))") }
        return Line(phase: phase, id: String(words[1]), epoch: epoch, pid: pid, time: time)
    }

    /// Of all jobs.
    package var starts: [Line] { lines.filter { $0.phase == .start } }
    /// Of one job.
    package func starts(of id: String) -> [Line] { lines.filter { $0.phase == .start && $0.id == id } }
    /// Where a handler returned.
    package var ends: [Line] { lines.filter { $0.phase == .end } }
    /// Where the handler returned.
    package func ends(of id: String) -> [Line] { lines.filter { $0.phase == .end && $0.id == id } }

    /// Now, on the journal's clock.
    package static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
