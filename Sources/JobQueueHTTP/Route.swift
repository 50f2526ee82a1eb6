import HTTPTypes

/// One line of the API's table.
package struct Route: Sendable {
    typealias Handler = @Sendable (Call) async throws(Problem) -> Answer

    let method: HTTPRequest.Method
    /// As in the description of the API: `/v1/queues/{queue}/jobs/{id}`.
    let path: String
    let access: Access
    /// It asks Redis, so it is refused at once while Redis is away.
    let needsRedis: Bool
    /// It is part of the description of the API.
    var isListed = true
    let handle: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, needsRedis: Bool = true,
        _ handle: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.access = access
        self.needsRedis = needsRedis
        self.handle = handle
    }

    init(_ method: HTTPRequest.Method, _ path: String, _ scope: Scope, _ handle: @escaping Handler) {
        self.init(method, path, .scope(scope), handle)
    }
}
