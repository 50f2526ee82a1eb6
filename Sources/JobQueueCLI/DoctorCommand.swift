import ArgumentParser
import JobModel
import JobQueueClient
import JobQueuePostgres
import JobStore
import Redis
import TerminalDashboard

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check Redis, Postgres, settings and this machine, and say what to do.",
        discussion: """
            One row for each check; below what is not as it should be stands the cure. Exit 0 when nothing fails (warnings
            are no failures), 78 when something does, 69 when Redis cannot be reached. What the user of Redis may not look at
            is a row "unknown". Of Postgres there are rows where one is set. Docs/doctor.md says what each check is for.
            """)

    @OptionGroup var redis: RedisOptions

    @OptionGroup var postgres: PostgresOptions

    @Argument(help: "Only these queues.")
    var queues: [String] = []

    @Flag(help: "One JSON document.")
    var json = false

    func run() async throws {
        let only = try queues.map { text throws(Failure) in
            do throws(NameError) { return try QueueName(text) } catch { throw Failure(.usage, "\(error)") }
        }
        let sources = redis.sources(postgres.settings)
        let settings = try RedisSettings(sources)
        // What is wrong with those of Postgres is said by the row of settings.
        let report = try await Doctor(
            settings: settings, postgres: try? PostgresSettings(sources), machine: Machine(sources)
        ).report(only)
        if json {
            try Output.json(report)
        } else {
            for line in DoctorPage(report, Terminal.style).lines { try Output.print(line) }
        }
        let failed = report.checks.filter { $0.status == .fail }.map(\.id)
        if !failed.isEmpty { throw Failure(.badConfiguration, "failed: \(failed.joined(separator: ", "))") }
    }
}

/// Collects what there is to see, and has it judged.
struct Doctor {
    var settings: RedisSettings
    var postgres: PostgresSettings?
    var machine: Machine

    /// Throws only when Redis cannot be reached or lets nobody in: then there is nothing to look at.
    func report(_ only: [QueueName]) async throws(Failure) -> DoctorReport {
        let here = Machine.checks.map { $0.finding(machine) }
        // Event loops would end this process in the middle of the page.
        guard machine.files >= Descriptors.least(cores: machine.cores) else {
            return DoctorReport([Machine.untried.finding(machine)] + here)
        }
        let seen = try await examine(only)
        let there = Examination.checks.map { $0.finding(seen) }
        return DoctorReport(there + (await examinePostgres()) + here, allowed: settings.allowed)
    }

    /// No rows where there is none.
    private func examinePostgres() async -> [Finding] {
        guard let postgres, let server = postgres.server else { return [] }
        let plan = PostgresExamination.Plan(
            processes: machine.processes, isRelaying: postgres.isRelaying, maxAge: postgres.maxAge)
        let seen = await PostgresExamination.examine(server, plan)
        return PostgresExamination.checks.map { $0.finding(seen) }
    }

    private func examine(_ only: [QueueName]) async throws(Failure) -> Examination {
        let redis: RedisConfiguration
        do throws(RedisURLError) { redis = try RedisConfiguration(url: settings.url.reveal()) } catch {
            throw Failure(.badConfiguration, "\(error)")
        }
        let client = RedisClient(redis)
        do throws(RedisError) { try await client.connect() } catch {
            await client.close()
            throw settings.failure(JobQueueError(.redis(error)))
        }
        let seen = await Examiner(client).examine(only, plan: machine.plan)
        await client.close()
        if case .failure(let error) = seen.server, JobQueueError(error).code == .unreachable {
            throw settings.failure(JobQueueError(error))
        }
        return seen
    }
}
