public import Hummingbird
public import JobQueueClient
public import Logging
public import Telemetry

/// The HTTP API of a queue: enqueue, look at and steer jobs from any language.
///
///     let queue = try await JobQueue(url: "redis://localhost")
///     let router = Router()
///     JobQueueAPI(queue: queue).mount(on: router)
///
/// `queue-worker serve` is this with tokens and limits set up from its configuration. Mounted in an application of one's
/// own, who may call is that application's business: put middleware before it, or let this ask for the same tokens:
///
///     JobQueueAPI(queue: queue, tokens: true).mount(on: router)
public struct JobQueueAPI: RouteTable {
    /// What may be set beside the queue.
    public struct Configuration: Sendable {
        /// Where the routes are mounted, such as `/queue`: stands in front of the paths that answers name. The default is the root.
        public var prefix = ""
        /// The longest body, in bytes. The default is 1 MiB.
        public var maxBodyBytes = 1 << 20
        /// The longest wait that `Prefer: wait` is granted. The default is 60 s.
        public var maxWait: Duration = .seconds(60)
        /// Requests that wait at the same time, for each token. The default is 16.
        public var maxWaits = 16
        /// Requests a minute that each token may make here, unless it has a rate of its own; 0 is no limit. Only with tokens.
        /// The default is 600,000: 10,000 a second.
        public var rate = 600_000
        /// Requests that take longer are logged as slow; time that was spent waiting because the caller asked for it does not
        /// count. The default is 1 s.
        public var slowRequest: Duration = .seconds(1)
        /// Where requests are counted, and what `/metrics` tells beside the numbers of the queues. The default counts nothing,
        /// and tells of the queues only.
        public var metrics: PrometheusMetrics?
        /// `/metrics` asks for no token. The default is false: it asks for one that may read statistics.
        public var hasOpenMetrics = false
        /// The default says nothing.
        public var logger = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }

        public init() {}
    }

    let queue: JobQueue
    let configuration: Configuration
    let gate: any Gate
    let circuit: Circuit
    let waits: Waits
    let exporter: QueueExporter
    let meter: RequestMeter?
    /// What a server has beside the API: health, metrics.
    package var extraRoutes: [Route] = []
    /// What `/metrics` tells beside the process and the queues: asked for each scrape, and to answer within a second.
    package var extraFamilies: @Sendable () async -> [MetricFamily] = { [] }

    /// With `tokens` each request has to show one that `queue-worker tokens create` made in the same Redis, and may do what
    /// that token may (Docs/tokens.md). Without, the application has a gate of its own: everything is allowed here but to
    /// make or end tokens.
    public init(queue: JobQueue, configuration: Configuration = Configuration(), tokens: Bool = false) {
        var gate = TokenGate.Configuration()
        gate.rate = configuration.rate
        gate.logger = configuration.logger
        self.init(
            queue: queue, configuration: configuration,
            gate: tokens ? TokenGate(queue: queue, configuration: gate) : OpenGate())
    }

    package init(queue: JobQueue, configuration: Configuration, gate: any Gate) {
        self.queue = queue
        self.configuration = configuration
        self.gate = gate
        circuit = Circuit(queue: queue)
        waits = Waits(limit: configuration.maxWaits)
        exporter = QueueExporter(queue.store, logger: configuration.logger)
        meter = configuration.metrics.map { RequestMeter($0) }
    }

    /// The whole table, in the order of the description.
    var routes: [Route] {
        jobRoutes + batchRoutes + cloudEventRoutes + listRoutes + manageRoutes + eventRoutes + queueRoutes
            + queueManageRoutes + tokenRoutes + aboutRoutes + metricsRoutes + extraRoutes
    }

    /// Whoever waits for a job is answered at once, with the job as it is. For an application that is about to end.
    public func end() { waits.end() }

    /// Adds all routes.
    public func mount<Context: RequestContext>(on router: some RouterMethods<Context>) {
        add(to: router)
    }
}
