import HTTPTypes
import JobModel
import Synchronization

extension HTTPField.Name {
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotencyReplayed = HTTPField.Name("Idempotency-Replayed")!
    static let prefer = HTTPField.Name("Prefer")!
    static let preferenceApplied = HTTPField.Name("Preference-Applied")!
    static let rateLimit = HTTPField.Name("RateLimit")!
    static let rateLimitPolicy = HTTPField.Name("RateLimit-Policy")!
}

/// One id for a request, its job, and every line that is logged of either.
enum RequestID {
    /// Longest id that is taken over from a caller.
    static let limit = 128

    private static let factory = Mutex(ULIDFactory())

    /// The caller's own id where it is short and plain, else a new one: it will stand in logs, environments and headers.
    static func of(_ headers: HTTPFields, now: Int) -> String {
        if let id = headers[.requestID], isPlain(id) { return id }
        var generator = SystemRandomNumberGenerator()
        return factory.withLock { $0.make(ms: now, using: &generator) }
    }

    static func isPlain(_ id: String) -> Bool {
        let bytes = id.utf8
        return !bytes.isEmpty && bytes.count <= limit && bytes.allSatisfy(isPlain)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "._:/@+=-".utf8.contains(byte)
        }
    }
}
