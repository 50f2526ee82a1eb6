import ArgumentParser
import Foundation
import JobQueueBench
import JobQueueClient
import Redis

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure how fast jobs go through, beside the bare Redis commands of the same work.",
        discussion: """
            Works in queues of its own, whose names begin with bench-, and removes them. The server's other work is in the
            figures, and these are in its way: measure on one that serves nobody else.
            """)

    @OptionGroup var redis: RedisOptions

    @Option(help: "Jobs of a drain; other rows take a share of it.")
    var jobs = 500_000

    @Option(help: "Rounds; the median counts.")
    var rounds = 5

    @Flag(help: "20,000 jobs and one round: whether everything runs, not how fast.")
    var quick = false

    @Option(help: "Only these rows: ids separated by commas, as in the JSON.")
    var only: String?

    @Option(help: "What exec handlers run.")
    var exec = "/bin/cat"

    @Option(help: "Instead: let one worker do so many jobs, and tell how its memory grows.")
    var soak: Int?

    @Flag(help: "As JSON.")
    var json = false

    @Flag(help: "As a table in Markdown.")
    var markdown = false

    @Flag(help: .hidden)
    var privateServer = false

    func run() async throws {
        let settings = try RedisSettings(redis.sources())
        let options = try options()
        // A server that cannot be used is one line, as everywhere.
        try await settings.withQueue { _ in }
        let suite = try BenchSuite(url: settings.url.reveal(), options)
        let signals = SignalStream([SIGTERM, SIGINT, SIGHUP])
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals.numbers { break }
                return false
            }
            group.addTask {
                try await measure(suite)
                return true
            }
            let isDone = try await group.next() ?? true
            group.cancelAll()
            guard !isDone else { return }
            // The round under way removes its queue.
            while (try? await group.next()) != nil {}
            throw Failure(.interrupted, "stopped, and the queues of the benchmark are removed")
        }
    }

    private func measure(_ suite: BenchSuite) async throws {
        do {
            if let soak {
                let slope = try await suite.soak(soak) { Output.error($0) }
                return try Output.print(String(format: "%+.0f bytes for a million jobs", slope))
            }
            let report = try await suite.run { Output.error($0) }
            if json { return try Output.json(report.lines) }
            try Output.print(markdown ? report.markdown : report.table)
        } catch let failure as Failure {
            throw failure
        } catch let error as RedisError {
            throw Failure(.failed, "\(error)")
        } catch let error as JobQueueError {
            throw Failure(error)
        } catch { throw Failure(.failed, "\(error)") }
    }

    private func options() throws(Failure) -> BenchSuite.Options {
        var options = BenchSuite.Options()
        options.jobs = quick ? 20_000 : jobs
        options.rounds = quick ? 1 : rounds
        guard (1000...10_000_000).contains(options.jobs), (1...100).contains(options.rounds), soak ?? 1 > 0 else {
            throw Failure(.usage, "use --jobs 1000 to 10000000, --rounds 1 to 100, and --soak 1 or more")
        }
        options.only = Set((only ?? "").split(separator: ",").map(String.init))
        let known = BenchSuite.rows.map(\.id)
        if let stranger = options.only.subtracting(known).sorted().first {
            throw Failure(.usage, "there is no row \"\(stranger)\"; there are \(known.joined(separator: ", "))")
        }
        do throws(BadValue) { options.exec = try ExecOption.words(of: exec) } catch {
            throw Failure(.usage, "--exec: \(error.description)")
        }
        options.isPrivate = privateServer
        return options
    }
}
