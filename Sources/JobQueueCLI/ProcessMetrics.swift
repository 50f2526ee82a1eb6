import CoreMetrics
import JobModel
import JobQueueWorker
import Telemetry

/// The metrics of a command that has a port to serve them on.
enum ProcessMetrics {
    /// Begins to count. What handlers and libraries count with swift-metrics comes along, unless this program has chosen a
    /// factory of its own for that.
    static func start() -> PrometheusMetrics {
        let metrics = PrometheusMetrics()
        let facts = [("version", JobQueueWorkerVersion.text), ("swift", swift)]
        Meter(label: Metric.buildInfo.rawValue, dimensions: facts, factory: metrics).set(1)
        if MetricsSystem.factory is NOOPMetricsHandler { MetricsSystem.bootstrap(metrics) }
        return metrics
    }

    /// The compiler's, as far as it can be told.
    private static var swift: String {
        #if compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
