import Foundation
import JobModel
import JobQueueClient
import JobStore
import TestSupport
import Testing

extension ProcessTests {
    /// Handlers on threads of their own, behind the command.
    @Suite(.timeLimit(.minutes(2))) struct WaysTests {
        @Test func `a blocking handler that ignores its time limit ends its process with 70`() async throws {
            try await Site.run { site in
                try await site.enqueue("test.stuck", "{}", options: JobOptions(timeout: .milliseconds(300)))
                let stuck = try site.worker("stuck", "--kill-after", "300ms")
                #expect(try await stuck.exit() == 70)
            }
        }
    }
}
