import JobModel
package import JobQueueClient
import JobStore
package import Logging
package import Postgres
import Synchronization

/// Moves rows of the outbox into Redis: any number of relays may do so at once, and each may end at any moment.
///
/// A row is locked, its job is stored under the row's own id, then the row is deleted. Whoever dies in between leaves a row
/// that another relay hands over again, and Redis knows the id: there is one job of it.
package struct Relay: Sendable {
    package struct Configuration: Sendable {
        /// Rows of one transaction, at most.
        package var batch = 500
        /// How long nobody looks when nobody wakes it. Notifications may be lost; this is what can be relied on.
        package var poll = Duration.seconds(1)
        /// How many replicas of Redis must have a job before its row is deleted.
        package var replicas = 0
        /// How long those may take.
        package var replicaTimeout = Duration.seconds(1)
        /// How long a queue is left alone that takes no more, or cannot be written.
        package var pause = Duration.seconds(1)
        /// End when nothing waits that can be moved.
        package var isBurst = false
        /// After so long in the middle of a transaction the server takes this for dead, and frees its rows.
        package var frozenAfter = Duration.seconds(15)
        /// How long effects are remembered that were to happen once.
        package var onceMemory = Duration.seconds(30 * 86_400)
        /// Hears what became of rows: a queue, the name of the job, a word, and how many.
        package var count: @Sendable (_ queue: QueueName, _ name: String, _ result: String, _ number: Int) -> Void = {
            _, _, _, _ in
        }
        /// The default says nothing.
        package var logger = Logger(label: "relay") { _ in SwiftLogNoOpLogHandler() }

        package init() {}
    }

    private let server: PostgresConfiguration
    private let queue: JobQueue
    private let configuration: Configuration

    /// - Parameter queue: one of its own, that gives up within seconds: rows are locked while it tries.
    package init(_ server: PostgresConfiguration, queue: JobQueue, _ configuration: Configuration = Configuration()) {
        self.server = server
        self.queue = queue
        self.configuration = configuration
    }

    /// Between two attempts to reach a server that does not answer.
    private static let longestPause = Duration.seconds(5)

    /// Throws what is wrong with the database, for those who want to know before they begin.
    package static func check(_ server: PostgresConfiguration) async throws(OutboxError) {
        let outbox = try await Outbox.open(server)
        defer { outbox.connection.close() }
        try await outbox.check()
    }

    /// Works until its task is cancelled, or, in a burst, until nothing waits that can be moved, whatever happens to the servers. What goes wrong is logged, once.
    package func run() async {
        let trouble = Trouble(configuration.logger)
        while !Task.isCancelled {
            do {
                let outbox = try await Outbox.open(server)
                defer { outbox.connection.close() }
                try await outbox.check()
                try await work(outbox, trouble)
                if configuration.isBurst { return }
            } catch {
                if Task.isCancelled { return }
                trouble.note(Trouble.postgres, "the outbox cannot be read: \(error)")
            }
            // One that everybody lost is not to be met by everybody at once.
            let pause = min(.milliseconds(100) * (1 << min(trouble.failures, 10)), Self.longestPause)
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
        }
    }

    private func work(_ outbox: Outbox, _ trouble: Trouble) async throws {
        let connection = outbox.connection
        let seconds = max(1, configuration.frozenAfter.milliseconds)
        try await connection.run(script: "SET idle_in_transaction_session_timeout = \(seconds); SET jit = off")
        let (bells, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await connection.listen("jobqueue") { _ in bell.yield() }
        bell.yield()
        let round = RelayRound(outbox, queue: queue, configuration, trouble)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [poll = configuration.poll] in
                while true {
                    try await Task.sleep(for: poll)
                    bell.yield()
                }
            }
            tasks.addTask { [isBurst = configuration.isBurst] in
                var round = round
                for await _ in bells {
                    try await round.run()
                    // Before that nobody knows whether it works again.
                    trouble.isOver(Trouble.postgres)
                    if isBurst { return }
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }
}

/// Says what is wrong when it begins and when it ends, and not at each attempt.
final class Trouble: Sendable {
    private let logger: Logger
    private let known = Mutex<[String: String]>([:])
    private let count = Mutex(0)

    /// Troubles in a row with Postgres.
    var failures: Int { count.withLock { $0 } }

    static let postgres = "postgres"

    init(_ logger: Logger) { self.logger = logger }

    /// `what` is the thing that does not work.
    func note(_ what: String, _ message: String) {
        if what == Self.postgres { count.withLock { $0 += 1 } }
        let isNews = known.withLock { known in known.updateValue(message, forKey: what) != message }
        if isNews {
            logger.warning(
                "\(Printable.oneLine(message, limit: 500))", metadata: ["event": "relay.trouble", "part": "\(what)"])
        }
    }

    func isOver(_ what: String) {
        if what == Self.postgres { count.withLock { $0 = 0 } }
        if known.withLock({ $0.removeValue(forKey: what) }) != nil {
            logger.info("the relay goes on", metadata: ["event": "relay.restored", "part": "\(what)"])
        }
    }
}
