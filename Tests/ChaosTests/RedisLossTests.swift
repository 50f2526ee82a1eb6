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
        /// `LOSSES` is how often Redis is killed in each test.
        private static let losses = number("LOSSES", otherwise: 3)

        @Test(arguments: [0, 2])
        func `workers go on by themselves when a killed Redis is back, and nothing is lost`(processes: Int) async throws
        {
            try await Site.run(writesAtOnce) { site in
                let ids = try await Self.losses(site, processes)
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: site.journal.lines) == [])
            }
        }

        /// What Redis answered and had not written yet is lost, and with it what had become of jobs: they run again.
        @Test(.enabled(if: losses > 3, "make chaos counts what everysec costs"), arguments: [0, 2])
        func `with everysec little is lost, and whatever is left is done`(processes: Int) async throws {
            try await Site.run(["--appendfsync", "everysec"]) { site in
                let ids = try await Self.losses(site, processes)
                let audit = try await Audit(site.store)
                let lost = ids.count { audit.states[$0] == nil }
                #expect(ids.allSatisfy { audit.states[$0] == .succeeded || audit.states[$0] == nil })
                // Two seconds of what is accepted, after each loss.
                #expect(lost <= 100 * Self.losses)
                let repeated = site.journal.starts.count - Set(site.journal.starts.map(\.id)).count
                print(
                    """
                    everysec, \(processes) processes: \(Self.losses) servers killed, \(lost) of \(ids.count) accepted jobs \
                    lost, \(repeated) runs repeated, \(audit.findings(against: site.journal.lines).count) findings
                    """)
            }
        }

        /// Kills Redis again and again under a load. Answers the jobs, by number.
        private static func losses(_ site: Site, _ processes: Int) async throws -> [String] {
            var ids = try await site.enqueueNumbers(0..<250 * losses + 250) { _ in 4 }
            let worker = try site.worker("a", "--processes", "\(processes)")
            for round in 1...losses {
                try await site.started(round * 200)
                ids += try await site.enqueueNumbers(ids.count..<ids.count + 100) { _ in 4 }
                site.redis.kill()
                try site.redis.start()
                let ready = site.journal.lines.count
                try await eventually("work goes on", within: .seconds(5)) { site.journal.lines.count > ready + 20 }
            }
            try await site.drained()
            #expect(worker.status == nil)
            worker.signal(SIGTERM)
            #expect(try await worker.exit() == 0)
            return ids
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
