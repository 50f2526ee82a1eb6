import HTTPTypes

extension JobQueueAPI {
    /// What the API says of itself, to anybody.
    var aboutRoutes: [Route] {
        [
            Route(.get, "/openapi.yaml", .open, needsRedis: false) { _ in
                Answer(
                    .ok, headers: [.contentType: "application/yaml"], body: .bytes(PackageResources.openapi_yaml))
            },
            Route(.get, "/problems/{kind}", .open, needsRedis: false) { call throws(Problem) in
                guard let kind = Problem.Kind.all.first(where: { $0.name == call.parameters["kind"] }) else {
                    throw Problem(.notFound, "there is no such kind of problem")
                }
                return .text("\(kind.status.code) \(kind.name)\n\(kind.title)\n")
            },
        ]
    }
}
