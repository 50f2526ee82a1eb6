public import JobQueueClient

extension Handlers {
    /// The way of a handler that blocks its thread: see `.blocking`.
    public struct Blocking: Sendable {
        /// On a thread of its own, so that a handler that waits in a C library or a synchronous driver, or computes for
        /// long, holds up nobody else.
        ///
        /// Task-local values and `Task.isCancelled` are not there; `JobContext` is, with `checkCancellation()`. A worker has
        /// as many such threads as blocking handlers have run at once, so at most its concurrency.
        public static let blocking = Blocking()
    }

    /// Runs jobs of a type on threads of their own; what the handler returns is the job's result.
    ///
    /// A name that breaks the rule for names, or that has a handler already, is a programming error.
    public mutating func on<J: Job, R: Encodable & Sendable>(
        _ type: J.Type, as way: Blocking, _ handle: @escaping @Sendable (J, JobContext) throws -> R
    ) {
        addBlocking(J.name) { payload, context in
            let job: J = try Self.decode(payload)
            return Self.encode(try handle(job, context))
        }
    }

    /// Runs jobs of a type on threads of their own; there is no result.
    public mutating func on<J: Job>(
        _ type: J.Type, as way: Blocking, _ handle: @escaping @Sendable (J, JobContext) throws -> Void
    ) {
        addBlocking(J.name) { payload, context in
            let job: J = try Self.decode(payload)
            try handle(job, context)
            return Self.nothing
        }
    }

    /// Runs jobs of a name, whose payload and result are plain JSON texts, on threads of their own.
    public mutating func on(
        name: String, as way: Blocking,
        _ handle: @escaping @Sendable (_ payload: String, JobContext) throws -> String?
    ) {
        addBlocking(name) { payload, context in
            Self.check(try handle(String(decoding: payload, as: UTF8.self), context))
        }
    }

    private mutating func addBlocking(
        _ name: String, _ body: @escaping @Sendable (ArraySlice<UInt8>, JobContext) throws -> Output
    ) {
        add(name) { payload, context in try await context.threads.run { try body(payload, context) } }
    }
}
