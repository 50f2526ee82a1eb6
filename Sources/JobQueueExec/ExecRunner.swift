import CoreMetrics
import FoundationEssentials
import JobModel
import JobQueueWorker
import Logging

/// Runs the jobs of one exec handler.
struct ExecRunner: Sendable {
    let handler: ExecHandler
    var launch: Launch
    /// Where ends are counted; nil: with the factory of the process.
    private let metrics: (any MetricsFactory)?

    init(_ handler: ExecHandler, metrics: (any MetricsFactory)? = nil) {
        self.handler = handler
        launch = Launch(handler)
        self.metrics = metrics
    }

    func run(_ payload: ArraySlice<UInt8>, _ context: JobContext) async throws -> Handlers.Output {
        // Once a child is started it may have done something.
        try Task.checkCancellation()
        let logger = context.logger
        let job = JobFacts(context)
        let grace = ChildCall.grace(handler.grace, context)
        switch try await verdict(on: job, payload, grace, logger) {
        case .result(let json): return .json(json)
        case .omitted(let why): return .omitted(why)
        case .failed(let message): throw ExecFailure(description: message)
        case .retry(let ms, let message): throw JobError.retry(after: .milliseconds(ms), message)
        case .permanent(let message): throw JobError.permanent(message)
        case .later(let ms): throw JobError.snooze(ms.map { .milliseconds($0) } ?? handler.pause)
        case .stopped: throw CancellationError()
        }
    }

    private func verdict(
        on job: JobFacts, _ payload: ArraySlice<UInt8>, _ grace: @escaping @Sendable () -> Duration, _ logger: Logger
    ) async throws -> Verdict {
        do throws(Launch.Failure) {
            let end = try await child(of: job, payload: payload, grace: grace) { $0.log(to: logger) }
            end.errors.logDropped(to: logger)
            count(end.exit, job.name)
            return Verdict.judge(end, maxResultBytes: handler.maxResultBytes)
        } catch {
            switch error {
            case .permanent(let message): return .permanent(message)
            case .shortage(let message):
                // The job is not to blame, and the next worker may have more.
                logger.warning("\(Printable.oneLine(message))")
                return .later(ms: nil)
            }
        }
    }

    /// A child costs a thousand times as much as to look its counter up.
    private func count(_ exit: ChildEnd.Exit, _ name: String) {
        let code =
            switch exit {
            case .code(let code): "\(code)"
            case .signal(let number): SignalName.of(number)
            }
        Counter(
            label: Metric.exits.rawValue, dimensions: [("handler", name), ("code", code)],
            factory: metrics ?? MetricsSystem.factory
        ).increment()
    }

    /// Runs one child. When the task is cancelled the child is told to stop, and the call returns once its group is gone.
    func child(
        of job: JobFacts, payload: ArraySlice<UInt8>, grace: (@Sendable () -> Duration)? = nil,
        log: @escaping @Sendable (ErrorStream.Line) -> Void
    ) async throws(Launch.Failure) -> ChildEnd {
        let limits = ChildRun.Limits(
            grace: grace ?? { handler.grace }, output: min(handler.maxResultBytes, 1 << 40), log: handler.maxLogBytes)
        let input = handler.input == .payload ? payload : job.document(payload: payload)[...]
        return try await ChildCall(launch: launch, job: job, input: input, limits: limits).end(log)
    }
}

/// A child that failed: its exit code or signal, and the last lines of its stderr.
struct ExecFailure: Error, CustomStringConvertible {
    var description: String
}

extension JobFacts {
    init(_ context: JobContext) {
        let now = Date().timeIntervalSince1970
        let rest = context.deadline.map { ContinuousClock.now.duration(to: $0) / .seconds(1) }
        self.init(
            id: context.id, name: context.name, queue: context.queue.text, attempt: context.attempt,
            maxAttempts: context.maxAttempts, epoch: context.epoch, generation: context.generation,
            deadline: rest.map { Int((now + $0) * 1000) }, tags: context.tags, metadata: context.metadata,
            requestID: context.requestID)
    }
}
