import JobModel
import JobStore
import Logging
import Synchronization

/// Runs one job in a slot and says how it ended. Never throws: every way out of a handler is an `Outcome`.
struct Executor: Sendable {
    let handlers: [String: Handlers.Body]
    let clock: WorkerClock
    let worker: String
    let maxResultBytes: Int
    let surroundings: JobContext.Surroundings
    private var logger: Logger { surroundings.logger }

    init(handlers: [String: Handlers.Body], worker: String, maxResultBytes: Int, surroundings: JobContext.Surroundings)
    {
        self.handlers = handlers
        self.worker = worker
        self.maxResultBytes = maxResultBytes
        self.surroundings = surroundings
        clock = surroundings.clock
    }

    /// What came of a run.
    struct End: Sendable {
        var settlement: Settlement
        var isSuccess: Bool
        /// The slot's loop was told to stop: it must not run another job.
        var isCancelled: Bool
        var nanoseconds: Int
    }

    func execute(_ run: Run, in slot: Slot) async -> End {
        let start = clock.nanoseconds
        let (outcome, reason) = await outcome(of: run, in: slot, start: start)
        let end = clock.nanoseconds
        let isSuccess = if case .succeeded = outcome { true } else { false }
        switch outcome {
        case .succeeded: slot.succeeded.add(1, ordering: .relaxed)
        case .failed, .retry, .permanent, .timedOut, .undecodable: slot.failed.add(1, ordering: .relaxed)
        default: break
        }
        return End(
            settlement: settlement(of: run, outcome, start: start, end: end), isSuccess: isSuccess,
            isCancelled: reason != nil, nanoseconds: end - start)
    }

    /// The settlement of a run that never started.
    func settlement(of run: Run, _ outcome: Outcome) -> Settlement {
        let now = clock.nanoseconds
        return settlement(of: run, outcome, start: now, end: now)
    }

    private func settlement(of run: Run, _ outcome: Outcome, start: Int, end: Int) -> Settlement {
        let facts = RunFacts(
            worker: worker, now: clock.redis(at: end), ms: (end - start) / 1_000_000, name: run.envelope.name)
        let disposition = decide(
            outcome, policy: run.envelope.policy, record: run.record, facts: facts, random: .random(in: 0..<1))
        run.tally?.ended(outcome, disposition, nanoseconds: end - start)
        log(run, disposition, ms: facts.ms)
        return Settlement(id: run.id, token: run.token, disposition: disposition)
    }

    private func outcome(of run: Run, in slot: Slot, start: Int) async -> (Outcome, CancellationReason?) {
        let policy = run.envelope.policy
        if let expires = policy.expiresMs, clock.redis(at: start) > expires { return (.expired, nil) }
        guard let handle = handlers[run.envelope.name] else { return (.unhandled, nil) }
        let limit = policy.timeoutMs < 0 ? Slot.never : start + min(policy.timeoutMs, Due.latest / 1000) * 1_000_000
        slot.begin(run, now: start, deadline: limit)
        run.tally?.began(run, at: clock.redis(at: start))
        let context = JobContext(run: run, slot: slot, limit: limit, surroundings)
        let result: Result<Handlers.Output, any Error>
        do { result = .success(try await handle(run.envelope.payload, context)) } catch { result = .failure(error) }
        let reason = slot.end()
        switch result {
        case .success(let output): return (.succeeded(result: record(of: run, output, start: start)), reason)
        case .failure(let error): return (outcome(of: run, error, cancelled: reason), reason)
        }
    }

    private func record(of run: Run, _ output: Handlers.Output, start: Int) -> ResultRecord {
        let end = clock.nanoseconds
        var record = ResultRecord(
            result: ArraySlice("null".utf8), at: clock.redis(at: end), ms: (end - start) / 1_000_000,
            attempt: run.record.attempts + 1, worker: worker)
        switch output {
        case .json(let bytes) where bytes.count <= maxResultBytes: record.result = bytes[...]
        case .json(let bytes): record.omitted = "too large: \(bytes.count) bytes, the limit is \(maxResultBytes)"
        case .omitted(let why): record.omitted = String(why.prefix(500))
        }
        return record
    }

    /// An error after a cancellation belongs to the cancellation: handlers wrap what they are stopped with in many ways.
    private func outcome(of run: Run, _ error: any Error, cancelled reason: CancellationReason?) -> Outcome {
        switch reason {
        case .timeout:
            let limit = Double(run.envelope.policy.timeoutMs) / 1000
            return .timedOut(RunError(type: "Timeout", "the run took longer than its time limit of \(limit) s"))
        case .cancelled: return .cancelled
        case .shutdown, .leaseLost: return .released(started: true)
        case nil: break
        }
        switch error {
        case JobError.permanent(let message): return .permanent(RunError(type: "JobError.permanent", message))
        case JobError.retry(let after, let message):
            return .retry(afterMs: after.milliseconds, RunError(type: "JobError.retry", message))
        case JobError.snooze(let pause): return .snoozed(ms: pause.milliseconds)
        case let error as Handlers.Undecodable: return .undecodable(error.error)
        case let error as Handlers.Failed: return .failed(error.error, isCrash: error.isCrash)
        default: return .failed(RunError(type: "\(type(of: error))", "\(error)"))
        }
    }

    /// One line for each run, at its end.
    private func log(_ run: Run, _ disposition: Disposition, ms: Int) {
        let (level, event, message): (Logger.Level, String, Logger.Message) =
            switch disposition {
            case .done: (.info, "job.succeeded", "job succeeded")
            case .retry(_, _, let record, _) where record.last == .snoozed: (.info, "job.snoozed", "job snoozed")
            case .retry(_, _, let record, _):
                (.warning, "job.failed", "job will be tried again (\(record.last?.rawValue ?? ""))")
            case .front: (.info, "job.released", "job released")
            case .suspect: (.warning, "job.failed", "job is suspect")
            case .dead(_, let record, _, _): (.error, "job.dead", "job is dead (\(record.last?.rawValue ?? ""))")
            case .cancelled: (.info, "job.cancelled", "job cancelled")
            }
        guard logger.logLevel <= level else { return }
        var fields: Logger.Metadata = [
            "event": "\(event)", "job_id": "\(run.id)", "job_name": "\(run.envelope.name)",
            "queue": "\(run.lease.queue)",
            "attempt": .stringConvertible(run.record.attempts + 1),
            "max_attempts": .stringConvertible(run.envelope.policy.maxAttempts), "duration_ms": .stringConvertible(ms),
        ]
        if let id = run.envelope.requestID { fields["request_id"] = "\(id)" }
        if let error = disposition.error {
            fields["outcome"] = "\(error.reason.rawValue)"
            fields["error"] = "\(Printable.oneLine(error.message))"
            if !error.type.isEmpty { fields["error_type"] = "\(Printable.oneLine(error.type, limit: 200))" }
        }
        if case .retry(.after(let wait), _, _, _) = disposition { fields["retry_in_ms"] = .stringConvertible(wait) }
        logger.log(level: level, message, metadata: fields)
    }
}

extension Disposition {
    /// The entry that goes into the history.
    fileprivate var error: ErrorEntry? {
        switch self {
        case .done: nil
        case .retry(_, _, _, let entry), .front(_, _, let entry), .suspect(_, _, _, let entry),
            .cancelled(_, let entry):
            entry
        case .dead(_, _, let entry, _): entry
        }
    }
}
