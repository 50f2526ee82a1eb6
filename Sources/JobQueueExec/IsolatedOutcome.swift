import JobModel
import JobQueueWorker

/// What an isolated handler came to, as it is told from process to process: one JSON object, so that half of one is none.
enum IsolatedOutcome: Equatable {
    case result([UInt8])
    case omitted(String)
    case failed(RunError)
    case undecodable(RunError)
    case permanent(String)
    case retry(afterMs: Int, String)
    case snooze(ms: Int)

    /// What errors and reasons may be long, in bytes: the history keeps less.
    static let textLimit = 16 * 1024

    // MARK: In the process of the run

    init(_ result: Result<Handlers.Output, any Error>, maxResultBytes limit: Int) {
        switch result {
        case .success(.json(let bytes)) where bytes.count > limit:
            self = .omitted("too large: \(bytes.count) bytes, the limit is \(limit)")
        case .success(.json(let bytes)): self = .result(bytes)
        case .success(.omitted(let why)): self = .omitted(why)
        case .failure(JobError.permanent(let message)): self = .permanent(message)
        case .failure(JobError.retry(let after, let message)): self = .retry(afterMs: after.milliseconds, message)
        case .failure(JobError.snooze(let pause)): self = .snooze(ms: pause.milliseconds)
        case .failure(let error as Handlers.Undecodable): self = .undecodable(error.error)
        case .failure(let error): self = .failed(RunError(type: "\(type(of: error))", "\(error)"))
        }
    }

    func encoded() -> [UInt8] {
        JSONWriter.object { writer in
            switch self {
            case .result(let bytes): writer.field("result", json: bytes)
            case .omitted(let why): writer.field("omitted", Self.cut(why))
            case .failed(let error): Self.write("failed", error, to: &writer)
            case .undecodable(let error): Self.write("undecodable", error, to: &writer)
            case .permanent(let message): writer.field("permanent", Self.cut(message))
            case .retry(let ms, let message):
                writer.field("retry", Self.cut(message))
                writer.field("after_ms", ms)
            case .snooze(let ms): writer.field("snooze", ms)
            }
        }
    }

    private static func write(_ key: StaticString, _ error: RunError, to writer: inout JSONWriter) {
        writer.field(key, cut(error.message))
        writer.field("type", cut(error.type))
    }

    private static func cut(_ text: String) -> String {
        text.utf8.count <= textLimit ? text : String(decoding: text.utf8.prefix(textLimit), as: UTF8.self)
    }

    // MARK: In the worker

    /// Nil when the bytes are no whole outcome.
    init?(parsing bytes: [UInt8]) {
        var fields: [String: [UInt8]] = [:]
        let isWhole: Void? = bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try? scanner.object { fields[String(decoding: $0, as: UTF8.self)] = Array(buffer[$1]) }
        }
        guard isWhole != nil else { return nil }
        func text(_ key: String) -> String? { fields[key].flatMap { $0.withUnsafeBufferPointer(JSONReader.string) } }
        func number(_ key: String) -> Int { fields[key].flatMap { $0.withUnsafeBufferPointer(JSONReader.int) } ?? 0 }
        if let result = fields["result"] {
            self = .result(result)
        } else if let why = text("omitted") {
            self = .omitted(why)
        } else if let message = text("failed") {
            self = .failed(RunError(type: text("type") ?? "", message))
        } else if let message = text("undecodable") {
            self = .undecodable(RunError(type: text("type") ?? "", message))
        } else if let message = text("permanent") {
            self = .permanent(message)
        } else if let message = text("retry") {
            self = .retry(afterMs: number("after_ms"), message)
        } else if fields["snooze"] != nil {
            self = .snooze(ms: number("snooze"))
        } else {
            return nil
        }
    }

    /// Says it again, as the handler did.
    func get() throws -> Handlers.Output {
        switch self {
        case .result(let bytes): return .json(bytes)
        case .omitted(let why): return .omitted(why)
        case .failed(let error): throw Handlers.Failed(error: error)
        case .undecodable(let error): throw Handlers.Undecodable(error: error)
        case .permanent(let message): throw JobError.permanent(message)
        case .retry(let ms, let message): throw JobError.retry(after: .milliseconds(ms), message)
        case .snooze(let ms): throw JobError.snooze(.milliseconds(ms))
        }
    }
}
