import JobQueueClient
import JobStore

extension Problem {
    /// What an error of the queue means to a caller.
    init(_ error: JobQueueError) {
        switch error.code {
        case .badName, .badOption, .badPayload:
            self.init(
                .invalidJob, error.message,
                fields: error.field.map { [Field("/\($0)", Self.code(error), error.message)] } ?? [])
        case .payloadTooLarge: self.init(.payloadTooLarge, error.message)
        case .conflict: self.init(.conflict, error.message)
        case .queueFull: self = Problem(.queueFull, error.message).retry(after: 5)
        case .unknownJob: self.init(.jobNotFound, error.message)
        case .unreachable, .tls, .denied: self = Self.away
        case .refused: self = Problem(.redisUnavailable, error.message).retry(after: 5)
        default: self.init(.internalError, error.message)
        }
    }

    init(_ error: StoreError) { self.init(JobQueueError(error)) }

    /// Says less than the error: addresses and users of Redis are not for callers. The log has the rest.
    private static let away = Problem(
        .redisUnavailable,
        "Redis does not answer: try again with the same Idempotency-Key or id, nothing is stored twice"
    ).retry(after: 1)

    private static func code(_ error: JobQueueError) -> String {
        switch error.code {
        case .badName: "bad-name"
        case .badPayload: "bad-payload"
        default: "out-of-range"
        }
    }
}

/// Runs a call of the store as part of a route.
func asking<T>(_ body: () async throws(StoreError) -> T) async throws(Problem) -> T {
    do throws(StoreError) { return try await body() } catch { throw Problem(error) }
}
