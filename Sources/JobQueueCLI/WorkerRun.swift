import Foundation
import JobQueueClient
import JobQueueWorker
import Logging
import UnixSignals

/// A worker as a command runs it: until it is told to stop by signals.
enum WorkerRun {
    /// Runs the worker beside a task that listens to signals and ends with it.
    static func run(_ worker: Worker, _ logger: Logger, isSupervised: Bool = false) async throws {
        let signals = await UnixSignalsSequence(
            trapping: isHangupIgnored ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup])
        // From a terminal HUP says that it was closed; to a service it says that files have changed.
        let reloads = isatty(STDIN_FILENO) == 0 && isatty(STDERR_FILENO) == 0
        try await run(worker, logger, until: signals, reloads: reloads, isSupervised: isSupervised) {
            try await work(worker)
        }
    }

    /// Runs what is made of a worker beside a task that listens to signals and ends with it. `abandon` is called when the
    /// third ends the process.
    static func run(
        _ worker: Worker, _ logger: Logger, until signals: UnixSignalsSequence, reloads: Bool = false,
        isSupervised: Bool = false,
        abandon: @escaping @Sendable () -> Void = {}, body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                var count = 0
                for await signal in signals {
                    if signal == .sighup, reloads {
                        await reload(worker, logger)
                        continue
                    }
                    // TERM may come twice, from a service manager to all processes and from the supervisor.
                    if isSupervised, signal == .sigterm, count > 0 { continue }
                    count += isSupervised && signal == .sigint && count == 0 ? 2 : 1
                    logger.info(
                        "received \(signal)",
                        metadata: ["event": "worker.stopping", "count": .stringConvertible(count)])
                    switch count {
                    case 1: worker.stop()
                    case 2: worker.stop(within: .zero)
                    default:
                        abandon()
                        Foundation.exit(130)
                    }
                }
                return false
            }
            group.addTask {
                try await body()
                return true
            }
            while let isWorkerDone = try await group.next() {
                if isWorkerDone { group.cancelAll() }
            }
        }
    }

    private static func reload(_ worker: Worker, _ logger: Logger) async {
        do throws(JobQueueError) {
            let isRead = try await worker.reloadCertificates()
            logger.info(
                isRead
                    ? "received HUP: certificate files are read again"
                    : "received HUP: no certificates to read again; other settings need a restart",
                metadata: ["event": "config.reloaded"])
        } catch {
            logger.error(
                "received HUP: \(error.message); the certificates read before stay in use",
                metadata: ["event": "config.refused"])
        }
    }

    static func work(_ worker: Worker) async throws(Failure) {
        do throws(JobQueueError) { try await worker.run() } catch { throw Failure(error) }
    }

    /// `nohup` asks for that.
    static var isHangupIgnored: Bool {
        let status = FileManager.default.contents(atPath: "/proc/self/status").map {
            String(decoding: $0, as: UTF8.self)
        }
        return Self.isHangupIgnored(status: status ?? "")
    }

    /// By the mask of ignored signals, whose lowest bit is HUP.
    static func isHangupIgnored(status: String) -> Bool {
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }
        return line?.last?.hexDigitValue.map { $0 & 1 == 1 } ?? false
    }
}
