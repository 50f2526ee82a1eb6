import HTTPTypes

extension Problem.Kind {
    private init(_ name: String, _ status: HTTPResponse.Status, _ title: String) {
        self.init(name: name, status: status, title: title)
    }

    /// The request cannot be read: not JSON, a bad header, a bad query.
    public static let invalidRequest = Self("invalid-request", .badRequest, "The request cannot be read")
    /// A field is missing, unknown or out of range. `errors` names each.
    public static let invalidJob = Self("invalid-job", .unprocessableContent, "The job is not valid")
    /// The same for documents that are no jobs.
    public static let invalidDocument = Self("invalid-document", .unprocessableContent, "The document is not valid")
    public static let payloadTooLarge = Self(
        "payload-too-large", .contentTooLarge, "The payload or the body is too large")
    public static let unsupportedMedia = Self(
        "unsupported-media", .unsupportedMediaType, "The body has a media type that is not understood here")
    public static let requestTimeout = Self("request-timeout", .requestTimeout, "The request took too long to arrive")
    /// The line or the headers of the request have more bytes than are read.
    public static let headersTooLarge = Self(
        "headers-too-large", .requestHeaderFieldsTooLarge, "The headers of the request are too large")
    public static let unauthenticated = Self("unauthenticated", .unauthorized, "A valid token is needed")
    public static let forbidden = Self("forbidden", .forbidden, "The token does not allow this")
    public static let notFound = Self("not-found", .notFound, "There is nothing here")
    public static let jobNotFound = Self("job-not-found", .notFound, "There is no such job")
    public static let queueNotFound = Self("queue-not-found", .notFound, "There is no such queue")
    public static let methodNotAllowed = Self(
        "method-not-allowed", .methodNotAllowed, "This method cannot be used here")
    public static let conflict = Self("id-conflict", .conflict, "The id belongs to another job")
    public static let keyReused = Self(
        "idempotency-key-reused", .unprocessableContent, "The idempotency key was used for another request")
    public static let queueMismatch = Self("queue-mismatch", .conflict, "Path and body name two queues")
    public static let notConfirmed = Self("not-confirmed", .conflict, "What would be deleted is not confirmed")
    public static let jobRunning = Self("job-running", .conflict, "The job is running")
    public static let jobFinished = Self("job-finished", .conflict, "The job has ended")
    public static let jobFailed = Self("job-failed", .conflict, "The job did not succeed")
    public static let preconditionFailed = Self(
        "precondition-failed", .preconditionFailed, "The job has changed since it was read")
    public static let queueFull = Self("queue-full", .tooManyRequests, "The queue takes no more jobs now")
    public static let quotaExceeded = Self("quota-exceeded", .tooManyRequests, "Too many requests")
    public static let tooManyWaits = Self("too-many-waits", .tooManyRequests, "Too many requests wait already")
    public static let redisUnavailable = Self(
        "redis-unavailable", .serviceUnavailable, "The queue's Redis cannot be used now")
    public static let shuttingDown = Self("shutting-down", .serviceUnavailable, "The server is about to end")
    public static let internalError = Self("internal", .internalServerError, "A defect of the server")

    /// All kinds, for the pages that explain them.
    static let all: [Self] = [
        .invalidRequest, .invalidJob, .invalidDocument, .payloadTooLarge, .unsupportedMedia, .requestTimeout,
        .headersTooLarge, .unauthenticated, .forbidden, .notFound, .jobNotFound, .queueNotFound, .methodNotAllowed,
        .conflict, .keyReused, .queueMismatch,
        .notConfirmed,
        .jobRunning, .jobFinished, .jobFailed, .preconditionFailed, .queueFull, .quotaExceeded, .tooManyWaits,
        .redisUnavailable, .shuttingDown, .internalError,
    ]
}
