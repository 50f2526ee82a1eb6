public import JobQueueClient

extension Handlers {
    /// The way of a handler that must not take the worker along when it crashes, leaks or hangs: see `.isolated`.
    public struct Isolated: Sendable {
        /// How long the process may go on after it was told to stop, before it is killed with all it has started. The
        /// default is 5 s; at a shutdown it is 1.5 s at most.
        public var grace: Duration = .seconds(5)
        /// How much of what the process prints is logged for each run, in bytes. The default is 1 MiB.
        public var maxLogBytes = 1024 * 1024
        /// The address space of the process, in bytes; nil: as the worker.
        public var maxMemoryBytes: Int?
        /// The CPU time of the process, in whole seconds, rounded up; nil: as the worker.
        public var maxCPUTime: Duration?

        /// In a process of its own, this program started once more for each job. What happens there – a crash, `exit`, a
        /// deadlock, too much memory – costs the job's attempt and nobody else.
        ///
        /// `QueueWorkerApp` sees to it. Other programs call `await handlers.isolate()` of `JobQueueExec` before they do
        /// anything else.
        public static let isolated = Isolated()

        /// In a process of its own with limits: see `isolated`. Negative limits are a programming error.
        public static func isolated(
            maxMemoryBytes: Int? = nil, maxCPUTime: Duration? = nil, grace: Duration = .seconds(5),
            maxLogBytes: Int = 1024 * 1024
        ) -> Isolated {
            precondition(maxMemoryBytes ?? 1 > 0 && maxCPUTime ?? .seconds(1) > .zero, "limits are positive numbers")
            precondition(grace >= .zero && maxLogBytes >= 0, "grace and maxLogBytes cannot be negative")
            var way = Isolated()
            way.maxMemoryBytes = maxMemoryBytes
            way.maxCPUTime = maxCPUTime
            way.grace = grace
            way.maxLogBytes = maxLogBytes
            return way
        }
    }

    /// Runs jobs of a type in processes of their own; what the handler returns is the job's result.
    ///
    /// A name that breaks the rule for names, or that has a handler already, is a programming error.
    public mutating func on<J: Job, R: Encodable & Sendable>(
        _ type: J.Type, as way: Isolated, _ handle: @escaping @Sendable (J, JobContext) async throws -> R
    ) {
        add(J.name, way, Self.body(handle))
    }

    /// Runs jobs of a type in processes of their own; there is no result.
    public mutating func on<J: Job>(
        _ type: J.Type, as way: Isolated, _ handle: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        add(J.name, way, Self.body(handle))
    }

    /// Runs jobs of a name, whose payload and result are plain JSON texts, in processes of their own.
    public mutating func on(
        name: String, as way: Isolated,
        _ handle: @escaping @Sendable (_ payload: String, JobContext) async throws -> String?
    ) {
        add(name, way, Self.body(handle))
    }
}
