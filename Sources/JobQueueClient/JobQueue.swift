import FoundationEssentials
public import JobModel
package import JobStore
public import Logging
package import Redis
import Synchronization

/// Where jobs are handed over: the producer's side of all queues of one Redis.
///
///     let queue = try await JobQueue(url: "redis://localhost")
///     let handle = try await queue.enqueue(SendEmail(to: "a@example.org"), in: .seconds(5))
///     print(try await handle.outcome())
///
/// One `JobQueue` serves a whole process; all its calls share one connection, and concurrent calls share round trips.
public final class JobQueue: Sendable {
    /// What may be set beside the URL.
    public struct Configuration: Sendable {
        /// Until when an enqueue tries, at most 10 s: beyond that Redis might have forgotten the first try of a call whose
        /// answer was lost. The default is 5 s.
        public var enqueueTimeout: Duration = .seconds(5)
        /// The largest payload, in bytes. The default is 256 KiB.
        public var maxPayloadBytes = 256 * 1024
        /// What may be wrong with the server all the same. The default is nothing.
        public var allowedRisks: Set<ServerRisk> = []
        /// All risks at once: work with a server that may lose jobs, whatever the reason. The default is false.
        public var allowsUnsafeServer: Bool {
            get { allowedRisks == ServerRisk.all }
            set { allowedRisks = newValue ? ServerRisk.all : [] }
        }
        /// The default says nothing.
        public var logger = Logger(label: "queue") { _ in SwiftLogNoOpLogHandler() }

        public init() {}
    }

    package let store: Store
    let configuration: Configuration
    /// The largest payload, in bytes.
    package var maxPayloadBytes: Int { configuration.maxPayloadBytes }
    let ids = Mutex(ULIDFactory())
    private let queues = Mutex<[QueueName: QueueEntrance]>([:])
    private let clock = RedisClock()
    private let checked = Atomic(false)

    /// Connects, and checks that the server is one that keeps jobs.
    ///
    /// `redis://[user:password@]host[:port][/db]`, the same with `rediss://` for TLS (Docs/tls.md), or
    /// `unix:///path/to.sock[?db=n]`. Throws `badURL`, `unreachable`, `tls`, `denied`, `unsafeServer`.
    public convenience init(url: String, configuration: Configuration = Configuration()) async throws(JobQueueError) {
        let redis: RedisConfiguration
        do throws(RedisURLError) { redis = try RedisConfiguration(url: url) } catch {
            throw JobQueueError(.badURL, "\(error)")
        }
        try await self.init(client: RedisClient(redis, logger: configuration.logger), configuration: configuration)
    }

    /// Takes over a client, connects it, and closes it when that fails.
    package init(client: RedisClient, configuration: Configuration = Configuration()) async throws(JobQueueError) {
        store = Store(client)
        self.configuration = configuration
        do throws(JobQueueError) {
            try await check()
        } catch {
            await client.close()
            throw error
        }
    }

    /// For a server that starts before its Redis does. Nothing must be asked of it until `check` has returned once.
    package init(unchecked client: RedisClient, configuration: Configuration = Configuration()) {
        store = Store(client)
        self.configuration = configuration
    }

    /// Connects, and checks that the server is one that keeps jobs. May be called again after it has thrown.
    package func check() async throws(JobQueueError) {
        clock.learn(try await Self.open(store, configuration))
        checked.store(true, ordering: .releasing)
    }

    /// The server has been found to be one that keeps jobs.
    package var isChecked: Bool { checked.load(ordering: .acquiring) }

    /// Connects and checks the server; answers its time.
    private static func open(_ store: Store, _ configuration: Configuration) async throws(JobQueueError) -> Int {
        let now: Int
        let facts: ServerFacts
        do throws(StoreError) {
            try await store.connect()
            facts = try await store.server()
            now = try await store.time()
        } catch { throw JobQueueError(error) }
        if let finding = facts.refusal(allowing: configuration.allowedRisks) {
            throw JobQueueError(.unsafeServer, finding.refusal)
        }
        return now
    }

    /// Ends the connection. Calls in flight fail; their outcome is unknown.
    public func close() async { await store.client.close() }

    /// Milliseconds since 1970 by Redis' clock, as far as this process knows it.
    package var now: Int { clock.now }

    /// Runs tasks where the replies of Redis arrive: for one that does little between two round trips.
    package var executor: any TaskExecutor { LoopExecutor(store.client.eventLoop) }

    func entrance(_ queue: QueueName) -> QueueEntrance {
        queues.withLock { queues in
            if let known = queues[queue] { return known }
            let new = QueueEntrance(
                queue, store: store, timeout: min(configuration.enqueueTimeout, .seconds(10)), clock: clock)
            queues[queue] = new
            return new
        }
    }
}

/// Redis' clock, as far as this process knows it: times in envelopes are Redis' times, so a wrong clock here, or one that
/// is set, makes no job expire.
final class RedisClock: Sendable {
    private let start = ContinuousClock.now
    /// Redis' ms since 1970 minus ours since `start`.
    private let offset = Atomic(0)

    private var passed: Int { (ContinuousClock.now - start).milliseconds }

    func learn(_ now: Int) { offset.store(now - passed, ordering: .relaxed) }

    /// Milliseconds since 1970.
    var now: Int { passed + offset.load(ordering: .relaxed) }
}
