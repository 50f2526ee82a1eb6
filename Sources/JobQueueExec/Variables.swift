import FoundationEssentials
import JobModel

/// What a child is told of its run, in variables and in the document.
struct JobFacts: Sendable {
    var id: String
    var name: String
    var queue: String
    var attempt: Int
    var maxAttempts: Int
    var epoch: Int
    var generation = 0
    /// ms since 1970; nil without a time limit.
    var deadline: Int?
    var tags: [String] = []
    var metadata: [String: String] = [:]
    var requestID: String?

    /// What the child reads when it asked for more than the payload.
    func document(payload: ArraySlice<UInt8>) -> [UInt8] {
        JSONWriter.object(capacity: 512 + payload.count) { write(to: &$0, payload: payload) }
    }

    func write(to writer: inout JSONWriter, payload: ArraySlice<UInt8>) {
        writer.field("id", id)
        writer.field("name", name)
        writer.field("queue", queue)
        writer.field("attempt", attempt)
        writer.field("max_attempts", maxAttempts)
        writer.field("epoch", epoch)
        writer.field("generation", generation)
        if let deadline { writer.field("deadline_ms", deadline) }
        writer.field("tags", tags)
        writer.field("metadata", metadata)
        if let requestID { writer.field("request_id", requestID) }
        writer.field("payload", json: payload)
    }
}

/// The environment of children.
enum Variables {
    /// What every child gets from the worker's environment, if the worker has it: nothing in which secrets are kept.
    static let common = ["HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"]
    static let fallbackPath = "/usr/local/bin:/usr/bin:/bin"

    /// The part that all children of a handler share.
    static func base(of handler: ExecHandler, worker: [String: String]) -> [String: String] {
        let isCommon = Set(common)
        let isInherited = Set(handler.inherited)
        var variables = worker.filter { name, _ in
            isCommon.contains(name) || name.hasPrefix("LC_") || isInherited.contains(name)
        }
        variables["PATH"] = variables["PATH"] ?? fallbackPath
        return variables.merging(handler.environment) { _, configured in configured }
    }

    /// The part that differs from run to run. Metadata is a stranger's: what no variable can hold is left out.
    static func facts(_ job: JobFacts) -> [String: String] {
        var variables = [
            "JOB_ID": job.id, "JOB_NAME": job.name, "JOB_QUEUE": job.queue, "JOB_ATTEMPT": "\(job.attempt)",
            "JOB_MAX_ATTEMPTS": "\(job.maxAttempts)", "JOB_EPOCH": "\(job.epoch)",
            "JOB_GENERATION": "\(job.generation)",
        ]
        variables["JOB_DEADLINE"] = job.deadline.map { "\($0)" }
        for (key, name) in carried {
            guard let value = job.metadata[key], !value.utf8.contains(0), value.utf8.count <= 8192 else { continue }
            variables[name] = value
        }
        if let id = job.requestID { variables["JOB_REQUEST_ID"] = id }
        return variables
    }

    /// Metadata that has a variable of its own.
    private static let carried = [
        "traceparent": "TRACEPARENT", "tracestate": "TRACESTATE", "baggage": "BAGGAGE", "request_id": "JOB_REQUEST_ID",
    ]

    static func isName(_ text: String) -> Bool {
        !text.isEmpty && !text.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "=") }
    }
}
