import JobModel
public import JobQueueClient

/// What a worker can do: a handler for each job name.
///
///     var handlers = Handlers()
///     handlers.on(SendEmail.self) { job, context in try await mailer.send(job.to) }
///
/// Handlers run on Swift's cooperative pool, which has as many threads as the machine has cores: a handler that blocks its
/// thread holds up others. `as: .blocking` gives it a thread of its own.
public struct Handlers: Sendable {
    /// A handler as the worker runs it: payload in, result out, both JSON.
    package typealias Body = @Sendable (ArraySlice<UInt8>, JobContext) async throws -> Output

    package enum Output: Sendable {
        case json([UInt8])
        /// The job succeeded, but what it returned cannot be kept.
        case omitted(String)
    }

    /// The payload is not what the handler's type needs.
    struct Undecodable: Error {
        var error: RunError
    }

    private(set) var bodies: [String: Body] = [:]

    public init() {}

    /// The names that have a handler, in order.
    public var names: [String] { bodies.keys.sorted() }

    /// Runs jobs of a type; what the handler returns is the job's result.
    ///
    /// A name that breaks the rule for names, or that has a handler already, is a programming error.
    public mutating func on<J: Job, R: Encodable & Sendable>(
        _ type: J.Type, _ handle: @escaping @Sendable (J, JobContext) async throws -> R
    ) {
        add(J.name, Self.body(handle))
    }

    /// Runs jobs of a type; there is no result.
    public mutating func on<J: Job>(
        _ type: J.Type, _ handle: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        add(J.name, Self.body(handle))
    }

    /// Runs jobs of a name whose payload and result are plain JSON texts. A result that is not JSON is kept as omitted.
    public mutating func on(
        name: String, _ handle: @escaping @Sendable (_ payload: String, JobContext) async throws -> String?
    ) {
        add(name, Self.body(handle))
    }

    /// Other kinds of handlers come in here.
    package mutating func add(_ name: String, _ body: @escaping Body) {
        precondition(Names.isName(name), "bad job name \"\(name)\": use 1 to 64 of the characters A-Z a-z 0-9 ._-")
        precondition(bodies[name] == nil, "the job name \"\(name)\" has two handlers")
        bodies[name] = body
    }
}
