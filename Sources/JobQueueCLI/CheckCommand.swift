import ArgumentParser
import JobModel
import JobQueueClient
import JobStore

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Hold queues against limits, as a probe of Nagios, Icinga or Zabbix.",
        discussion: """
            One line, and 0 OK, 1 WARNING, 2 CRITICAL or 3 UNKNOWN. What is over a limit is critical; what `info` draws
            attention to, such as a pause, or jobs without a worker, is a warning. When Redis cannot be reached that is 3.
            """)

    @OptionGroup var redis: RedisOptions

    @OptionGroup var postgres: PostgresOptions

    @Argument(help: "Only these queues; each must be there.")
    var queues: [String] = []

    @Option(
        parsing: .unconditional, help: "How long the first job in line may wait, such as 60s.",
        transform: TimeSpan.parse)
    var maxAge: TimeSpan?

    @Option(parsing: .unconditional, help: "Jobs that may wait in a queue.")
    var maxQueued: Int?

    @Option(parsing: .unconditional, help: "Dead jobs that a queue may have.")
    var maxDead: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Runs of a queue that may fail in a minute, on average over 15 minutes.", valueName: "number"))
    var maxFailedRate: Double?

    @Option(parsing: .unconditional, help: "Live workers that a queue must have.")
    var minWorkers: Int?

    @Option(
        parsing: .unconditional, help: "How long a row of the outbox in Postgres may wait, such as 5m.",
        transform: TimeSpan.parse)
    var maxOutboxAge: TimeSpan?

    func run() async throws {
        let probe = try await probe()
        try Output.print(probe.line)
        if probe.status != .ok { throw ExitCode(probe.status.rawValue) }
    }

    /// Whatever keeps it from finding out is part of its line: who reads it sees nothing else.
    private func probe() async throws -> Probe {
        do {
            let only = try QueueName.all(queues)
            let limits = try limits()
            let settings = try PostgresSettings(redis.sources(postgres.settings))
            if maxOutboxAge != nil { _ = try settings.required() }
            let outbox = OutboxColumn(settings)
            defer { outbox.close() }
            return try await redis.withQueueToRead(warns: false) { queue in
                let reader = InfoReader(store: queue.store)
                return Probe(try await outbox.report { try await reader.report(only) }, asked: only, limits)
            }
        } catch let failure as Failure {
            return Probe(unknown: failure.message)
        }
    }

    func limits() throws(Failure) -> ProbeLimits {
        for limit in [maxQueued, maxDead, minWorkers].compactMap(\.self) where limit < 0 {
            throw Failure(.usage, "bad limit \(limit): use 0 or more")
        }
        if let maxFailedRate, !(0...1e9).contains(maxFailedRate) {
            throw Failure(.usage, "bad limit \(maxFailedRate): use a number from 0 to 1000000000")
        }
        return ProbeLimits(
            ageMs: maxAge?.duration.milliseconds, queued: maxQueued, dead: maxDead, workers: minWorkers,
            failedRate: maxFailedRate, outboxAgeMs: maxOutboxAge?.duration.milliseconds)
    }
}
