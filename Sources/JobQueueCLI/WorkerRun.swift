import Foundation
import JobQueueClient
import JobQueueExec
import JobQueueWorker
import Logging

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

    /// Runs the worker beside a task that listens to signals and ends with it.
    func run() async throws {
        let signals = SignalStream(
            [SIGTERM, SIGINT] + (Self.isHangupIgnored ? [] : [SIGHUP]) + (isService ? [SIGTSTP] : []))
        try await run(until: signals) { try await Self.work(worker) }
    }

    /// Runs what is made of the worker beside a task that listens to signals and ends with it.
    func run(until signals: SignalStream, body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await listen(to: signals)
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

    private func listen(to signals: SignalStream) async {
        var count = 0
        for await signal in signals.numbers {
            switch signal {
            case SIGTSTP: quiet()
            case SIGHUP where isService: await reload()
            // TERM may come twice, from a service manager to all processes and from the supervisor.
            case SIGTERM where isSupervised && count > 0: continue
            default:
                count += isSupervised && signal == SIGINT && count == 0 ? 2 : 1
                stop(signal, count)
            }
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
