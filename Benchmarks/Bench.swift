import ArgumentParser
import Foundation
import JobModel
import JobQueueClient
import JobQueueExec
import JobQueueWorker
import JobStore
import Redis

@main
enum Main {
    static func main() async {
        // Before the arguments are read: the processes of isolated jobs get no further.
        var handlers = Handlers()
        handlers.on(NoOp.self, as: .isolated) { _, _ in }
        await handlers.isolate()
        await Bench.main()
    }
}

/// Drains a backlog of no-op jobs and prints jobs per second, what Redis and this process spent on each, and the same
/// figures for the bare Redis commands of the same work, all from one run.
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue-bench",
        abstract: "Measure how fast jobs go through. Needs REDIS_URL; scripts/bench starts a server of its own.")

    @Option(help: "Jobs of each round.")
    var jobs = 500_000

    @Option(help: "Handlers at once.")
    var concurrency = 100

    @Option(help: "Rounds; the median counts.")
    var rounds = 3

    @Option(help: "How long records are kept, in seconds; 0 keeps none.")
    var resultTTL = 500

    @Option(help: "A command that runs each job, such as /bin/cat, instead of a handler in Swift.")
    var exec: String?

    @Flag(help: "Run each job of the handler in Swift in a process of its own.")
    var isolated = false

    func run() async throws {
        var handlers = Handlers()
        if let exec {
            let handler = ExecHandler(command: exec.split(separator: " ").map(String.init))
            try handler.check()
            handlers.on(name: NoOp.name, exec: handler)
        } else if isolated {
            handlers.on(NoOp.self, as: .isolated) { _, _ in }
        } else {
            handlers.on(NoOp.self) { _, _ in }
        }
        await handlers.isolate()
        try await measure(handlers)
    }

    private func measure(_ handlers: Handlers) async throws {
        let environment = ProcessInfo.processInfo.environment
        guard let url = environment["REDIS_URL"] else {
            throw ValidationError("REDIS_URL is not set: run scripts/bench, which starts a server of its own")
        }
        let redis = try RedisConfiguration(url: url)
        let meter = try await Meter(redis)
        try await meter.keepLog()
        print("\(jobs) jobs, concurrency \(concurrency), result TTL \(resultTTL) s; redis \(try await meter.version())")
        var lines: [String: [Figure]] = [:]
        for round in 0..<max(1, rounds) {
            let queue = "bench-\(round)"
            func note(_ figure: Figure) {
                print("round \(round + 1)  \(figure)")
                lines[figure.name, default: []].append(figure)
            }
            note(try await BareRound(redis: redis, jobs: jobs).run(meter))
            try await meter.flush()
            note(try await enqueue(url, queue, meter))
            note(try await drain(handlers, redis, queue, meter))
            try await meter.flush()
        }
        print("")
        print("median of \(max(1, rounds))")
        let bare = lines["bare commands"].map(Figure.median)
        for name in ["bare commands", "enqueue, bulk of 1,000", drained] {
            guard let figure = lines[name].map(Figure.median) else { continue }
            print("  \(figure)\(figure.ratio(to: bare))")
        }
        print("aof_delayed_fsync \(try await meter.delayedFsyncs())")
        await meter.close()
    }

    private var drained: String { exec.map { "drain, \($0)" } ?? "drain, \(isolated ? "isolated" : "typed") no-op" }

    private func enqueue(_ url: String, _ name: String, _ meter: Meter) async throws -> Figure {
        let queue = try await JobQueue(url: url)
        let options = JobOptions(queue: name, resultTTL: resultTTL == 0 ? .none : .seconds(resultTTL))
        let figure = try await meter.measure("enqueue, bulk of 1,000", jobs) {
            var next = 0
            while next < jobs {
                let batch = (next..<min(next + 1000, jobs)).map { NoOp(number: $0, address: "somebody@example.org") }
                let results = await queue.enqueue(contentsOf: batch, options: options)
                guard results.allSatisfy(\.isCreated) else {
                    throw BenchFailure(description: "not every job was taken in")
                }
                next += batch.count
            }
        }
        await queue.close()
        return figure
    }

    private func drain(
        _ handlers: Handlers, _ redis: RedisConfiguration, _ name: String, _ meter: Meter
    ) async throws -> Figure {
        var configuration = WorkerConfiguration()
        configuration.queues = .strict([try QueueName(name)])
        configuration.concurrency = concurrency
        configuration.isBurst = true
        let worker = try Worker(redis: redis, handlers: handlers, configuration: configuration)
        let figure = try await meter.measure(drained, jobs) { try await worker.run() }
        let done = try await meter.total("succeeded", of: name)
        guard done == jobs else { throw BenchFailure(description: "\(done) of \(jobs) jobs succeeded") }
        return figure
    }
}

/// The job that does nothing: its payload is decoded and thrown away.
struct NoOp: Job {
    static let name = "bench.noop"
    var number: Int
    var address: String
}

struct BenchFailure: Error, CustomStringConvertible {
    var description: String
}

extension EnqueueResult {
    fileprivate var isCreated: Bool {
        if case .created = self { true } else { false }
    }
}
