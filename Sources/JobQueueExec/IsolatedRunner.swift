import JobModel
import JobQueueWorker
import Logging

/// Runs the jobs of isolated handlers, from the worker's side: one process for each.
struct IsolatedRunner: Sendable {
    private let way: Handlers.Isolated
    private let launch: Launch

    init(_ way: Handlers.Isolated) {
        self.way = way
        launch = Launch(way)
    }

    func run(_ payload: ArraySlice<UInt8>, _ context: JobContext) async throws -> Handlers.Output {
        // Once a process is started it may have done something.
        try Task.checkCancellation()
        let logger = context.logger
        let end: ChildEnd
        do throws(Launch.Failure) { end = try await child(payload, context, logger) } catch {
            switch error {
            case .permanent(let message): throw JobError.permanent(message)
            case .shortage(let message):
                // The job is not to blame, and the next worker may have more.
                logger.warning("\(Printable.oneLine(message))")
                throw JobError.snooze(.seconds(30))
            }
        }
        end.errors.logDropped(to: logger)
        // What a handler has said holds, whatever became of its process afterwards.
        if let outcome = IsolatedOutcome(parsing: end.output) { return try outcome.get() }
        if end.wasStopped { throw CancellationError() }
        let crash = Self.crash(end)
        guard end.output.isEmpty else { throw Handlers.Failed(error: crash, isCrash: true) }
        // Its handlers were not there yet, for example because a file of the configuration has been broken since the
        // worker read it. The job is not to blame.
        logger.error("the process of an isolated handler did not come up: \(Printable.oneLine(crash.message))")
        throw JobError.snooze(.seconds(30))
    }

    private func child(
        _ payload: ArraySlice<UInt8>, _ context: JobContext, _ logger: Logger
    ) async throws(Launch.Failure) -> ChildEnd {
        let job = JobFacts(context)
        let call = IsolatedCall(job: job, maxResultBytes: context.maxResultBytes, logLevel: logger.logLevel)
        let limits = ChildRun.Limits(
            grace: ChildCall.grace(way.grace, context),
            // A result has been measured over there; texts are cut, and may double when they are escaped.
            output: max(0, min(context.maxResultBytes, 1 << 40)) + 16 * IsolatedOutcome.textLimit,
            log: way.maxLogBytes, reason: { context.cancellation?.rawValue ?? 0 })
        return try await ChildCall(
            launch: launch, job: job, input: call.encoded(payload: payload)[...], limits: limits
        ).end { $0.log(to: logger) }
    }

    /// The process ended, and its handler had not.
    static func crash(_ end: ChildEnd) -> RunError {
        let (type, what) =
            switch end.exit {
            case .signal(let number):
                (
                    "killed by \(SignalName.of(number))",
                    "killed by \(Verdict.explained(number))\(Verdict.peak(end.peakBytes))"
                )
            case .code(let code): ("exit code \(code)", "exit code \(code), before the handler had ended")
            }
        let tail = end.errors.tail
        return RunError(type: type, what + (tail.isEmpty ? ", with nothing printed" : "; printed last:\n\(tail)"))
    }
}
