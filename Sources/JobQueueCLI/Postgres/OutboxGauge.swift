import JobModel
import JobQueueHTTP
import JobQueuePostgres
import JobStore
import Logging
import Postgres
import Synchronization
import Telemetry

/// How the outbox is, for those who ask this process: its health and its metrics. However many ask, it is looked at once a
/// second by one at a time, and an answer takes a second at most.
final class OutboxGauge: Sendable {
    private let watch: OutboxWatch
    private let maxAge: Duration
    private let logger: Logger
    private let answer = SharedAnswer<Result<Outbox.Backlog, OutboxError>>(for: .seconds(1))
    /// What was wrong at the last look, in a word.
    private let problem = Mutex<String?>(nil)

    /// Nil where there is no Postgres.
    init?(_ settings: PostgresSettings, _ logger: Logger) {
        guard let server = settings.server else { return nil }
        watch = OutboxWatch(server)
        maxAge = settings.maxAge
        self.logger = logger
    }

    func close() { watch.close() }

    /// Rows wait for no longer than they may. Postgres is not vital: without it jobs come by other ways, and are run.
    var check: Health.Check {
        Health.Check("outbox") { [self] in
            switch await look() {
            case .success(let backlog): .outbox(backlog, maxAge: maxAge)
            case .failure(let error): Health.Finding(error: error.word, isVital: false)
            }
        }
    }

    /// While Postgres is away there are no numbers, rather than old ones.
    @Sendable func families() async -> [MetricFamily] {
        switch await look() {
        case .success(let backlog): backlog.families + [Metric.postgresUp.family(1)]
        case .failure: [Metric.postgresUp.family(0)]
        }
    }

    private func look() async -> Result<Outbox.Backlog, OutboxError> {
        await answer.value {
            do throws(OutboxError) {
                let backlog = try await watch.backlog()
                problem.withLock { $0 = nil }
                return .success(backlog)
            } catch {
                note(error)
                return .failure(error)
            }
        }
    }

    /// Once, until something else is wrong: who asks is told a word only.
    private func note(_ error: OutboxError) {
        let isNews = problem.withLock { problem in
            defer { problem = error.word }
            return problem != error.word
        }
        guard isNews else { return }
        logger.warning(
            "the outbox cannot be looked at: \(Printable.oneLine("\(error)", limit: 500))",
            metadata: ["event": "outbox.failed"])
    }
}

extension Health.Finding {
    /// Rows that were put aside wait for a person: they make nothing worse.
    static func outbox(_ backlog: Outbox.Backlog, maxAge: Duration) -> Self {
        let age = Duration.milliseconds(backlog.oldestMs ?? 0)
        return Self(.age(age), isDegraded: age > maxAge, isVital: false)
    }
}

extension Outbox.Backlog {
    var families: [MetricFamily] {
        [
            Metric.outboxRows.family(Double(rows)),
            Metric.outboxOldestAge.family(Double(oldestMs ?? 0) / 1000),
            Metric.outboxRejected.family(Double(rejected)),
        ]
    }
}

extension OutboxError {
    /// For whoever need not know where Postgres is.
    var word: String {
        switch self {
        case .postgres(.refused), .denied: "denied"
        case .postgres(let error): error.isRetryable ? "unreachable" : "failed"
        case .notMigrated: "not-migrated"
        case .changed, .unfit: "failed"
        }
    }
}
