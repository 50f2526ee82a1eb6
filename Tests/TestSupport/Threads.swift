import Foundation

/// Threads of tests.
package enum Threads {
    /// Runs what waits on a thread of its own: the few that run tasks have tests to run.
    package static func run<Answer: Sendable>(_ body: @escaping @Sendable () throws -> Answer) async throws -> Answer {
        try await withCheckedThrowingContinuation { (caller: CheckedContinuation<Answer, any Error>) in
            Thread.detachNewThread { caller.resume(with: Result { try body() }) }
        }
    }
}
