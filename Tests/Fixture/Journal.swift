import Foundation
import JobQueueWorker

/// Where runs say what they did, for tests to read: one line each, `start <id> <epoch> <pid> <ns since boot>`. The file
/// is named by JOURNAL in the environment and shared by all workers of a test.
struct Journal: Sendable {
    private let path: String
    private let file: Int32

    init() {
        path = ProcessInfo.processInfo.environment["JOURNAL"] ?? "/dev/null"
        file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    }

    /// Notes `start`, and then `end`, or `stop` when the body throws.
    func noting(_ context: JobContext, _ body: () async throws -> Void) async throws {
        note("start", context)
        do { try await body() } catch {
            note("stop", context)
            throw error
        }
        note("end", context)
    }

    /// The same for a body that blocks.
    func noting(_ context: JobContext, blocking body: () throws -> Void) throws {
        note("start", context)
        do { try body() } catch {
            note("stop", context)
            throw error
        }
        note("end", context)
    }

    /// How often runs of a job have started so far, in all processes.
    func starts(of id: String) -> Int {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").count { $0.hasPrefix("start \(id) ") }
    }

    /// One write, so that the lines of several processes never mix; and at once, so that a killed process has said it.
    private func note(_ phase: String, _ context: JobContext) {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        let line = "\(phase) \(context.id) \(context.epoch) \(getpid()) \(time.tv_sec * 1_000_000_000 + time.tv_nsec)\n"
        let bytes = Array(line.utf8)
        precondition(write(file, bytes, bytes.count) == bytes.count, "the journal cannot be written")
    }
}
