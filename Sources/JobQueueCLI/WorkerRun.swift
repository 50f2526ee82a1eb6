import Foundation
import JobQueueClient
import JobQueueExec
import JobQueueWorker
import Logging
import Synchronization

/// A worker as a command runs it: until it is told to stop by signals.
struct WorkerRun {
    let worker: Worker
    let logger: Logger
    /// HUP reads files again, and TSTP makes it quiet; else, on a terminal, HUP says that it was closed and TSTP stops it.
    var isService = false
    /// A supervisor stands above.
    var isSupervised = false
    var notice: ServiceNotice?
    /// When the third signal ends the process.
    var abandon: @Sendable () -> Void = {}

    /// Runs the worker until it ends by itself or by signals.
    func run() async throws { try await run { try await Self.work(worker) } }

    /// Runs what is made of the worker beside a task that listens to HUP and ends with it. The other signals are obeyed where
    /// they are heard: handlers may block every thread that runs tasks.
    func run(body: @escaping @Sendable () async throws -> Void) async throws {
        let stops = Stops()
        let signals = SignalStream(wanted) { obey($0, stops) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await signal in signals.numbers where signal == SIGHUP && isService { await reload() }
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

    private var wanted: [Int32] {
        let forSupervisors = [SIGUSR1, SIGTTIN, SIGTTOU]
        return [SIGTERM, SIGINT, SIGQUIT] + (Self.isHangupIgnored ? [] : [SIGHUP])
            + (isService ? [SIGTSTP] + forSupervisors : [])
    }

    /// How often it was told to stop.
    private final class Stops: Sendable {
        let count = Mutex(0)
    }

    private func obey(_ signal: Int32, _ stops: Stops) {
        switch signal {
        case SIGTSTP: quiet()
        case SIGHUP where isService: break
        case SIGUSR1, SIGTTIN, SIGTTOU:
            logger.info("received \(SignalName.of(Int(signal))), which is for supervisors")
        default:
            let count = stops.count.withLock { count -> Int? in
                // TERM may come twice, from a service manager to all processes and from the supervisor.
                if signal == SIGTERM, isSupervised, count > 0 { return nil }
                count += isSupervised && signal == SIGINT && count == 0 ? 2 : 1
                return count
            }
            if let count { stop(signal, count) }
        }
    }

    private func stop(_ signal: Int32, _ count: Int) {
        logger.info(
            "received \(SignalName.of(Int(signal)))",
            metadata: ["event": "worker.stopping", "count": .stringConvertible(count)])
        notice?.stopping()
        switch count {
        case 1: worker.stop()
        case 2: worker.stop(within: .zero)
        default:
            abandon()
            LogSink.standardError.flush(within: .milliseconds(100))
            Foundation.exit(130)
        }
    }

    private func quiet() {
        logger.info("received SIGTSTP: no more jobs are claimed", metadata: ["event": "worker.quiet"])
        worker.quiet()
    }

    private func reload() async {
        notice?.reloading()
        defer { notice?.reloaded() }
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

    // MARK: Where it runs

    /// Nobody's terminal.
    static var isService: Bool { isatty(STDIN_FILENO) == 0 && isatty(STDERR_FILENO) == 0 }

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
