import Foundation
import JobModel
import JobStore
import Redis

/// What one round cost.
struct Figure: CustomStringConvertible {
    var name: String
    var jobs: Int
    var seconds: Double
    /// CPU seconds.
    var redis: Double
    var process: Double

    var rate: Double { Double(jobs) / seconds }

    var description: String {
        let perJob = 1_000_000 / Double(jobs)
        return name.padding(toLength: 24, withPad: " ", startingAt: 0)
            + String(
                format: "%9.0f jobs/s   redis %5.2f µs/job   process %5.2f µs/job", rate, redis * perJob,
                process * perJob)
    }

    func ratio(to other: Figure?) -> String {
        other.map { String(format: "   %.2f of bare", rate / $0.rate) } ?? ""
    }

    static func median(_ figures: [Figure]) -> Figure { figures.sorted { $0.rate < $1.rate }[figures.count / 2] }
}

/// Clocks: the wall's, Redis' and this process' CPU.
struct Meter: Sendable {
    private let client: RedisClient

    init(_ redis: RedisConfiguration) async throws {
        client = RedisClient(redis)
        try await client.connect()
    }

    func close() async { await client.close() }

    func measure(_ name: String, _ jobs: Int, _ work: () async throws -> Void) async throws -> Figure {
        let redis = try await redisSeconds()
        let process = Self.processSeconds()
        let start = ContinuousClock.now
        try await work()
        let wall = (ContinuousClock.now - start).components
        return Figure(
            name: name, jobs: jobs, seconds: Double(wall.seconds) + Double(wall.attoseconds) / 1e18,
            redis: try await redisSeconds() - redis, process: Self.processSeconds() - process)
    }

    private func info() async throws -> [Substring: Substring] {
        let text = try await client.send(Command("INFO")).string()
        var fields: [Substring: Substring] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2 { fields[pair[0]] = pair[1] }
        }
        return fields
    }

    private func redisSeconds() async throws -> Double {
        let info = try await info()
        return ["used_cpu_sys", "used_cpu_user"].reduce(0) { $0 + (Double(info[$1] ?? "") ?? 0) }
    }

    func version() async throws -> String { String(try await info()["redis_version"] ?? "?") }
    func delayedFsyncs() async throws -> String { String(try await info()["aof_delayed_fsync"] ?? "?") }
    /// Redis rewrites a young append-only file every few seconds, in a process that takes a core from whatever is measured
    /// then: not during a run. The file is written and synced all the same.
    func keepLog() async throws {
        _ = try await client.send(Command("CONFIG", "SET", "auto-aof-rewrite-percentage", "0"))
    }

    func flush() async throws { _ = try await client.send(Command("FLUSHALL"), timeout: .seconds(60)) }

    func total(_ name: String, of queue: String) async throws -> Int {
        let key = Key.meta.name(in: try QueueName(queue))
        return Int(try await client.send(Command("HGET", key, name)).optionalString() ?? "0") ?? 0
    }

    private static func processSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
