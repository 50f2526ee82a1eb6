import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension LoadTests {
    /// `RESTARTS` is how often workers are told to end, all in all.
    @Suite struct RestartTests {
        static let restarts = number("RESTARTS", otherwise: 10)
        /// Where in the queue the first job that was ever accepted stood: only what is given back stands before it.
        private static let firstAccepted = Double(Priority.normal.value << 49 + 1 << 48)

        @Test(.timeLimit(.minutes(2 + restarts / 10)), arguments: [0, 2])
        func `whoever is told to end ends in time, loses nothing and spends nothing`(processes: Int) async throws {
            var seed = Seed("restarts")
            let rounds = (Self.restarts + 1) / 2
            try await Site.run { site in
                // One in thirty takes longer than some are given, and the first two longer than anybody waits.
                let durations = (0..<300 * rounds).map { number in
                    if number < 2 { return 4000 }
                    return Int.random(in: 0..<30, using: &seed) == 0 ? 400 : Int.random(in: 0...8, using: &seed)
                }
                let ids = try await site.enqueueNumbers(durations.indices) { durations[$0] }
                var released = 0
                for round in 1...rounds {
                    released += try await Self.restart(site, round, processes, &seed)
                }
                _ = try site.worker("last", slots: 50)
                try await site.drained(within: .seconds(60))

                let lines = site.journal.lines
                var audit = try await Audit(site.store)
                audit.expectSucceeded(Dictionary(uniqueKeysWithValues: zip(ids, 0...)))
                #expect(audit.findings(against: lines) == [], "seed: \(seed.value)\n\(site.logs)")
                #expect(audit.reasons.values.allSatisfy { $0.allSatisfy { $0 == .released } })
                let ends = lines.filter { $0.phase == .end }
                #expect(Set(ends.map(\.id)).count == ends.count, "what had finished ran again; seed: \(seed.value)")
                print(
                    "restarts: \(rounds) with \(processes) processes, \(released) runs given back, seed: \(seed.value)")
            }
        }

        /// Starts workers, and tells them to end at a moment of their work. Answers how many runs they gave back.
        private static func restart(
            _ site: Site, _ round: Int, _ processes: Int, _ seed: inout Seed
        ) async throws -> Int {
            let drain = [100, 1000, 25_000].randomElement(using: &seed) ?? 0
            let worker = try site.worker(
                "worker-\(round)", lease: "60s", "--processes", "\(processes)",
                "--drain-timeout", "\(drain)ms")
            let before = site.journal.lines.count
            let patience = Int.random(in: 1...300, using: &seed)
            try await eventually("the journal grows by \(patience) lines") {
                site.journal.lines.count >= before + patience
            }
            worker.signal(SIGTERM)
            if drain == 25_000 {
                try await eventually("it is heard") { worker.log.contains("received") }
                worker.signal(SIGTERM)
            }
            #expect(try await worker.exit(within: .milliseconds(drain % 25_000) + .seconds(3)) == 0)
            #expect(try await site.store.snapshot().workers == [])
            let runs = site.journal.lines[before...]
            let given = Set(runs.filter { $0.phase == .stop }.map(\.id))
            for view in try await site.store.inspect(given.prefix(200).map(\.self), full: false).jobs {
                #expect(view.record.attempts == 0)
                #expect(view.score.map { $0 < firstAccepted } == true, "given back behind others; seed: \(seed.value)")
            }
            return given.count
        }
    }
}
