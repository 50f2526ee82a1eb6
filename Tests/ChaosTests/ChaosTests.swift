import Foundation
import JobModel
import ProcessSupport
import TestSupport
import Testing

extension LoadTests {
    /// `SEED` repeats the choices of a run, `ROUNDS` is the number of kills, `FSYNC` what Redis' `appendfsync` is.
    @Suite struct ChaosTests {
        static let rounds = ProcessInfo.processInfo.environment["ROUNDS"].flatMap { Int($0) } ?? 10
        /// Anything but `everysec` promises that no outcome is lost; how many `everysec` loses is what a run with it measures.
        static let durability =
            ProcessInfo.processInfo.environment["FSYNC"].map { ["--appendfsync", $0] } ?? writesAtOnce
        /// Kills during one load, each of which begins with a new Redis.
        static let roundsOfALoad = 10

        @Test(.timeLimit(.minutes(2 + rounds / 10)))
        func `whoever is killed, each accepted job ends once, and each extra run has its reason`() async throws {
            let seed = Seed("chaos").value
            var total = Chaos.Tally()
            for first in stride(from: 0, to: Self.rounds, by: Self.roundsOfALoad) {
                let rounds = first..<min(first + Self.roundsOfALoad, Self.rounds)
                try await Site.run(Self.durability) { site in
                    var chaos = Chaos(site, seed: seed &+ UInt64(first))
                    let tally = try await chaos.run(rounds: rounds, jobs: 10_000)
                    #expect(tally.findings == [], "seed: \(seed), rounds \(rounds)\n\(site.logs)")
                    if !tally.findings.isEmpty { try keepEvidence(site, "\(seed)-\(first)") }
                    total = total + tally
                }
            }
            let reasons = total.reasons.map { "\($1) \($0.rawValue)" }.joined(separator: ", ")
            print(
                """
                chaos: \(total.rounds) rounds, \(total.workersKilled) workers and \(total.redisKilled) servers killed, \
                \(total.accepted) jobs accepted, \(total.uncertain) uncertain, \(total.repeats) runs repeated \
                (recorded: \(reasons.isEmpty ? "nothing" : reasons); \
                \(total.falseRecoveries) of workers that nobody killed), \(total.tornLogs) torn logs, \
                \(total.findings.count) findings; \(Self.durability.joined(separator: " ")), \
                aof_delayed_fsync \(total.delayedFsyncs)
                """)
            #expect(total.rounds == Self.rounds)
        }

        /// The append-only file knows everything that happened to the queue.
        private func keepEvidence(_ site: Site, _ name: String) throws {
            let folder = URL(fileURLWithPath: "/tmp/queue-chaos-\(name)")
            let files = FileManager.default
            site.redis.kill()
            try? files.removeItem(at: folder)
            try files.createDirectory(at: folder, withIntermediateDirectories: true)
            // A socket cannot be copied.
            for file in try files.contentsOfDirectory(atPath: site.redis.folder.path) where !file.hasSuffix(".sock") {
                try files.copyItem(at: site.redis.folder.appending(path: file), to: folder.appending(path: file))
            }
            print("the journal, the logs and the append-only file are kept in \(folder.path)")
        }
    }
}
