import FoundationEssentials
import JobModel
import JobQueueWorker
import Logging

/// What the process of an isolated run reads from stdin: the job, and what its handler has to know of the worker.
struct IsolatedCall {
    var job: JobFacts
    var maxResultBytes: Int
    var logLevel: Logger.Level

    func encoded(payload: ArraySlice<UInt8>) -> [UInt8] {
        JSONWriter.object(capacity: 512 + payload.count) { writer in
            writer.field("max_result_bytes", maxResultBytes)
            writer.field("log_level", logLevel.rawValue)
            job.write(to: &writer, payload: payload)
        }
    }

    /// The other side; nil when it is not whole, because the worker was killed while it wrote.
    static func read(_ bytes: [UInt8]) -> (facts: LoneRun.Facts, logLevel: Logger.Level)? {
        var facts = LoneRun.Facts()
        var level = Logger.Level.info
        let isWhole: Void? = bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try? scanner.object { key, range in
                let value = UnsafeBufferPointer(rebasing: buffer[range])
                switch String(decoding: key, as: UTF8.self) {
                case "payload": facts.payload = bytes[range]
                case "log_level": level = JSONReader.string(value).flatMap(Logger.Level.init(rawValue:)) ?? level
                case let key: take(key, value, into: &facts)
                }
            }
        }
        return isWhole == nil ? nil : (facts, level)
    }

    private static func take(_ key: String, _ value: UnsafeBufferPointer<UInt8>, into facts: inout LoneRun.Facts) {
        let number = JSONReader.int(value) ?? 0
        let text = JSONReader.string(value) ?? ""
        switch key {
        case "id": facts.id = text
        case "name": facts.name = text
        case "queue": facts.queue = (try? QueueName(text)) ?? .default
        case "attempt": facts.attempt = number
        case "max_attempts": facts.maxAttempts = number
        case "epoch": facts.epoch = number
        case "generation": facts.generation = number
        case "tags": facts.tags = JSONReader.strings(value) ?? []
        case "metadata": facts.metadata = JSONReader.map(value) ?? [:]
        case "request_id": facts.requestID = text
        case "max_result_bytes": facts.maxResultBytes = number
        case "deadline_ms": facts.rest = .milliseconds(number - Int(Date().timeIntervalSince1970 * 1000))
        default: break
        }
    }
}
