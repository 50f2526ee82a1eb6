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

        /// One process or more, and how long an fsync takes, in ms.
        private static let forms = losses > 3 ? [(0, 0), (2, 0), (0, 700), (2, 700)] : [(0, 700), (2, 0)]

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

        /// While the disk is busy Redis answers and writes later, and a kill takes along what it has not written: of what was
        /// accepted nothing, but of what had become of jobs; those run again, without a reason in their history.
        @Test(arguments: forms)
        func `with everysec nothing that was accepted is lost either`(processes: Int, syncMs: Int) async throws {
            let disk = try await Preload.slowDisk()
            try await Site.run(under: disk.command) { site in
                let ids = try await Self.losses(site, processes) { try disk.set($0 ? syncMs : 0) }
                var audit = try await Audit(site.store)
                let lost = ids.count { audit.states[$0] == nil }
                let others = audit.findings.count
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(lost == 0)
                // What else there may be are marks of a log that was torn within a script.
                #expect(audit.findings.dropFirst(others) == [])
                let repeated = site.journal.starts.count - Set(site.journal.starts.map(\.id)).count
                print(
                    """
                    everysec, \(processes) processes, fsyncs of \(syncMs) ms: \(Self.losses) servers killed, \(lost) of \
                    \(ids.count) accepted jobs lost, \(repeated) runs repeated, \
                    \(audit.findings(against: site.journal.lines).count) findings
                    """)
            }
        }

        /// Kills Redis again and again under a load. Answers the jobs, by number. `serve` is told whether a server is there
        /// that is to be killed.
        private static func losses(
            _ site: Site, _ processes: Int, serve: (Bool) throws -> Void = { _ in }
        ) async throws -> [String] {
            var ids = try await site.enqueueNumbers(0..<250 * losses + 250) { _ in 4 }
            let worker = try site.worker("a", "--processes", "\(processes)")
            for round in 1...losses {
                try serve(true)
                try await site.started(round * 200)
                let numbers = ids.count..<ids.count + 100
                async let more = site.enqueueNumbers(numbers) { _ in 4 }
                try await site.started(round * 200 + 20)
                site.redis.kill()
                try serve(false)
                try site.redis.start()
                let ready = site.journal.lines.count
                try await eventually("work goes on", within: .seconds(5)) { site.journal.lines.count > ready + 20 }
                ids += try await more
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
