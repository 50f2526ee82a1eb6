import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import Redis
import TestSupport

/// One load of jobs for two workers, during which workers and Redis itself are killed at random moments.
struct Chaos {
    struct Tally {
        var rounds = 0
        var workersKilled = 0
        var redisKilled = 0
        var accepted = 0
        /// Jobs whose producer heard nothing certain.
        var uncertain = 0
        /// Starts beyond the first of each job.
        var repeats = 0
        /// Entries in histories: runs that did not succeed.
        var reasons: [Reason: Int] = [:]
        /// Entries of lost runs that name a worker which nobody killed.
        var falseRecoveries = 0
        /// Loads whose append-only file was cut within the effects of a script. There jobs may run again and totals may
        /// be off; but all that was accepted must still be done.
        var tornLogs = 0
        /// As the last server of each load counted them.
        var delayedFsyncs = 0
        var findings: [String] = []

        static func + (a: Tally, b: Tally) -> Tally {
            Tally(
                rounds: a.rounds + b.rounds, workersKilled: a.workersKilled + b.workersKilled,
                redisKilled: a.redisKilled + b.redisKilled, accepted: a.accepted + b.accepted,
                uncertain: a.uncertain + b.uncertain, repeats: a.repeats + b.repeats,
                reasons: a.reasons.merging(b.reasons, uniquingKeysWith: +),
                falseRecoveries: a.falseRecoveries + b.falseRecoveries,
                tornLogs: a.tornLogs + b.tornLogs, delayedFsyncs: a.delayedFsyncs + b.delayedFsyncs,
                findings: a.findings + b.findings)
        }
    }

