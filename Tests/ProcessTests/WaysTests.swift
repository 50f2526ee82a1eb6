import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    /// Handlers on threads and in processes of their own, behind the command.
    @Suite(.timeLimit(.minutes(2))) struct WaysTests {
        @Test func `an isolated handler's crash is a failed attempt, and the worker goes on`() async throws {
            try await Site.run { site in
                let crash = try await site.enqueue(
                    "test.isolated", #"{"crashes":true}"#, options: JobOptions(maxAttempts: 1))
                let worker = try site.worker("a")
                try await eventually("the job is dead") { try await site.view(crash).state == .dead }
                let view = try await site.view(crash)
                #expect(view.errors.map(\.reason) == [.crash])
                #expect(view.errors.first?.message.contains("this handler crashes") == true)
                let numbers = try await site.enqueueNumbers(0..<3) { _ in 0 }
                try await site.drained()
                #expect(try await site.store.inspect(numbers, full: false).jobs.allSatisfy { $0.state == .succeeded })
                #expect(worker.status == nil)
                #expect(Set(site.journal.lines.filter { $0.id != crash }.map(\.pid)) == [worker.pid])
            }
        }

        @Test func `a configuration that is broken later costs an isolated job no attempt`() async throws {
            try await Site.run { site in
                let file = site.redis.folder.appending(path: "queue.yaml")
                try Data("queue: {prefetch: 0}\n".utf8).write(to: file)
                let worker = try site.worker("a", "--config", file.path)
                try await site.haveBeaten(1)
                try Data("queue: {prefetchh: 0}\n".utf8).write(to: file)
                let id = try await site.enqueue(
                    "test.isolated", #"{"crashes":true}"#, options: JobOptions(maxAttempts: 1))
                try await eventually("the job is put off") { try await site.view(id).state == .retrying }
                #expect(try await site.view(id).record.attempts == 0)
                #expect(worker.log.contains("did not come up") && worker.log.contains("prefetchh"))
            }
        }

        @Test func `a worker that stops gives the job of an isolated handler back`() async throws {
            try await Site.run { site in
                let id = try await site.enqueue("test.isolated", #"{"crashes":false}"#)
                let worker = try site.worker("a", "--drain-timeout", "200ms")
                try await site.started(id)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                // It was told, and could tidy up.
                #expect(site.journal.lines.map(\.phase) == [.start, .stop])
                let view = try await site.view(id)
                #expect(view.state == .queued && view.record.attempts == 0)
                #expect(view.errors.map(\.reason) == [.released])
            }
        }

        @Test func `a blocking handler that ignores its time limit ends its process with 70`() async throws {
            try await Site.run { site in
                try await site.enqueue("test.stuck", "{}", options: JobOptions(timeout: .milliseconds(300)))
                let stuck = try site.worker("stuck", "--kill-after", "300ms")
                #expect(try await stuck.exit() == 70)
            }
        }
    }
}
