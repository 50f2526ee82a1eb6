import Foundation
import JobModel
import JobQueueClient
import JobStore
import Redis

/// A worker in a process of its own, to be weighed: `queue-worker run` with demo handlers.
struct WorkerProcess: ~Copyable {
    private let process = Process()

    init(_ program: String, url: String, queue: QueueName, _ options: [String] = []) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments =
            ["run", "--demo-handlers", "--queues", queue.text, "--concurrency", "100", "--log-level", "error"] + options
        process.environment = ProcessInfo.processInfo.environment.merging(["REDIS_URL": url]) { $1 }
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }

    /// It takes leave of its queue, so that nothing of it is left.
    deinit {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
    }

    var residentBytes: Int? { Meter.residentBytes(of: process.processIdentifier) }
    var isRunning: Bool { process.isRunning }
}

extension Stage {
    /// The largest resident memory of a worker while it does so many jobs, in MB.
    func worker(_ jobs: Int, _ program: String, _ url: String) async throws -> [Figure] {
        try await play { queue in
            try await fill(queue, jobs) { Echo(number: $0) }
            let worker = try WorkerProcess(program, url: url, queue: queue, ["--burst"])
            var largest = 0
            while worker.isRunning {
                largest = max(largest, worker.residentBytes ?? 0)
                try await Task.sleep(for: .milliseconds(20))
            }
            guard try await meter.total("succeeded", of: queue) == jobs else {
                throw BenchFailure("the worker ended before its jobs did")
            }
            return [Figure(row: "memory.worker", value: Double(largest) / 1_000_000)]
        }
    }

    /// Lets one worker do so many jobs, and tells its resident memory after every 250,000 of them: (jobs, bytes).
    func soak(
        _ jobs: Int, _ program: String, _ url: String, step: Int = 250_000, _ tell: (Int, Int) -> Void
    ) async throws -> [(jobs: Int, bytes: Int)] {
        try await play { queue in
            let worker = try WorkerProcess(program, url: url, queue: queue)
            var samples: [(jobs: Int, bytes: Int)] = []
            for done in stride(from: step, through: max(step, jobs), by: step) {
                try await fill(queue, step, ttl: 0) { Echo(number: $0) }
                while try await meter.total("succeeded", of: queue) < done {
                    guard worker.isRunning else { throw BenchFailure("the worker ended before its jobs did") }
                    try await Task.sleep(for: .milliseconds(50))
                }
                samples.append((done, worker.residentBytes ?? 0))
                tell(done, worker.residentBytes ?? 0)
            }
            return samples
        }
    }
}

/// A job of the demo handlers, as large as the others.
struct Echo: Job {
    static let name = "demo.echo"
    var number: Int
    var address = "somebody@example.org"

    init(number: Int) { self.number = number }
}

/// How memory grows with jobs: least squares over the second half, when every buffer has met its largest batch.
public func bytesPerMillionJobs(_ samples: [(jobs: Int, bytes: Int)]) -> Double {
    let half = samples.suffix((samples.count + 1) / 2)
    guard half.count > 1 else { return 0 }
    let jobs = half.map { Double($0.jobs) }
    let bytes = half.map { Double($0.bytes) }
    let meanJobs = jobs.reduce(0, +) / Double(half.count)
    let meanBytes = bytes.reduce(0, +) / Double(half.count)
    let covariance = zip(jobs, bytes).reduce(0) { $0 + ($1.0 - meanJobs) * ($1.1 - meanBytes) }
    let variance = jobs.reduce(0) { $0 + ($1 - meanJobs) * ($1 - meanJobs) }
    return covariance / variance * 1_000_000
}
