import HTTPTypes
package import Telemetry

extension JobQueueAPI {
    /// What Prometheus collects: what this process counts comes in any case, whatever Redis says.
    var metricsRoutes: [Route] {
        let access = configuration.hasOpenMetrics ? Access.open : .scope(.statsRead)
        return [
            .scrape(access) { [configuration, exporter, extraFamilies] call async throws(Problem) in
                // It tells of all queues at once.
                if access != .open, !call.caller.queues.contains("*") {
                    throw Problem(.forbidden, "metrics tell of all queues: this needs a token for the queues *")
                }
                async let more = extraFamilies()
                return (configuration.metrics?.families ?? []) + (await exporter.families()) + (await more)
            }
        ]
    }
}

extension Route {
    /// `/metrics`. No part of the API's description: its format is another one's.
    fileprivate static func scrape(
        _ access: Access, _ families: @escaping @Sendable (Call) async throws(Problem) -> [MetricFamily]
    ) -> Route {
        var route = Route(.get, "/metrics", access, needsRedis: false) { call async throws(Problem) in
            .text(TextFormat.text(try await families(call)), type: TextFormat.contentType)
        }
        route.isListed = false
        return route
    }

    /// The same of a worker, which tells of no queues, to everybody who reaches it.
    package static func metrics(_ families: @escaping @Sendable () async -> [MetricFamily]) -> Route {
        scrape(.open) { _ in await families() }
    }
}
