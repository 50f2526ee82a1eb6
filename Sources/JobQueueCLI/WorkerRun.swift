import Foundation
import JobQueueClient
import JobQueueWorker
import Logging
import UnixSignals

/// A worker as a command runs it: until it is told to stop by signals.
enum WorkerRun {
    /// Runs the worker beside a task that listens to signals and ends with it.
    static func run(_ worker: Worker, _ logger: Logger) async throws {
        let signals = await UnixSignalsSequence(trapping: [.sigterm, .sigint])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                var count = 0
                for await signal in signals {
                    count += 1
                    logger.info(
                        "received \(signal)",
                        metadata: ["event": "worker.stopping", "count": .stringConvertible(count)])
                    switch count {
                    case 1: worker.stop()
                    case 2: worker.stop(within: .zero)
                    default: Foundation.exit(130)
                    }
                }
                return false
            }
            group.addTask {
                do throws(JobQueueError) { try await worker.run() } catch { throw Failure(error) }
                return true
            }
            while let isWorkerDone = try await group.next() {
                if isWorkerDone { group.cancelAll() }
            }
        }
    }
}
