import Foundation
import JobQueueClient
import JobQueueWorker
import Logging
import UnixSignals

/// A worker as a command runs it: until it is told to stop by signals.
enum WorkerRun {
    /// Runs the worker beside a task that listens to signals and ends with it.
    static func run(_ worker: Worker, _ logger: Logger) async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint, .sighup])
        // From a terminal HUP says that it was closed; to a service it says that files have changed.
        let reloads = isatty(STDIN_FILENO) == 0 && isatty(STDERR_FILENO) == 0
        try await run(worker, logger, until: signals, reloads: reloads) { try await work(worker) }
    }

    /// Runs what is made of a worker beside a task that listens to signals and ends with it. `abandon` is called when the
    /// third ends the process.
    static func run(
        _ worker: Worker, _ logger: Logger, until signals: UnixSignalsSequence, reloads: Bool = false,
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
                    count += 1
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
            try await worker.reloadCertificates()
            logger.info("received HUP: certificate files are read again", metadata: ["event": "config.reloaded"])
        } catch {
            logger.error(
                "received HUP: \(error.message); the certificates read before stay in use",
                metadata: ["event": "config.refused"])
        }
    }

    static func work(_ worker: Worker) async throws(Failure) {
        do throws(JobQueueError) { try await worker.run() } catch { throw Failure(error) }
    }
}
