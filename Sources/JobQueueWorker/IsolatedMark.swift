import Foundation
import JobQueueClient

/// How a process knows that it was started to run one job: a variable names its parent. One that was handed down further,
/// or set by hand, names somebody else.
package enum IsolatedMark {
    private static let name = "QUEUE_WORKER_ISOLATED"

    /// For the environment of a child.
    package static var variable: (name: String, value: String) { (name, "\(getpid())") }

    package static var isHere: Bool { getenv(name).map { String(cString: $0) == "\(getppid())" } ?? false }

    /// Must be called while there is one thread only, or nobody reads variables.
    package static func remove() { unsetenv(name) }

    /// A child that has not become one would be a worker, and start children in turn.
    static var refusal: JobQueueError {
        JobQueueError(
            .badOption, "this process was started to run one isolated job: call `await handlers.isolate()` earlier")
    }
}
