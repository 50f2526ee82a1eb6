import ArgumentParser
import JobQueueClient
import JobStore

/// What the commands have in common that list a part of the report: `queues ls`, `workers ls`.
struct ReportList: ParsableArguments {
    @OptionGroup var redis: RedisOptions

    @Flag(help: "One JSON document.")
    var json = false

    /// One look at everything.
    func read() async throws -> InfoReport {
        try await redis.withQueueToRead { try await InfoReader(store: $0.store).report([]) }
    }

    /// Prints the part as JSON, or lines of it.
    func show(_ part: some Encodable, _ lines: [String]) throws {
        if json { return try Output.json(part) }
        for line in lines { try Output.print(line) }
    }
}
