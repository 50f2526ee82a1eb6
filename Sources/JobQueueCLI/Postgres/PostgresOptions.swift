import ArgumentParser
import JobQueuePostgres
import JobStore
import Postgres

/// Where Postgres is.
struct PostgresOptions: ParsableArguments {
    @Option(help: ArgumentHelp("\(Settings.postgresURL.help) (default: POSTGRES_URL, else postgres.url)"))
    var postgresURL: String?

    /// What was said, by key.
    var settings: [String: String] { [Settings.postgresURL.key: postgresURL].compactMapValues { $0 } }
}

/// The same, for commands that need nothing else.
struct PostgresAlone: ParsableArguments {
    @OptionGroup var postgres: PostgresOptions
    @OptionGroup var files: SourceOptions

    func settings() throws(Failure) -> PostgresSettings {
        try PostgresSettings(SettingSources(files.request(postgres.settings)))
    }
}

/// The outbox beside a report on Redis, for commands that only look. Where there is no Postgres it says nothing.
struct OutboxColumn: Sendable {
    private let watch: OutboxWatch?

    init(_ settings: PostgresSettings) { watch = settings.server.map { OutboxWatch($0) } }

    /// The report with the outbox in it, as both are now: what it says of Redis does not depend on Postgres, and comes at most a
    /// second later.
    func report<Trouble: Error>(
        _ read: () async throws(Trouble) -> InfoReport
    ) async throws(Trouble) -> InfoReport {
        guard let watch else { return try await read() }
        async let seen = Self.look(watch)
        var report = try await read()
        report.outbox = await seen
        return report
    }

    private static func look(_ watch: OutboxWatch) async -> InfoReport.Outbox {
        do throws(OutboxError) {
            let backlog = try await watch.backlog()
            return InfoReport.Outbox(rows: backlog.rows, oldestMs: backlog.oldestMs, rejected: backlog.rejected)
        } catch { return InfoReport.Outbox(error: "\(error)") }
    }

    func close() { watch?.close() }
}

extension PostgresSettings {
    /// An outbox whose connection is closed when `body` ends.
    func withOutbox<T>(_ body: (Outbox) async throws -> T) async throws -> T {
        let server = try required()
        try Descriptors.check()
        do {
            let outbox = try await Outbox.open(server)
            defer { outbox.connection.close() }
            return try await body(outbox)
        } catch let error as PostgresError {
            throw Failure(OutboxError.postgres(error), server)
        } catch let error as OutboxError {
            throw Failure(error, server)
        }
    }
}

extension Failure {
    /// Whoever cannot be reached is named: the address may come from an environment that nobody looked at.
    init(_ error: OutboxError, _ server: PostgresConfiguration) {
        let code: Code =
            switch error {
            case .postgres(.refused), .denied: .notAllowed
            case .postgres(.badConfiguration), .notMigrated, .changed, .unfit: .badConfiguration
            case .postgres(let error): error.isRetryable ? .unreachable : .failed
            }
        self.init(code, code == .unreachable ? "\(server): \(error)" : "\(error)")
    }
}
