import JobModel
public import JobQueueClient

/// What a worker can do: a handler for each job name.
///
///     var handlers = Handlers()
///     handlers.on(SendEmail.self) { job, context in try await mailer.send(job.to) }
///
/// Handlers run on Swift's cooperative pool, which has as many threads as the machine has cores: a handler that blocks its
/// thread holds up others. `as: .blocking` gives it a thread of its own, `as: .isolated` a process of its own.
public struct Handlers: Sendable {
    /// A handler as the worker runs it: payload in, result out, both JSON.
    package typealias Body = @Sendable (ArraySlice<UInt8>, JobContext) async throws -> Output

    package enum Output: Sendable {
        case json([UInt8])
        /// The job succeeded, but what it returned cannot be kept.
        case omitted(String)
    }

    /// The payload is not what the handler's type needs.
    package struct Undecodable: Error {
        package var error: RunError
        package init(error: RunError) { self.error = error }
    }

    /// A failed attempt that says itself what its error is called.
    package struct Failed: Error {
        package var error: RunError
        /// The process of the run died.
        package var isCrash: Bool
        package init(error: RunError, isCrash: Bool = false) {
            self.error = error
            self.isCrash = isCrash
        }
    }

    private(set) var bodies: [String: Body] = [:]
    /// Those that want a process of their own, until somebody has seen to it.
    private(set) var isolated: [String: (Isolated, Body)] = [:]

    public init() {}

    /// The names that have a handler, in order.
    public var names: [String] { (Array(bodies.keys) + isolated.keys).sorted() }

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
        check(name)
        bodies[name] = body
    }

    mutating func add(_ name: String, _ way: Isolated, _ body: @escaping Body) {
        check(name)
        isolated[name] = (way, body)
    }

    /// Gives every isolated handler a body that runs it in a process of its own.
    package mutating func replaceIsolated(_ replacement: (Isolated) -> Body) {
        for (name, (way, _)) in isolated { bodies[name] = replacement(way) }
        isolated = [:]
    }

    /// The handler itself of a name that is isolated.
    package func isolatedBody(of name: String) -> Body? { isolated[name]?.1 }

    /// An isolated handler that nobody has seen to would run in this process after all.
    func checkIsolated() throws(JobQueueError) {
        if isolated.isEmpty { return }
        let names = isolated.keys.sorted().joined(separator: ", ")
        throw JobQueueError(
            .badOption,
            "isolated handlers (\(names)) need `await handlers.isolate()` of JobQueueExec at the start of the program")
    }

    private func check(_ name: String) {
        precondition(Names.isName(name), "bad job name \"\(name)\": use 1 to 64 of the characters A-Z a-z 0-9 ._-")
        precondition(bodies[name] == nil && isolated[name] == nil, "the job name \"\(name)\" has two handlers")
    }
}
