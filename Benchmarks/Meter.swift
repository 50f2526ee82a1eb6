import Foundation
import JobModel
import JobStore
import Redis

/// Clocks and scales: the wall's time, Redis' and this process' CPU, and memory.
struct Meter: Sendable {
    let client: RedisClient

    init(_ redis: RedisConfiguration) async throws {
        client = RedisClient(redis)
        try await client.connect()
    }

    func close() async { await client.close() }

    /// What the work cost, as jobs per second.
    func measure(_ row: String, _ jobs: Int, _ work: () async throws -> Void) async throws -> Figure {
        let redis = try await redisSeconds()
        let process = Self.processSeconds()
        let start = ContinuousClock.now
        try await work()
        let wall = (ContinuousClock.now - start).seconds
        let micros = 1_000_000 / Double(jobs)
        return Figure(
            row: row, value: Double(jobs) / wall, redis: (try await redisSeconds() - redis) * micros,
            process: (Self.processSeconds() - process) * micros)
    }

    func info() async throws -> [String: String] {
        let text = try await client.send(Command("INFO"), timeout: .seconds(60)).string()
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2 { fields[String(pair[0])] = String(pair[1]) }
        }
        return fields
    }

    private func redisSeconds() async throws -> Double {
        let info = try await info()
        return ["used_cpu_sys", "used_cpu_user"].reduce(0) { $0 + (Double(info[$1] ?? "") ?? 0) }
    }

    /// Redis rewrites a young append-only file every few seconds, in a process that takes a core from whatever is measured
    /// then: not during a run. The file is written and synced all the same.
    func keepLog() async throws {
        _ = try await client.send(Command("CONFIG", "SET", "auto-aof-rewrite-percentage", "0"))
    }

    /// Removes a queue, and returns when its memory is free: what is freed in the background is not part of what follows.
    func forget(_ queue: QueueName) async throws {
        var keys = Arguments()
        for key in Key.allCases { keys.append(key.name(in: queue)) }
        _ = try await client.send(Command("UNLINK", keys), timeout: .seconds(60))
        _ = try await client.send(Command("ZREM", "jq:queues", queue.text))
        while try await Int(info()["lazyfree_pending_objects"] ?? "0") ?? 0 > 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func usedMemory() async throws -> Int { Int(try await info()["used_memory"] ?? "0") ?? 0 }

    func total(_ name: String, of queue: QueueName) async throws -> Int {
        Int(try await client.send(Command("HGET", Key.meta.name(in: queue), name)).optionalString() ?? "0") ?? 0
    }

    private static func processSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// The resident memory of a process, bytes; nil when there is no such process.
    static func residentBytes(of pid: Int32) -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") })
        else { return nil }
        return line.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Meter {
    /// The length of an envelope, from a hundred of them.
    func envelopeBytes(of queue: QueueName) async throws -> Double {
        var reader = try await client.send(
            Command("HRANDFIELD", Key.jobs.name(in: queue), "100", "WITHVALUES")
        ).reader
        let count = try reader.array() / 2
        var bytes = 0
        for _ in 0..<count {
            try reader.skip()
            bytes += try reader.bytes().count
        }
        return Double(bytes) / Double(max(1, count))
    }
}
