import Foundation
import Redis

/// Measures every speed that is promised, on a given server, in queues of its own that are gone afterwards.
///
/// Rounds go through all rows before the next round begins, so that a slow minute of the machine hits all of them, and the
/// median counts.
public struct BenchSuite: Sendable {
    public struct Options: Sendable {
        /// Jobs of a drain; other rows take a share of it. At least 1,000.
        public var jobs = 500_000
        public var rounds = 5
        /// The rows to measure, by id; empty: all.
        public var only: Set<String> = []
        /// What exec handlers run.
        public var exec = ["/bin/cat"]
        /// A program with the command `run`, which is weighed.
        public var program = "/proc/self/exe"
        /// The server serves nobody else, so its settings may be changed.
        public var isPrivate = false

        public init() {}
    }

    /// In the order of the table.
    public static let rows = [
        Row("bare", "bare Redis commands of a drain", "jobs/s"),
        Row("drain.typed", "drain, typed no-op, concurrency 100", "jobs/s", .atLeast(120_000)),
        Row("drain.forget", "… with result TTL 0", "jobs/s", .atLeast(150_000)),
        Row("drain.narrow", "… with concurrency 10", "jobs/s", .atLeast(60_000)),
        Row("enqueue.one", "enqueue, 1 caller", "jobs/s", .atLeast(10_000)),
        Row("enqueue.many", "enqueue, 512 callers", "jobs/s", .atLeast(120_000)),
        Row("enqueue.bulk", "enqueue, bulk of 1,000", "jobs/s", .atLeast(200_000)),
        Row("latency.p50", "enqueue to start of handler, idle, p50", "ms", .atMost(0.3)),
        Row("latency.p99", "… p99", "ms", .atMost(0.6)),
        Row("naps", "jobs that wait 100 ms, concurrency 500", "× ideal", .atMost(1.06)),
        Row("exec", "exec handler, concurrency 4", "jobs/s", .atLeast(1200)),
        Row("memory.queued", "Redis memory of a queued job beside its envelope", "B", .atMost(240)),
        Row("memory.worker", "worker's resident memory while draining", "MB", .atMost(40)),
    ]

    private let options: Options
    private let redis: RedisConfiguration
    private let url: String

    /// Throws when the URL is none.
    public init(url: String, _ options: Options) throws {
        self.options = options
        self.url = url
        redis = try RedisConfiguration(url: url)
    }

    /// Measures, and calls `tell` with a line about each figure as it is found.
    public func run(_ tell: (String) -> Void) async throws -> BenchReport {
        let meter = try await Meter(redis)
        if options.isPrivate { try await meter.keepLog() }
        let stage = Stage(redis: redis, meter: meter, mark: String(UInt32.random(in: 0 ... .max), radix: 36))
        var figures: [Figure] = []
        for round in 1...max(1, options.rounds) {
            for part in parts(stage) where part.rows.contains(where: isWanted) {
                for figure in try await part.run() where isWanted(figure.row) {
                    figures.append(figure)
                    tell("round \(round)  \(Self.line(figure))")
                }
            }
        }
        let info = try await meter.info()
        await meter.close()
        return BenchReport(figures, rounds: max(1, options.rounds), jobs: options.jobs, redis: info)
    }

    /// Lets one worker do so many jobs, and answers by how many bytes its memory grew for a million of them.
    public func soak(_ jobs: Int, _ tell: (String) -> Void) async throws -> Double {
        let meter = try await Meter(redis)
        if options.isPrivate { try await meter.keepLog() }
        let stage = Stage(redis: redis, meter: meter, mark: String(UInt32.random(in: 0 ... .max), radix: 36))
        let samples = try await stage.soak(jobs, options.program, url) { done, bytes in
            tell("\(done) jobs  \(String(format: "%.1f", Double(bytes) / 1_000_000)) MB")
        }
        await meter.close()
        return bytesPerMillionJobs(samples)
    }

    private func isWanted(_ row: String) -> Bool { options.only.isEmpty || options.only.contains(row) }

    private struct Part {
        var rows: [String]
        var run: () async throws -> [Figure]
    }

    private func parts(_ stage: Stage) -> [Part] {
        let jobs = options.jobs
        func share(_ part: Int, atMost most: Int) -> Int { max(100, min(jobs / part, most)) }
        return [
            Part(rows: ["bare"]) { try await stage.bare(jobs) },
            Part(rows: ["enqueue.bulk", "drain.typed"]) { try await stage.bulkAndDrain(jobs) },
            Part(rows: ["drain.forget"]) { try await stage.drainForgetting(jobs) },
            Part(rows: ["drain.narrow"]) { try await stage.drainNarrow(share(2, atMost: .max)) },
            Part(rows: ["enqueue.one"]) { try await stage.enqueueOne(share(25, atMost: 20_000)) },
            Part(rows: ["enqueue.many"]) { try await stage.enqueueMany(share(2, atMost: .max)) },
            Part(rows: ["latency.p50", "latency.p99"]) { try await stage.latency(share(1000, atMost: 500)) },
            Part(rows: ["naps"]) { try await stage.naps(share(100, atMost: 5000)) },
            Part(rows: ["exec"]) { try await stage.exec(share(100, atMost: 5000), command: options.exec) },
            Part(rows: ["memory.queued"]) { try await stage.memory(share(5, atMost: 100_000)) },
            Part(rows: ["memory.worker"]) {
                try await stage.worker(share(2, atMost: .max), options.program, url)
            },
        ]
    }

    private static func line(_ figure: Figure) -> String {
        guard let row = rows.first(where: { $0.id == figure.row }) else { return figure.row }
        return BenchReport.cells(row, figure.value, figure.redis, figure.process).joined(separator: "  ")
    }
}
