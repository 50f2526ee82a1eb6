import JobModel
import JobQueueClient

/// From what users write to what the worker runs: bytes in, bytes out.
extension Handlers {
    static func body<J: Job, R: Encodable & Sendable>(
        _ handle: @escaping @Sendable (J, JobContext) async throws -> R
    ) -> Body {
        { payload, context in
            let job: J = try decode(payload)
            return encode(try await handle(job, context))
        }
    }

    static func body<J: Job>(_ handle: @escaping @Sendable (J, JobContext) async throws -> Void) -> Body {
        { payload, context in
            let job: J = try decode(payload)
            try await handle(job, context)
            return nothing
        }
    }

    static func body(_ handle: @escaping @Sendable (String, JobContext) async throws -> String?) -> Body {
        { payload, context in check(try await handle(String(decoding: payload, as: UTF8.self), context)) }
    }

    static let nothing = Output.json(Array("null".utf8))

    /// The result of a handler that makes its JSON itself.
    static func check(_ result: String?) -> Output {
        guard let result else { return nothing }
        let bytes = Array(result.utf8)
        do throws(JSONScanner.Failure) {
            try JSONScanner.validate(bytes)
            return .json(bytes)
        } catch { return .omitted("the result is not JSON: \(error)") }
    }

    static func decode<J: Decodable>(_ payload: ArraySlice<UInt8>) throws -> J {
        do { return try PayloadDecoder.decode(from: payload) } catch {
            throw Undecodable(error: RunError(type: "\(type(of: error))", explain(error)))
        }
    }

    static func encode(_ result: some Encodable) -> Output {
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
