import HTTPTypes
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// Many jobs in one request.
    var batchRoutes: [Route] {
        [Route(.post, "/v1/jobs/batch", .jobsWrite) { call throws(Problem) in try await batch(call) }]
    }

    /// Most jobs of one request: what one script call takes.
    static let batchLimit = QueueStore.batchLimit

    private func batch(_ call: Call) async throws(Problem) -> Answer {
        try call.checkMedia(["application/json", "application/x-ndjson"])
        let key = try IdempotencyKey(call.headers)
        let body = try await call.body(limit: configuration.maxBodyBytes)
        let request = try BatchRequest(body, isLines: call.media == "application/x-ndjson", try call.query())
        let offers = BatchOffers(request, body, call, key, now: queue.now)
        return request.isAtomic ? try await storeWhole(offers) : await storeWhatCanBe(offers, call)
    }

    // MARK: All or none

    private func storeWhole(_ batch: BatchOffers) async throws(Problem) -> Answer {
        var wrong = batch.problems.flatMap { $0?.fields ?? [] }
        if !wrong.isEmpty { throw Self.nothingStored(wrong) }
        if let stranger = batch.stranger {
            throw Self.nothingStored([
                Problem.Field(
                    "/jobs/\(stranger)/queue", "another-queue",
                    "all jobs of an atomic batch go to one queue: send \"atomic\": false, or a batch for each")
            ])
        }
        let results = await handOver(batch.offers, atomic: true)
        var receipts: [[UInt8]] = []
        receipts.reserveCapacity(results.count)
        var isNew = false
        for (index, result) in results.enumerated() {
            switch Self.outcome(result, at: index) {
            case .success(let stored):
                isNew = isNew || stored.admission == .created
                receipts.append(batch.receipts[index].encoded(stored))
            case .failure(let problem):
                guard let fields = problem.fields.first.map({ _ in problem.fields }) else { throw problem }
                wrong += fields
            }
        }
        if !wrong.isEmpty { throw Self.nothingStored(wrong) }
        let document = JSONWriter.object(capacity: 64 + receipts.count * 200) { writer in
            writer.field("items", objects: receipts)
            writer.field("accepted", receipts.count)
            writer.field("rejected", 0)
        }
        var answer = Answer.json(
            document, isNew ? .created : .ok, headers: isNew ? [:] : [.idempotencyReplayed: "true"])
        answer.change = Change(queue: batch.queues.first, jobs: receipts.count)
        return answer
    }

    private static func nothingStored(_ fields: [Problem.Field]) -> Problem {
        let jobs = Set(fields.compactMap { $0.pointer.split(separator: "/").dropFirst().first }).count
        let count = jobs == 1 ? "1 job" : "\(jobs) jobs"
        return Problem(
            .invalidJob, "\(count) of the batch cannot be stored, so none was: see errors",
            fields: Array(fields.prefix(100)))
    }

    // MARK: What can be

    private func storeWhatCanBe(_ batch: BatchOffers, _ call: Call) async -> Answer {
        // One result for each offer, in order.
        let results = zip(await handOver(batch.offers, atomic: false), batch.receipts)
        var stored = results.makeIterator()
        var documents: [[UInt8]] = []
        var accepted = 0
        for (index, problem) in batch.problems.enumerated() {
            if let problem {
                documents.append(Self.line(index, problem, call))
            } else if let (result, receipt) = stored.next() {
                switch Self.outcome(result, at: index) {
                case .success(let stored):
                    accepted += 1
                    documents.append(Self.line(index, receipt, stored))
                case .failure(let problem): documents.append(Self.line(index, problem, call))
                }
            }
        }
        let rejected = batch.problems.count - accepted
        let document = JSONWriter.object(capacity: 64 + documents.count * 260) { writer in
            writer.field("items", objects: documents)
            writer.field("accepted", accepted)
            writer.field("rejected", rejected)
        }
        var answer = Answer.json(
            document, rejected == 0 ? .created : accepted == 0 ? .unprocessableContent : .mixed)
        answer.change = Change(queue: batch.queues.joined(separator: ","), jobs: accepted)
        return answer
    }

    private static func line(_ index: Int, _ receipt: Receipt, _ stored: Offered) -> [UInt8] {
        JSONWriter.object(capacity: 280) { writer in
            writer.field("index", index)
            writer.field("status", stored.admission == .created ? 201 : 200)
            writer.field("job", json: receipt.encoded(stored))
        }
    }

    private static func line(_ index: Int, _ problem: Problem, _ call: Call) -> [UInt8] {
        JSONWriter.object(capacity: 280) { writer in
            writer.field("index", index)
            writer.field("status", problem.kind.status.code)
            writer.field("problem", json: problem.encoded(instance: call.requestID))
        }
    }

    /// What became of one job, as a refusal with its place in the batch.
    private static func outcome(_ result: JobQueue.OfferResult, at index: Int) -> Result<Offered, Problem> {
        func refused(_ kind: Problem.Kind, _ code: String, _ detail: String) -> Result<Offered, Problem> {
            .failure(Problem(kind, detail, fields: [Problem.Field("/jobs/\(index)", code, detail)]))
        }
        switch result {
        case .failure(let error):
            let pointer = "/jobs/\(index)"
            var problem = Problem(error)
            problem.fields = problem.fields.map { Problem.Field(pointer + $0.pointer, $0.code, $0.detail) }
            if problem.fields.isEmpty, problem.kind.status.code < 500 {
                problem.fields = [Problem.Field(pointer, problem.kind.name, problem.detail)]
            }
            return .failure(problem)
        case .success(let stored):
            switch stored.admission {
            case .created, .duplicate, .held: return .success(stored)
            case .conflict:
                return refused(
                    .keyReused, "idempotency-key-reused", "this key was used with another job at this place of a batch")
            case .full: return refused(.queueFull, "queue-full", "the queue takes no more jobs now")
            case .invalid: return .failure(Problem(.internalError, "the store refused a job that was let pass"))
            }
        }
    }
}
