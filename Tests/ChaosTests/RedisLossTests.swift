import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

extension LoadTests {
    @Suite(.timeLimit(.minutes(2))) struct RedisLossTests {
        @Test func `a worker goes on by itself when a killed Redis is back, and nothing is lost`() async throws {
            try await Site.run(writesAtOnce) { site in
                var ids = try await site.enqueueNumbers(0..<1000) { _ in 4 }
                let worker = try site.worker("a")
                for round in 1...3 {
                    try await site.started(round * 200)
                    site.redis.kill()
                    try site.redis.start()
                    let back = site.journal.lines.count
                    try await eventually("work goes on", within: .seconds(5)) { site.journal.lines.count > back + 20 }
                    ids += try await site.enqueueNumbers(ids.count..<ids.count + 100) { _ in 4 }
                }
                try await site.drained()
                #expect(worker.status == nil)
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
            }
        }

        @Test(arguments: [true, false])
        func `a worker says that the data is gone, keeps running and takes new jobs`(isIdle: Bool) async throws {
            try await Site.run { site in
                let old = try await site.enqueue("test.sleep", #"{"ms":60000}"#)
                let worker = try site.worker("a")
                try await site.started(old)
                _ = try await site.store.client.send(.init("FLUSHALL"))
                // Whoever is idle notices by its beat, whoever claims by its claim.
                if isIdle { try await eventually("it is noticed") { worker.log.contains("history was lost") } }
                let new = try await site.enqueue("test.number", #"{"number":7,"ms":0}"#)
                try await eventually("the new job is done") { try await site.view(new).state == .succeeded }
                #expect(worker.log.contains("history was lost"))
                #expect(site.journal.lines.map(\.phase).contains(.stop), "the run whose job is gone was not cancelled")
                let after = try await site.enqueue("test.number", #"{"number":8,"ms":0}"#)
                try await site.drained()
                #expect(try await site.view(after).result?.result.elementsEqual("8".utf8) == true)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                #expect(try await Audit(site.store).findings(against: site.journal.lines) == [])
            }
        }
    }
}
