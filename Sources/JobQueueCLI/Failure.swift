import JobQueueClient
import JobStore
import Redis

/// Why a command ends without having done what it was asked, for people and for scripts.
struct Failure: Error {
    /// The exit codes, as documented in `--help`; the numbers follow sysexits.h.
    enum Code: Int32 {
        case failed = 1
        case usage = 64
        case badInput = 65
        case notFound = 66
        case unreachable = 69
        case cannotWrite = 74
        case timedOut = 75
        case notAllowed = 77
        case badConfiguration = 78
        case interrupted = 130
    }

    var code: Code
    /// One line that says what to do.
    var message: String
    /// Lines after that one, where several things are wrong at once.
    var more: [String] = []

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ error: JobQueueError) {
        let code: Code =
            switch error.code {
            case .badURL, .unsafeServer, .tls, .foreignFormat: .badConfiguration
            case .badName, .badOption: .usage
            case .badPayload, .payloadTooLarge: .badInput
            case .unreachable: .unreachable
            case .denied: .notAllowed
            case .unknownJob: .notFound
            case .waitTimedOut: .timedOut
            default: .failed
            }
        self.init(code, error.message)
    }

    init(_ error: StoreError) { self.init(JobQueueError(error)) }
}
