import HTTPTypes
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// What a person does to a single job.
    var manageRoutes: [Route] {
        [
            Route(.post, "/v1/queues/{queue}/jobs/{id}/cancel", .jobsManage) { call throws(Problem) in
                try await cancel(call)
            },
            Route(.post, "/v1/queues/{queue}/jobs/{id}/requeue", .jobsManage) { call throws(Problem) in
                try await requeue(call)
            },
            Route(.patch, "/v1/queues/{queue}/jobs/{id}", .jobsManage) { call throws(Problem) in try await edit(call) },
            Route(.delete, "/v1/queues/{queue}/jobs/{id}", .jobsManage) { call throws(Problem) in
                try await delete(call)
            },
        ]
    }

    /// How often a change is tried again whose job changed meanwhile, where the caller does not mind.
    private static let tries = 5

    private func cancel(_ call: Call) async throws(Problem) -> Answer {
        let (name, id) = (try call.queue(), try call.jobID())
        let answers = try await asking { () throws(StoreError) in try await queue.store.queue(name).cancel([id]) }
        switch answers[0] {
        case .cancelled, .asked: break
        case .succeeded: throw Problem(.jobFinished, "the job has succeeded: it is too late to cancel it")
        case .dead: throw Problem(.jobFinished, "the job is dead: there is nothing to cancel")
        case .gone: throw Self.unknown(id, name)
        }
        return try await document(of: id, name, answers[0] == .asked ? .accepted : .ok)
    }

    private func requeue(_ call: Call) async throws(Problem) -> Answer {
        let (name, id) = (try call.queue(), try call.jobID())
        for _ in 0..<Self.tries {
            let view = try await view(of: id, in: name)
            let answers = try await asking { () throws(StoreError) in
                try await queue.store.queue(name).requeue([QueueStore.Requeue(again: view)])
            }
            switch answers[0] {
            case .ok: return try await document(of: id, name, .ok)
            case .gone:
                throw Problem(
                    view.state?.isFinal ?? true ? .jobFinished : .jobRunning,
                    "the job is \(view.state?.rawValue ?? "gone"): only dead and cancelled jobs are requeued")
            case .full: throw Problem(.queueFull, "the queue \(name) takes no more jobs now").retry(after: 5)
            case .changed: continue
            }
        }
        throw EntityTag.changed
    }

    private func delete(_ call: Call) async throws(Problem) -> Answer {
        let (name, id) = (try call.queue(), try call.jobID())
        var version: String?
        if try EntityTag.wanted(call.headers) != nil {
            let view = try await view(of: id, in: name)
            try EntityTag.check(view, call.headers)
            version = view.version
        }
        let answers = try await asking { [version] () throws(StoreError) in
            try await queue.store.queue(name).remove([QueueStore.Sighting(id: id, version: version)])
        }
        switch answers[0] {
        case .ok: return Answer(.noContent)
        case .running: throw Problem(.jobRunning, "the job is running: cancel it first")
        case .changed: throw EntityTag.changed
        case .gone: throw Self.unknown(id, name)
        }
    }

    // MARK: Edit

    private func edit(_ call: Call) async throws(Problem) -> Answer {
        let (name, id) = (try call.queue(), try call.jobID())
        var fields = try await call.object(limit: configuration.maxBodyBytes)
        let edit = JobChange(&fields)
        try fields.end(.invalidJob)
        if edit.payload != nil { try call.caller.check(.jobsWrite) }
        for _ in 0..<Self.tries {
            let view = try await view(of: id, in: name)
            try EntityTag.check(view, call.headers)
            let change: QueueStore.Edit
            do throws(JobChange.Refusal) {
                change = try edit.applied(to: view, payloadLimit: queue.maxPayloadBytes)
            } catch { throw Problem(error) }
            let answer = try await asking { () throws(StoreError) in try await queue.store.queue(name).edit(change) }
            switch answer {
            case .ok: return try await document(of: id, name, .ok)
            case .running: throw Problem(.jobRunning, "the job is running: it is too late to change it")
            case .succeeded: throw Problem(.jobFinished, "the job has succeeded: there is nothing to change")
            case .gone: throw Self.unknown(id, name)
            case .changed: continue
            }
        }
        throw EntityTag.changed
    }

    /// The job as it is now.
    private func document(
        of id: String, _ name: QueueName, _ status: HTTPResponse.Status
    ) async throws(Problem) -> Answer {
        let view = try await view(of: id, in: name)
        var answer = Answer.json(JobDocument(view: view, queue: name).encoded(), status)
        answer.headers[.eTag] = EntityTag.of(view)
        return answer
    }

    private static func unknown(_ id: String, _ name: QueueName) -> Problem {
        Problem(.jobNotFound, "there is no job \(id) in the queue \(name): it never was, or it ended and is forgotten")
    }
}

extension JobChange {
    fileprivate init(_ fields: inout Fields) {
        self.init()
        payload = fields.json("payload")
        due = fields.moment("run_at").map { .at(ms: $0) }
        priority = fields.int("priority", 0...9).flatMap(Priority.init)
        maxAttempts = fields.int("max_attempts", 1...1_000_000)
        tags = fields.tags("tags")
        if fields.problems.isEmpty, self == JobChange() {
            fields.missing("payload", "name what is to be changed: payload, run_at, priority, max_attempts or tags")
        }
    }
}

extension Problem {
    fileprivate init(_ refusal: JobChange.Refusal) {
        switch refusal {
        case .unreadable: self.init(.jobFinished, "what is stored of the job cannot be changed")
        case .payloadTooLarge: self.init(.payloadTooLarge, "\(refusal)")
        case .noTime(let state): self.init(state.isFinal ? .jobFinished : .invalidRequest, "the job is \(refusal)")
        }
    }
}
