import HTTPTypes
import JobModel
import Logging

/// What a request changed, for the line that says who changed what. Names only: never a payload, never a secret.
struct Change: Sendable {
    var queue: String?
    /// Of one job, or of a token that was made.
    var id: String?
    /// How many jobs, where it is not one.
    var jobs: Int?
}

extension JobQueueAPI {
    /// One line for each request of a known caller that changes something, or was refused to: `event=audit`. Who is not
    /// known has changed nothing, and is logged by the gate.
    func audit(
        _ answer: Answer, _ route: Route, _ parameters: [String: String], _ caller: Caller?, _ requestID: String
    ) {
        let logger = configuration.logger
        guard let caller, route.isChange, logger.logLevel <= .info else { return }
        var metadata = Logger.Metadata(minimumCapacity: 10)
        metadata["event"] = "audit"
        metadata["request_id"] = .string(requestID)
        metadata["http_method"] = .string(route.method.rawValue)
        metadata["http_route"] = .string(route.path)
        metadata["http_status"] = .stringConvertible(answer.status.code)
        metadata["token"] = .string(caller.id)
        func add(_ key: String, _ text: String?) {
            if let text, !text.isEmpty { metadata[key] = .string(Printable.oneLine(text, limit: 200)) }
        }
        add("note", caller.note)
        add("queue", answer.change.queue ?? parameters["queue"])
        add(route.path.hasPrefix("/v1/tokens") ? "token_id" : "job_id", answer.change.id ?? parameters["id"])
        if let jobs = answer.change.jobs { metadata["jobs"] = .stringConvertible(jobs) }
        logger.info(answer.status.code < 400 ? "changed" : "not changed", metadata: metadata)
    }
}

extension Route {
    /// By the meaning of its method.
    var isChange: Bool { ![.get, .head, .options].contains(method) }
}
