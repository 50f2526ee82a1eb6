import JobModel
import JobQueueClient

/// The body of a batch: `{"jobs":[…],"atomic":true}`, or a job on each line.
struct BatchRequest {
    var isAtomic = true
    /// Where each job is in the body, in order, and as a JSON pointer.
    var places: [(range: Range<Int>, pointer: String)]

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
            places = try Self.lines(body)
        } else {
            var fields = try Fields(body)
            isAtomic = fields.bool("atomic") ?? isAtomic
            if !fields.has("jobs") { fields.missing("jobs", "a list of jobs") }
            places = fields.list("jobs") ?? []
            try fields.end(.invalidDocument)
        }
        guard (1...JobQueueAPI.batchLimit).contains(places.count) else {
            throw Problem(
                .invalidDocument, "a batch has 1 to \(JobQueueAPI.batchLimit) jobs, this one \(places.count)",
                fields: [Problem.Field("/jobs", "out-of-range", "must be 1 to \(JobQueueAPI.batchLimit) jobs")])
        }
    }

    private static func lines(_ body: [UInt8]) throws(Problem) -> [(Range<Int>, String)] {
        guard String(validating: body, as: UTF8.self) != nil else {
            throw Problem(.invalidRequest, "the body is not UTF-8")
        }
        let lines = body.split(separator: UInt8(ascii: "\n")).filter { !$0.allSatisfy { $0 <= 0x20 } }
        return lines.prefix(JobQueueAPI.batchLimit + 1).enumerated().map { index, line in
            (line.startIndex..<line.endIndex, "/jobs/\(index)")
        }
    }
}

/// One job of a batch, and where it stands.
struct BatchItem {
    var job: JobRequest
    /// Its text, for the digest of an idempotency key.
    var text: ArraySlice<UInt8>
    var pointer: String

    init(_ body: [UInt8], _ range: Range<Int>, _ pointer: String) throws(Problem) {
        guard var fields = Fields.element(body, range, pointer: pointer) else {
            let detail = "must be a JSON object, with no name twice"
            throw Problem(.invalidJob, detail, fields: [Problem.Field(pointer, "wrong-type", detail)])
        }
        let job = JobRequest(&fields)
        try fields.end(.invalidJob)
        guard let job else { throw Problem(.internalError, "a job was refused without a reason") }
        self.init(job: job, text: body[range], pointer: pointer)
    }

    private init(job: JobRequest, text: ArraySlice<UInt8>, pointer: String) {
        self.job = job
        self.text = text
        self.pointer = pointer
    }

    /// The job as its caller may enqueue it. `now`: when it is made, ms since 1970.
    func offer(_ call: Call, _ key: IdempotencyKey?, now: Int) throws(Problem) -> Offer {
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
        return offer
    }
}

/// The jobs of a batch that are in order, and what is wrong with the others.
///
/// Made in one pass: what is kept of a job is what comes after, so that a thousand of them stay in the cache.
struct BatchOffers {
    private(set) var offers: [Offer] = []
    private(set) var receipts: [Receipt] = []
    /// Of each job in order: nil when it is among the offers.
    private(set) var problems: [Problem?] = []

    init(_ request: BatchRequest, _ body: [UInt8], _ call: Call, _ key: IdempotencyKey?, now: Int) {
        offers.reserveCapacity(request.places.count)
        receipts.reserveCapacity(request.places.count)
        problems.reserveCapacity(request.places.count)
        for (range, pointer) in request.places {
            do throws(Problem) {
                let item = try BatchItem(body, range, pointer)
                offers.append(try item.offer(call, key, now: now))
                // Whether a job was there before is not looked up: that would be a thousand questions.
                receipts.append(Receipt(name: item.job.name, due: item.job.due, createdMs: now))
                problems.append(nil)
            } catch { problems.append(error) }
        }
    }

    /// The first that goes to another queue than the first of all; nil when all go to one.
    var stranger: Int? { offers.firstIndex { $0.options.queue != offers[0].options.queue } }
    /// Sorted.
    var queues: [String] { Set(offers.map(\.options.queue)).sorted() }
}