    private let site: Site
    private var random: Seed
    private var workers: [Child] = []
    private var launched = 0
    private var killed: Set<pid_t> = []
    /// The number of each job that is stored for certain.
    private var accepted: [String: Int] = [:]
    private var tally = Tally()
    private let begin = ContinuousClock.now
    private var time: String {
        (ContinuousClock.now - begin).formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1)))
    }

    init(_ site: Site, seed: UInt64) {
        self.site = site
        random = Seed(value: seed)
    }

    /// One kill in each round, while its share of the jobs is handed over and run.
    mutating func run(rounds: Range<Int>, jobs: Int) async throws -> Tally {
        for _ in 0..<2 { workers.append(try launch()) }
        let share = jobs / rounds.count
        for (index, round) in rounds.enumerated() {
            let numbers = index * share..<(index + 1) * share
            let durations = numbers.map { _ in Int.random(in: 0...10, using: &random) }
            async let produced = Self.produce(numbers, durations, site.producer)
            // Each job writes two lines at least, so the moment comes before the round's jobs are done.
            let line = 2 * numbers.lowerBound + Int.random(in: 0..<share * 9 / 5, using: &random)
            let victim = try await strike(atLine: line)
            let (certain, uncertain) = await produced
            accepted.merge(certain) { $1 }
            tally.uncertain += uncertain
            print("round \(round): \(victim) after \(time), \(accepted.count) jobs accepted")
        }
        try await eventually("all jobs have ended and both workers are there", within: .seconds(60)) {
            try replaceThoseWithoutRedis()
            let snapshot = try await site.store.snapshot()
            let present = Set(snapshot.workers.compactMap { WorkerCard(parsing: $0.about)?.pid })
            return snapshot.isDrained && workers.allSatisfy { present.contains(Int($0.pid)) }
        }
        print("all jobs ended after \(time)")
        for worker in workers { worker.signal(SIGTERM) }
        for worker in workers {
            let status = try await worker.exit()
            if status != 0 { tally.findings.append("a worker ended with \(status)") }
        }
        try await audit()
        tally.rounds = rounds.count
        return tally
    }

    private mutating func launch() throws -> Child {
        launched += 1
        return try site.worker("worker-\(launched)", slots: 10)
    }

    // MARK: Producing

    /// Hands jobs over in batches. Those of every other batch have ids of their own, so they are handed over again until
    /// it is certain that they are stored.
    private static func produce(
        _ numbers: Range<Int>, _ durations: [Int], _ producer: JobQueue
    ) async -> (certain: [String: Int], uncertain: Int) {
        var certain: [String: Int] = [:]
        var uncertain = 0
        for first in stride(from: numbers.lowerBound, to: numbers.upperBound, by: 100) {
            let hasOwnIDs = first % 200 == 0
            let batch = first..<min(first + 100, numbers.upperBound)
            let jobs = batch.map { number in
                let ms = durations[number - numbers.lowerBound]
                return JobQueue.BareJob(
                    name: "test.number", payload: "{\"number\":\(number),\"ms\":\(ms)}",
                    id: hasOwnIDs ? "own-\(number)" : nil)
            }
            var refused: Int
            repeat {
                refused = 0
                for (number, result) in zip(batch, await producer.enqueue(contentsOf: jobs)) {
                    switch result {
                    case .created(let handle), .duplicate(let handle, _): certain[handle.id] = number
                    case .refused, .conflict: refused += 1
                    }
                }
            } while hasOwnIDs && refused > 0
            uncertain += refused
        }
        return (certain, uncertain)
    }

    // MARK: Killing

    /// Waits for a line of the journal, then kills somebody and starts a successor. Says who it was.
    private mutating func strike(atLine line: Int) async throws -> String {
        let isRedis = Int.random(in: 0..<3, using: &random) == 0
        let index = Int.random(in: workers.indices, using: &random)
        let journal = site.journal
        try await eventually("the journal has \(line) lines", within: .seconds(60)) { journal.lines.count >= line }
        try replaceThoseWithoutRedis()
        if isRedis {
            site.redis.kill()
            try site.redis.start()
            tally.redisKilled += 1
            return "killed redis at line \(line)"
        }
        let victim = workers[index]
        victim.signal(SIGKILL)
        let status = try await victim.exit()
        guard status == 128 + SIGKILL || status == Self.noRedis else {
            throw Overdue(description: "worker \(victim.pid) ended by itself with \(status)")
        }
        killed.insert(victim.pid)
        workers[index] = try launch()
        tally.workersKilled += 1
        return "killed worker \(index) at line \(line)"
    }

    /// How a worker ends that finds no Redis when it starts.
    private static let noRedis: Int32 = 69

    /// As whoever started it would.
    private mutating func replaceThoseWithoutRedis() throws {
        for (index, worker) in workers.enumerated() where worker.status == Self.noRedis {
            workers[index] = try launch()
        }
    }

    // MARK: Checking

    private mutating func audit() async throws {
        let lines = site.journal.lines
        tally.accepted = accepted.count
        let facts = try await site.store.client.send(Command("INFO", "persistence")).string()
        let delayed = facts.split(whereSeparator: \.isNewline).first { $0.hasPrefix("aof_delayed_fsync:") }
        tally.delayedFsyncs = delayed?.split(separator: ":").last.flatMap { Int($0) } ?? 0
        var audit = try await Audit(site.store)
        let others = audit.findings.count
        audit.expectSucceeded(accepted)
        if try AppendOnlyFile(site.redis).isTorn() {
            tally.tornLogs = 1
            tally.findings += audit.findings.dropFirst(others)
            return
        }
        tally.findings += audit.findings(against: lines, killed: killed)
        let strangers = audit.states.keys.count { accepted[$0] == nil }
        if strangers > tally.uncertain {
            tally.findings.append("\(strangers) jobs nobody was told of, \(tally.uncertain) were uncertain")
        }
        let starts = lines.filter { $0.phase == .start }
        tally.repeats = starts.count - Set(starts.map(\.id)).count
        for entry in audit.histories.values.joined() {
            tally.reasons[entry.reason, default: 0] += 1
            // Who was killed before its first beat has no name there.
            let isKilled = entry.worker == "unknown worker" || killed.contains { entry.worker.contains(":\($0):") }
            if entry.reason == .lost, !isKilled { tally.falseRecoveries += 1 }
        }
    }
}
