import JobModel
import JobQueueClient

/// The body of a batch: `{"jobs":[…],"atomic":true}`, or a job on each line.
struct BatchRequest {
    var isAtomic = true
    /// In order: a job, or what is wrong with it.
    var items: [Result<BatchItem, Problem>]

    /// Throws `invalidRequest` for what cannot be read, and `invalidDocument` for what is no batch.
    init(_ body: [UInt8], isLines: Bool, _ query: Query) throws(Problem) {
        var query = query
        if let word = query.text("atomic") {
            guard ["true", "false"].contains(word) else {
                throw Problem(.invalidRequest, "atomic must be true or false")
            }
            isAtomic = word == "true"
        }
        try query.end()
        if isLines {
            items = try Self.lines(body)
        } else {
            var fields = try Fields(body)
            isAtomic = fields.bool("atomic") ?? isAtomic
            if !fields.has("jobs") { fields.missing("jobs", "a list of jobs") }
            let list = fields.list("jobs") ?? []
            try fields.end(.invalidDocument)
            items = list.map { range, pointer in BatchItem.read(body, range, pointer) }
        }
        guard (1...JobQueueAPI.batchLimit).contains(items.count) else {
            throw Problem(
                .invalidDocument, "a batch has 1 to \(JobQueueAPI.batchLimit) jobs, this one \(items.count)",
                fields: [Problem.Field("/jobs", "out-of-range", "must be 1 to \(JobQueueAPI.batchLimit) jobs")])
        }
    }

    private static func lines(_ body: [UInt8]) throws(Problem) -> [Result<BatchItem, Problem>] {
        guard String(validating: body, as: UTF8.self) != nil else {
            throw Problem(.invalidRequest, "the body is not UTF-8")
        }
        let lines = body.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy { $0 <= 0x20 } }
        return lines.prefix(JobQueueAPI.batchLimit + 1).enumerated().map { index, line in
            BatchItem.read(body, line.startIndex..<line.endIndex, "/jobs/\(index)")
        }
    }
}

/// One job of a batch, and where it stands.
struct BatchItem {
    var job: JobRequest
    /// Its text, for the digest of an idempotency key.
    var text: ArraySlice<UInt8>
    var pointer: String

    static func read(_ body: [UInt8], _ range: Range<Int>, _ pointer: String) -> Result<BatchItem, Problem> {
        Result { () throws(Problem) in
            guard var fields = Fields.element(body, range, pointer: pointer) else {
                let detail = "must be a JSON object, with no name twice"
                throw Problem(.invalidJob, detail, fields: [Problem.Field(pointer, "wrong-type", detail)])
            }
            let job = JobRequest(&fields)
            try fields.end(.invalidJob)
            guard let job else { throw Problem(.internalError, "a job was refused without a reason") }
            return BatchItem(job: job, text: body[range], pointer: pointer)
        }
    }

    /// A job that its caller may enqueue.
    struct Offered {
        var job: JobRequest
        var offer: Offer

        /// What is answered for it. Of a job that was there before the first moment is not looked up: that would be a thousand.
        func receipt(_ stored: JobQueueClient.Offered) -> [UInt8] { job.receipt(stored, offer.createdMs ?? 0) }
    }

    /// `now`: when it is made, ms since 1970.
    func admitted(to call: Call, _ key: IdempotencyKey?, now: Int) throws(Problem) -> Offered {
        if !call.caller.may(use: job.queue) {
            let detail = "this token may not use the queue \(job.queue)"
            throw Problem(.forbidden, detail, fields: [Problem.Field(pointer + "/queue", "forbidden", detail)])
        }
        var offer = job.offer(requestID: call.requestID, now: now)
        if let key {
            let part = Int(pointer.split(separator: "/").last ?? "") ?? 0
            offer.identity = .key(
                id: key.jobID(caller: call.caller.id, queue: job.queue, part: part + 1),
                digest: IdempotencyKey.digest(text), rememberMs: IdempotencyKey.memoryMs)
        }
        return Offered(job: job, offer: offer)
    }
}
