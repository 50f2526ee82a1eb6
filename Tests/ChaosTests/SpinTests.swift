import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension LoadTests {
    @Suite(.timeLimit(.minutes(2))) struct SpinTests {
        @Test(arguments: [0, 1])
        func `a handler that computes for ever loses its process, and those who waited for it are done soon`(
            processes: Int
        ) async throws {
            try await Site.run { site in
                let spin = try await site.enqueue("test.spin", "{}", options: JobOptions(timeout: .seconds(1)))
                let ids = try await site.enqueueNumbers(0..<5) { _ in 0 }
                func start() throws -> Child {
                    try site.worker("worker", slots: 1, "--kill-after", "300ms", "--processes", "\(processes)")
                }
                var worker = try start()
                try await site.started(spin)
                let begin = ContinuousClock.now
                try await eventually("those who waited are done", within: .seconds(30)) {
                    // As a service manager would.
                    if let status = worker.status {
                        #expect(status == 70)
                        worker = try start()
                    }
                    return try await site.store.inspect(ids, full: false).jobs.allSatisfy { $0.state == .succeeded }
                }
                #expect(ContinuousClock.now - begin < .seconds(30))
                #expect(processes == 0 || worker.status == nil, "the supervisor has ended")
                let first = try #require(site.journal.starts(of: spin).first?.pid)
                #expect(!Processes.isAlive(first))
                #expect(site.journal.ends(of: spin).isEmpty)
                // Only a supervisor can tell whose fault it was.
                try await eventually("the run has its reason") {
                    try await site.view(spin).errors.first?.reason == (processes == 0 ? .lost : .timeout)
                }
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(
                    audit.findings(against: site.journal.lines, killed: Set(site.journal.starts(of: spin).map(\.pid)))
                        == [])
            }
        }
    }
}
