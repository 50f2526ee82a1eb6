import HTTPTypes
import Hummingbird
import JobModel
import Logging

/// Answers what no route does: paths that are not there, methods that a path does not have, and errors that nobody foresaw.
struct Unrouted<Context: RequestContext>: RouterMiddleware {
    let table: any RouteTable
    let logger: Logger
    private let patterns: [(path: [Substring], method: HTTPRequest.Method)]

    init(_ table: any RouteTable, logger: Logger) {
        self.table = table
        self.logger = logger
        patterns = table.routes.map { ($0.path.split(separator: "/"), $0.method) }
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        do { return try await next(request, context) } catch {
            let id = table.requestID(request.headers)
            let isForeseen = (error as? HTTPError).map { $0.status.code < 500 } ?? false
            if !isForeseen {
                var logger = logger
                logger[metadataKey: "request_id"] = "\(id)"
                logger.error("\(Printable.oneLine("\(error)"))", metadata: ["event": "http.failed"])
            }
            var answer = Answer.problem(isForeseen ? problem(request) : .defect, requestID: id)
            answer.headers[.requestID] = id
            table.note(unrouted: request.method, status: answer.status.code, after: ContinuousClock.now - start)
            return answer.response
        }
    }

    private func problem(_ request: Request) -> Problem {
        let methods = allowed(request.uri.path)
        guard !methods.isEmpty else {
            return Problem(.notFound, "no such path: see the description of the API")
        }
        var problem = Problem(.methodNotAllowed, "use \(methods.joined(separator: ", ")) here")
        problem.headers[.allow] = methods.joined(separator: ", ")
        return problem
    }

    /// The methods of a path, in the order of their names; none for a path that is not there.
    func allowed(_ path: String) -> [String] {
        let words = path.split(separator: "/")
        let found = patterns.filter { pattern, _ in
            pattern.count == words.count && zip(pattern, words).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
        }.map(\.method)
        return Set(found + (found.contains(.get) ? [.head] : [])).map(\.rawValue).sorted()
    }
}

extension Problem {
    /// What must not happen. The log says more under the same id.
    static let defect = Problem(
        .internalError, "something went wrong here: the log of the server has this request's id")
}
