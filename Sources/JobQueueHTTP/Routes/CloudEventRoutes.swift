import HTTPTypes
import Hummingbird
import JobModel
import JobQueueClient
import JobStore

extension JobQueueAPI {
    /// CloudEvents 1.0 as jobs: whoever sends events needs no other client.
    var cloudEventRoutes: [Route] {
        [Route(.post, "/v1/cloudevents", .jobsWrite) { call throws(Problem) in try await cloudEvents(call) }]
    }

    private func cloudEvents(_ call: Call) async throws(Problem) -> Answer {
        var query = try call.query()
        let name = try Call.queueName(query.text("queue") ?? QueueName.default.text)
        try query.end()
        try call.caller.check(name)
        let body = try await call.body(limit: configuration.maxBodyBytes)
        let events: [CloudEvent]
        switch call.media {
        case "application/cloudevents+json": events = [try CloudEvent(structured: body)]
        case "application/cloudevents-batch+json": events = try CloudEvent.batch(body)
        default: events = [try CloudEvent(binary: body, call.headers, media: call.media)]
        }
        let results = await handOver(events.map { $0.offer(to: name, call) }, atomic: true)
        var answer = try Self.answer(results)
        answer.change = Change(queue: name.text, jobs: events.count)
        return answer
    }

    private static func answer(_ results: [JobQueue.OfferResult]) throws(Problem) -> Answer {
        var isNew = false
        var receipts: [[UInt8]] = []
        var wrong: [Problem.Field] = []
        for (index, result) in results.enumerated() {
            let offered: Offered
            do throws(JobQueueError) { offered = try result.get() } catch { throw Problem(error) }
            switch offered.admission {
            case .created: isNew = true
            case .duplicate, .held: break
            case .conflict:
                wrong.append(
                    Problem.Field("/\(index)/id", "id-reused", "this source sent another event under this id before"))
            case .full: throw Problem(.queueFull, "the queue takes no more jobs now").retry(after: 5)
            case .invalid: throw Problem(.internalError, "the store refused a job that was let pass")
            }
            receipts.append(
                JSONWriter.object(capacity: 100) { writer in
                    writer.field("id", offered.id)
                    writer.field("queue", offered.queue.text)
                })
        }
        if !wrong.isEmpty { throw Problem(.keyReused, "an id was used for another event", fields: wrong) }
        let document = JSONWriter.object(capacity: 32 + receipts.count * 100) { $0.field("items", objects: receipts) }
        return .json(document, isNew ? .accepted : .ok)
    }
}

/// One event: its `type` is the job's name, `source` and `id` are its idempotency key, `data` its payload, and a `subject`
/// that follows the rule for names its tag.
struct CloudEvent {
    var id = ""
    var source = ""
    var type = ""
    /// All attributes that are text, kept with the job.
    var attributes: [String: String] = [:]
    var data = ArraySlice("null".utf8)

    /// Attributes that the specification has as strings; extensions may be whole numbers and truths, too.
    private static let texts: Set = [
        "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
    ]

    /// Events of one request.
    static let limit = QueueStore.batchLimit

    // MARK: Three forms

    init(structured body: [UInt8]) throws(Problem) {
        var fields = try Fields(body)
        self.init(&fields)
        try fields.end(.invalidDocument)
    }

    static func batch(_ body: [UInt8]) throws(Problem) -> [CloudEvent] {
        // A list is read as the one field of an object.
        var fields = try Fields(Array(#"{"":"#.utf8) + body + Array("}".utf8))
        let list = fields.list("") ?? []
        var events: [CloudEvent] = []
        for (range, pointer) in list.prefix(limit + 1) {
            guard var item = fields.element(range, pointer: String(pointer.dropFirst())) else { continue }
            events.append(CloudEvent(&item))
            fields.merge(item)
        }
        if !(1...limit).contains(list.count) {
            fields.refuse("", "out-of-range", "must be a list of 1 to \(limit) events")
        }
        try fields.end(.invalidDocument)
        return events
    }

    /// The attributes are headers, the body is the data.
    init(binary body: [UInt8], _ headers: HTTPFields, media: String) throws(Problem) {
        for field in headers {
            let name = field.name.canonicalName
            guard name.hasPrefix("ce-") else { continue }
            attributes[String(name.dropFirst(3))] = Query.unescaped(field.value) ?? field.value
        }
        takeAttributes()
        var wrong = problems
        if !body.isEmpty {
            do throws(JSONScanner.Failure) {
                guard media == "application/json" || media.hasSuffix("+json") else {
                    throw JSONScanner.Failure(offset: 0, problem: "the data has the media type \(media)")
                }
                try JSONScanner.validate(body)
            } catch {
                wrong.append(Problem.Field("/data", "bad-payload", "must be JSON: \(error)"))
            }
            data = body[...]
        }
        if wrong.isEmpty { return }
        throw Problem(.invalidDocument, "the event is not valid: see errors", fields: wrong)
    }

    private init(_ fields: inout Fields) {
        if fields.has("data_base64") { fields.refuse("data_base64", "unsupported", "send data: payloads are JSON") }
        _ = fields.json("data_base64")
        data = fields.json("data") ?? data
        for name in fields.names {
            attributes[name] = Self.texts.contains(name) ? fields.string(name) : fields.text(name)
        }
        takeAttributes()
        for problem in problems { fields.refuse(String(problem.pointer.dropFirst()), problem.code, problem.detail) }
    }

    private mutating func takeAttributes() {
        id = attributes["id"] ?? ""
        source = attributes["source"] ?? ""
        type = attributes["type"] ?? ""
    }

    /// What the rules of CloudEvents and of jobs' names refuse.
    private var problems: [Problem.Field] {
        var problems: [Problem.Field] = []
        if attributes["specversion"] != "1.0" {
            problems.append(Problem.Field("/specversion", "unsupported", "must be \"1.0\""))
        }
        if id.isEmpty { problems.append(Problem.Field("/id", "missing", "must not be empty")) }
        if source.isEmpty { problems.append(Problem.Field("/source", "missing", "must not be empty")) }
        if !Names.isName(type) {
            problems.append(
                Problem.Field("/type", "bad-name", "must be 1 to 64 of the characters A-Z a-z 0-9 . _ -: a job's name"))
        }
        return problems
    }

    // MARK: As a job

    func offer(to queue: QueueName, _ call: Call) -> Offer {
        var options = JobOptions(queue: queue.text)
        if let subject = attributes["subject"], Names.isName(subject) { options.tags = [subject] }
        for (name, value) in attributes where name != "type" { options.metadata["ce-\(name)"] = value }
        let key = IdempotencyKey(text: "\(source)\0\(id)")
        return Offer(
            name: type, payload: Array(data),
            identity: .key(
                id: key.jobID(caller: "cloudevents", queue: queue),
                digest: IdempotencyKey.digest(Array(type.utf8) + [0] + data), rememberMs: IdempotencyKey.memoryMs),
            options: options, requestID: call.requestID)
    }
}
