import CoreMetrics
import HTTPTypes
import JobModel
import Synchronization
import Telemetry

/// What the API counts of its requests. Labels come from the table of routes and from names of jobs, of which there are only
/// so many: never from what a caller wrote into a path.
final class RequestMeter: Sendable {
    private struct Kind: Hashable {
        var method: String
        var route: String
        var status: Int
    }

    private struct State {
        var requests: [Kind: Counter] = [:]
        var durations: [String: Timer] = [:]
    }

    private let factory: any MetricsFactory
    private let state = Mutex(State())
    /// Jobs that came by requests.
    let enqueued: EnqueuedMeter

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        enqueued = EnqueuedMeter(factory, source: "http")
    }

    /// A request was answered. `duration` is without what the caller asked it to wait.
    func answered(_ method: String, _ route: String, status: Int, after duration: Duration) {
        let (counter, timer) = state.withLock { state in
            (
                request(Kind(method: method, route: route, status: status), &state.requests),
                self.duration(route, &state.durations)
            )
        }
        counter.increment()
        let (seconds, attoseconds) = duration.components
        timer.recordNanoseconds(max(0, seconds * 1_000_000_000 + attoseconds / 1_000_000_000))
    }

    /// The methods that a request without a route is counted by: others share one label.
    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options, .trace]

    /// No route answered: counted under none, because the path is the caller's.
    func unrouted(_ method: HTTPRequest.Method, status: Int, after duration: Duration) {
        let method = Self.methods.contains(method) ? method.rawValue : Metric.rest
        answered(method, "none", status: status, after: duration)
    }

    private func request(_ kind: Kind, _ known: inout [Kind: Counter]) -> Counter {
        if let counter = known[kind] { return counter }
        let counter = Counter(
            label: Metric.requests.rawValue,
            dimensions: [("method", kind.method), ("route", kind.route), ("status", "\(kind.status)")],
            factory: factory)
        known[kind] = counter
        return counter
    }

    private func duration(_ route: String, _ known: inout [String: Timer]) -> Timer {
        if let timer = known[route] { return timer }
        let timer = Timer(
            label: Metric.requestDuration.rawValue, dimensions: [("route", route)], factory: factory)
        known[route] = timer
        return timer
    }
}
