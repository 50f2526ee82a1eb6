import HTTPTypes
import Hummingbird

/// What a worker serves on its admin port: routes that are open to all who reach it.
struct AdminTable: RouteTable {
    let routes: [Route]

    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer {
        let id = requestID(request.headers)
        let call = Call(request: request, parameters: parameters, requestID: id, caller: .anonymous)
        do throws(Problem) { return try await route.handle(call) } catch { return .problem(error, requestID: id) }
    }

    /// Only the API counts its requests.
    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration) {}

    /// Nobody looks for these in a log: any one will do.
    func requestID(_ headers: HTTPFields) -> String { RequestID.of(headers, now: 0) }
}

extension APIServer {
    /// A server of routes that need no token, such as health and metrics.
    package convenience init(admin routes: [Route], _ configuration: Configuration) {
        self.init(table: AdminTable(routes: routes), configuration)
    }
}
