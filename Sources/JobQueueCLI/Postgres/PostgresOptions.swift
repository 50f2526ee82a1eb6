import ArgumentParser
import JobQueuePostgres
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

extension PostgresSettings {
    /// An outbox whose connection is closed when `body` ends.
    func withOutbox<T>(_ body: (Outbox) async throws -> T) async throws -> T {
        let server = try required()
        try Descriptors.check()
        do {
            let connection = try await PostgresConnection.connect(server)
            defer { connection.close() }
            return try await body(Outbox(connection))
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
