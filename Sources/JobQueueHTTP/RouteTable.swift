import HTTPTypes
import Hummingbird

/// Routes, and how a request to one of them is answered.
protocol RouteTable: Sendable {
    var routes: [Route] { get }

    /// One request from its arrival to its answer.
    func respond(to request: Request, by route: Route, _ parameters: [String: String]) async -> Answer

    /// A request that no route answers got an answer.
    func note(unrouted method: HTTPRequest.Method, status: Int, after duration: Duration)

    /// The id of a request that has no route.
    func requestID(_ headers: HTTPFields) -> String
}

extension RouteTable {
    func add<Context: RequestContext>(to router: some RouterMethods<Context>) {
        for route in routes {
            let names = Self.parameters(of: route.path)
            router.on(RouterPath(route.path), method: route.method) { [self] request, context -> Response in
                var parameters: [String: String] = [:]
                for name in names { parameters[name] = context.parameters.get(name).map(Self.decoded) }
                return await respond(to: request, by: route, parameters).response
            }
        }
    }

    /// What is no escape stays, to be refused as a name.
    private static func decoded(_ part: String) -> String {
        part.utf8.contains(UInt8(ascii: "%")) ? Query.unescaped(part) ?? part : part
    }

    /// `queue` and `id` of `/v1/queues/{queue}/jobs/{id}`.
    private static func parameters(of path: String) -> [String] {
        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
    }
}
