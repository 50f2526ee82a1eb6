package import JobStore
import Redis

/// Why a job could not be handed over, looked at or stopped.
///
/// Compare `code`; `message` is one line for people that says what to do.
public struct JobQueueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A code may be added in any version, so a `switch` over codes needs a default.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String
        init(_ description: String) { self.description = description }

        /// The URL of Redis cannot be read. Correct it.
        public static let badURL = Code("bad-url")
        /// A queue, job, id or tag has a name that breaks the rule. Correct it; nothing was stored.
        public static let badName = Code("bad-name")
        /// A number is out of its range. Correct it; nothing was stored.
        public static let badOption = Code("bad-option")
        /// The payload is not JSON or cannot be encoded. Correct it; nothing was stored.
        public static let badPayload = Code("bad-payload")
        /// The payload is over the limit. Store it elsewhere and enqueue a reference; nothing was stored.
        public static let payloadTooLarge = Code("payload-too-large")
        /// The id belongs to a job with another name or payload. Choose another id.
        public static let conflict = Code("conflict")
        /// The queue takes no more jobs now. Try again later, or slow down.
        public static let queueFull = Code("queue-full")
        /// Redis cannot be reached, did not answer in time, or did not write down in time what it took. Try again with the same
        /// id: nothing is stored twice.
        public static let unreachable = Code("unreachable")
        /// Redis refuses user or password, or a right is missing. An operator must correct that.
        public static let denied = Code("denied")
        /// There is no TLS connection that can be trusted: a certificate, a name or a file is wrong, or only one side
        /// encrypts. An operator must correct that; see the message.
        public static let tls = Code("tls")
        /// Redis refuses writes: memory or disk is full, or it is a replica. Try again later.
        public static let refused = Code("refused")
        /// The server would lose jobs: eviction policy, version or role. See the message.
        public static let unsafeServer = Code("unsafe-server")
        /// There is no such job, or it ended and is forgotten.
        public static let unknownJob = Code("unknown-job")
        /// The job did not end in time. It goes on; wait again.
        public static let waitTimedOut = Code("wait-timed-out")
        /// The connection to Postgres has no transaction open. Begin one around the call; nothing was done.
        public static let noTransaction = Code("no-transaction")
        /// The stored data is of another version. Upgrade.
        public static let foreignFormat = Code("foreign-format")
        /// A defect: please report it.
        public static let internalError = Code("internal")
    }

    public var code: Code
    public var message: String
    /// What of the job is wrong, as it is called in the envelope, such as `max_attempts` or `tags/2`; nil where it is not
    /// the job that is wrong.
    package var field: String?
    public var description: String { message }

    package init(_ code: Code, _ message: String, field: String? = nil) {
        self.code = code
        self.message = message
        self.field = field
    }

    package init(_ error: StoreError) {
        switch error {
        case .redis(let error): self.init(error)
        case .unwritten: self.init(.unreachable, "\(error) (look at that disk, and try again with the same id)")
        case .foreignFormat: self.init(.foreignFormat, "\(error)")
        case .badAnswer: self.init(.internalError, "\(error)")
        }
    }

    private init(_ error: RedisError) {
        let code: Code =
            switch error {
            // The one mistake in a URL that only the server can see.
            case .unreachable(let why) where why.contains("DB index is out of range"): .badURL
            case .unreachable, .timedOut, .connectionLost, .closed, .loading, .busy, .tryAgain, .unblocked,
                .clusterDown, .masterDown:
                .unreachable
            case .tls: error.isRetryable ? .unreachable : .tls
            case .authentication, .permission: .denied
            case .outOfMemory, .persistence, .readOnly, .noReplicas: .refused
            case .noScript, .wrongType, .moved, .ask, .script, .server, .protocolError: .internalError
            }
        self.init(code, "\(error)" + Self.cure(of: error))
    }

    /// What the one who reads the message can do.
    private static func cure(of error: RedisError) -> String {
        switch error {
        case .authentication(let why) where why.contains("NOAUTH"):
            " (put user:password@ into the URL, before the host)"
        case .authentication: " (correct user:password@ in the URL)"
        case .outOfMemory: " (let workers empty the queues, or raise maxmemory)"
        case .persistence: " (look at the disk of Redis and its log)"
        default: ""
        }
    }
}
