import JobModel
public import JobQueueClient

/// What a worker can do: a handler for each job name.
///
///     var handlers = Handlers()
///     handlers.on(SendEmail.self) { job, context in try await mailer.send(job.to) }
///
/// Handlers run on Swift's cooperative pool, which has as many threads as the machine has cores: a handler that blocks its
/// thread holds up others.
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
        add(J.name) { payload, context in
            let job: J = try Self.decode(payload)
            return Self.encode(try await handle(job, context))
        }
    }

    /// Runs jobs of a type; there is no result.
    public mutating func on<J: Job>(
        _ type: J.Type, _ handle: @escaping @Sendable (J, JobContext) async throws -> Void
    ) {
        add(J.name) { payload, context in
            let job: J = try Self.decode(payload)
            try await handle(job, context)
            return Self.nothing
        }
    }

    /// Runs jobs of a name whose payload and result are plain JSON texts. A result that is not JSON is kept as omitted.
    public mutating func on(
        name: String, _ handle: @escaping @Sendable (_ payload: String, JobContext) async throws -> String?
    ) {
        add(name) { payload, context in
            guard let result = try await handle(String(decoding: payload, as: UTF8.self), context) else {
                return Self.nothing
            }
            let bytes = Array(result.utf8)
            do throws(JSONScanner.Failure) {
                try JSONScanner.validate(bytes)
                return .json(bytes)
            } catch { return .omitted("the result is not JSON: \(error)") }
        }
    }

    /// Other kinds of handlers come in here.
    package mutating func add(_ name: String, _ body: @escaping Body) {
        precondition(Names.isName(name), "bad job name \"\(name)\": use 1 to 64 of the characters A-Z a-z 0-9 ._-")
        precondition(bodies[name] == nil, "the job name \"\(name)\" has two handlers")
        bodies[name] = body
    }

    private static let nothing = Output.json(Array("null".utf8))

    private static func decode<J: Decodable>(_ payload: ArraySlice<UInt8>) throws -> J {
        do { return try PayloadDecoder.decode(from: payload) } catch {
            throw Undecodable(error: RunError(type: "\(type(of: error))", explain(error)))
        }
    }

    private static func encode(_ result: some Encodable) -> Output {
        do { return .json(try PayloadEncoder.encode(result)) } catch {
            return .omitted("the result cannot be encoded: \(error)")
        }
    }

    /// The path of the field, then what is wrong with it.
    private static func explain(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        let (context, problem): (DecodingError.Context, String) =
            switch error {
            case .keyNotFound(let key, let context): (context, "the field \"\(key.stringValue)\" is missing")
            case .typeMismatch(let type, let context): (context, "is not \(noun(type))")
            case .valueNotFound(let type, let context): (context, "is null, not \(noun(type))")
            case .dataCorrupted(let context): (context, context.debugDescription)
            @unknown default: (DecodingError.Context(codingPath: [], debugDescription: ""), "\(error)")
            }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        return "payload\(path.isEmpty ? "" : "." + path): \(problem)"
    }

    /// What a type is called in JSON: whoever sends jobs may not know Swift.
    private static func noun(_ type: Any.Type) -> String {
        switch type {
        case is any FixedWidthInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is String.Type: "text"
        case is Bool.Type: "true or false"
        case _ where "\(type)".hasPrefix("Array<"): "a list"
        case _ where "\(type)".hasPrefix("Dictionary<"): "an object"
        default: "\(type)"
        }
    }
}
