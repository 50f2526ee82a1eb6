import Foundation
import JobModel
import JobQueueWorker
import JobStore
import Logging
import TerminalDashboard

/// Does what somebody wants at the dashboard, by the means of the commands of the same names.
struct DashActions: Sendable {
    let store: Store
    /// Bytes.
    let payloadLimit: Int
    /// Gets a line for whatever was changed, or could not be.
    let logger: Logger

    /// A line that says what became of it.
    func perform(_ action: DashAction) async -> (text: String, isError: Bool) {
        var (text, isError) = ("", true)
        do {
            (text, isError) = try await answer(to: action)
        } catch let failure as Failure {
            text = failure.message
        } catch {
            text = "\(error)"
        }
        logger.log(level: isError ? .warning : .notice, "\(text)")
        return (text, isError)
    }

    private func answer(to action: DashAction) async throws -> (String, isError: Bool) {
        switch action {
        case .pause(let queue, let reason):
            let was = try await self.queue(queue).pause(by: "\(NSUserName())@\(WorkerIdentity.machine)", reason: reason)
            return (was == nil ? "there is no queue \(queue)" : "paused \(queue)", was == nil)
        case .resume(let queue):
            let was = try await self.queue(queue).resume()
            return (was == nil ? "there is no queue \(queue)" : "workers go on with \(queue)", was == nil)
        case .purge(let queue):
            let removed = try await self.queue(queue).purge([.queued])
            return ("deleted \(Quantity.of(removed[.queued] ?? 0, "queued job")) of \(queue)", false)
        case .requeue(let jobs):
            return try await each(jobs, "requeued") { queue, ids in
                try await Requeuing(store: queue).requeue(ids).map { ($0.answer == "requeued", $0.id, $0.answer) }
            }
        case .runNow(let jobs):
            return try await each(jobs, "due now") { try await Self.words(Managing(store: $0).runNow($1)) }
        case .cancel(let jobs):
            return try await each(jobs, "cancelled") { try await Self.words(Managing(store: $0).cancel($1)) }
        case .delete(let jobs):
            return try await each(jobs, "deleted") { try await Self.words(Managing(store: $0).delete($1)) }
        case .tell(let order, let workers): return try await tell(order, workers)
        case .requeueGroups(let groups):
            return try await eachGroup(groups, "requeued") { queue, _ in
                let work = Requeuing(store: queue, payloadLimit: payloadLimit)
                return { try await work.requeue(seen: $0) }
            }
        case .deleteGroups(let groups):
            return try await eachGroup(groups, "deleted") { _, bulk in { try await bulk.delete($0.map(\.id)) } }
        case .replace(let job, let payload): return try await replace(job, payload)
        }
    }

    private func queue(_ name: String) throws(Failure) -> QueueStore {
        do throws(NameError) { return store.queue(try QueueName(name)) } catch { throw Failure(.usage, "\(error)") }
    }

    /// Whether each was done, its id, and what became of it.
    private typealias Words = [(isDone: Bool, id: String, word: String)]

    private static func words(_ verdicts: Verdicts) -> Words {
        verdicts.all.map { name, verdict in
            if case .done = verdict { (true, name, verdict.word) } else { (false, name, verdict.word) }
        }
    }

    /// Does it queue by queue.
    private func each(
        _ jobs: [JobRef], _ participle: String, _ body: (QueueStore, [String]) async throws -> Words
    ) async throws -> (String, isError: Bool) {
        var words: Words = []
        for (name, jobs) in Dictionary(grouping: jobs, by: \.queue).sorted(by: { $0.key < $1.key }) {
            words += try await body(try queue(name), jobs.map(\.id))
        }
        return Self.sum(words, "job", participle)
    }

    /// As `workers quiet`, `resume` and `stop` do it.
    private func tell(_ order: WorkerOrder, _ workers: [String]) async throws -> (String, isError: Bool) {
        let telling = Telling(roll: WorkerRoll(try await store.snapshots()), order: order)
        return Self.sum(Self.words(try await telling.tell(ids: workers, store)), "worker", telling.participle)
    }

    /// How many were done, and why one was not.
    private static func sum(_ words: Words, _ noun: String, _ participle: String) -> (String, isError: Bool) {
        guard let left = words.first(where: { !$0.isDone }) else {
            if words.count == 1 { return ("\(words[0].id): \(words[0].word)", false) }
            return ("\(participle): \(Quantity.of(words.count, noun))", false)
        }
        if words.count == 1 { return ("\(left.id): \(left.word)", true) }
        let done = words.count(where: \.isDone)
        return ("\(participle): \(done) of \(words.count); \(left.id): \(left.word)", true)
    }

    /// Does it to whatever is in these groups now, by the means of `dead requeue --group` and `dead delete --group`.
    private func eachGroup(
        _ groups: [JobRef], _ participle: String, _ act: (QueueStore, DeadBulk) -> DeadBulk.Act
    ) async throws -> (String, isError: Bool) {
        var (done, left) = (0, [BulkReport.Left]())
        for group in groups {
            let queue = try queue(group.queue)
            let bulk = DeadBulk(store: queue, verb: participle, isSilent: true)
            var filter = DeadFilter()
            filter.group = JobModel.DeadGroup(group.id)
            let report = try await bulk.run(
                filter, deadAt: try await store.time(), expected: nil, stop: StopSign(), act(queue, bulk))
            done += report.done
            left += report.left
        }
        guard let first = left.first else { return ("\(participle): \(Quantity.of(done, "job"))", false) }
        return ("\(participle): \(done) of \(done + left.count); \(first.id): \(first.reason)", true)
    }

    // MARK: Payloads

    /// What a job carries, for an editor.
    func payload(of job: JobRef) async -> Result<String, Failure> {
        do {
            let view = try await queue(job.queue).inspect([job.id], full: true).jobs[0]
            guard view.state != nil else { return .failure(Failure(.notFound, "there is no job \(job.id) any more")) }
            guard let envelope = try? Envelope(parsing: view.envelope) else {
                return .failure(Failure(.failed, "what is stored of it cannot be changed"))
            }
            return .success(String(decoding: envelope.payload, as: UTF8.self))
        } catch let failure as Failure {
            return .failure(failure)
        } catch {
            return .failure(Failure(.failed, "\(error)"))
        }
    }

    private func replace(_ job: JobRef, _ payload: [UInt8]) async throws -> (String, isError: Bool) {
        let queue = try queue(job.queue)
        var change = JobChange()
        change.payload = payload[...]
        let (name, limit) = (queue.name, payloadLimit)
        let verdict = try await Managing(store: queue).change(job.id, done: "has the new payload") {
            view throws(Failure) in
            try change.plan(for: view, in: name, payloadLimit: limit)
        }
        guard case .done = verdict else { return ("\(job.id): \(verdict.word)", true) }
        guard try await queue.inspect([job.id], full: false).jobs[0].state?.isFinal == true else {
            return ("\(job.id): \(verdict.word)", false)
        }
        let answers = try await Requeuing(store: queue).requeue([job.id])
        let isDone = answers.first?.answer == "requeued"
        return ("\(job.id): \(answers.first?.answer ?? "gone") with the new payload", !isDone)
    }
}
