import CSpawn
import JobModel
import JobQueueWorker
import Logging

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The other side: this process was started to run one job of an isolated handler. It knows nothing of Redis.
enum IsolatedChild {
    /// Runs the job that stands on stdin, says how that ended, and ends the process.
    static func run(_ handlers: Handlers) async -> Never {
        IsolatedMark.remove()
        let orders = queue_isolated_begin()
        guard orders >= 0, let (facts, level) = IsolatedCall.read(readAll(0)) else {
            let line = Array("no worker has started this process for a job: unset \(IsolatedMark.variable.name)\n".utf8)
            _ = write(2, line, line.count)
            _exit(70)
        }
        guard let body = handlers.isolatedBody(of: facts.name) else {
            let message = "no isolated handler \"\(facts.name)\" was there when isolate() was called in its process"
            end(.failed(RunError(type: "NoHandler", message)))
        }
        var logger = Logger(label: "isolated") { _ in IsolatedLog() }
        logger.logLevel = level
        let run = LoneRun(facts, logger: logger)
        // A thread of its own hears of a stop even when the handler holds every other.
        let isStarted = OwnThread.start("stop", stack: 256 * 1024) { listen(to: orders, run) }
        guard isStarted else { end(.snooze(ms: 30_000)) }
        end(IsolatedOutcome(await run.run(body), maxResultBytes: facts.maxResultBytes))
    }

    private static func end(_ outcome: IsolatedOutcome) -> Never {
        let bytes = outcome.encoded()
        queue_isolated_end(bytes, bytes.count)
    }

    private static func listen(to orders: Int32, _ run: LoneRun) {
        var reason: UInt8 = 0
        while read(orders, &reason, 1) < 0 && errno == EINTR {}
        // Without a reason it is the worker's end all the same.
        run.cancel(CancellationReason(rawValue: Int(reason)) ?? .shutdown)
    }

    private static func readAll(_ file: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var isMore = true
        while isMore {
            let piece = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
                let found = read(file, buffer.baseAddress, buffer.count)
                isMore = found > 0 || (found < 0 && errno == EINTR)
                count = max(0, found)
            }
            bytes += piece
        }
        return bytes
    }
}

/// What an isolated handler logs: lines on stderr that the worker takes apart again.
struct IsolatedLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        // The worker knows the job.
        let fields = all.filter { !ErrorStream.Line.ours.contains($0.key) }.mapValues { "\($0)" }
        let message = "\(event.message)"
        var line = line(event.level, message, fields)
        // A longer one would be cut, and be no JSON any more. Escaped, a byte takes six at most.
        if line.count > ErrorStream.lineLimit {
            line = self.line(event.level, String(decoding: message.utf8.prefix(600), as: UTF8.self) + "…", [:])
        }
        line.append(UInt8(ascii: "\n"))
        // One write, so that lines of several threads do not mix.
        _ = write(2, line, line.count)
    }

    private func line(_ level: Logger.Level, _ message: String, _ fields: [String: String]) -> [UInt8] {
        JSONWriter.object { writer in
            writer.field("level", level.rawValue)
            writer.field("message", message)
            if !fields.isEmpty { writer.field("metadata", fields) }
        }
    }
}
