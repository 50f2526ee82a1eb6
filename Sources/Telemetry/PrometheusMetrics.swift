public import CoreMetrics
import JobModel
import Synchronization

/// The metrics of a process, to be collected by Prometheus: a factory for swift-metrics.
///
///     let metrics = PrometheusMetrics()
///     MetricsSystem.bootstrap(metrics)             // your own counters, and those of libraries
///     configuration.metrics = metrics              // those of a worker
///     print(metrics.text())
///
/// Names are made to fit: what is no letter or digit becomes `_`. Counters end in `_total`, timers in `_seconds`, and both
/// timers and aggregating recorders are histograms. Two metrics of different kinds whose names have become the same are told
/// apart by their kind, `…_gauge`. A metric has at most 1,000 combinations of labels; what comes after that is counted
/// together, under `other`. Counting takes an atomic addition or two, making a counter a lock: keep the ones you make.
public final class PrometheusMetrics: MetricsFactory {
    /// Upper ends of the buckets of durations, in seconds: from what Redis takes to what a batch job takes.
    package static let seconds: [Double] = [
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600,
    ]
    /// The same of calls of Redis, most of which take less than a millisecond.
    package static let calls: [Double] = [
        0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
    ]
    /// The same of recorders, whose unit nobody knows.
    package static let values: [Double] = [0.001, 0.01, 0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

    private let registry = Mutex(Registry())

    public init() {}

    /// A scrape, in the text format 0.0.4.
    public func text() -> String { TextFormat.text(families) }

    /// All metrics as they are now.
    package var families: [MetricFamily] {
        registry.withLock { $0.all }.map { family, cells in
            var family = family
            family.series = cells.map { MetricFamily.Series($0.place.labels, $0.read()) }
            return family
        }
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        let handler: (any RecorderHandler)? =
            aggregate ? histogram(label, dimensions, unit: "") : gauge(label, dimensions)
        return handler ?? NOOPMetricsHandler.instance
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(label, dimensions, unit: "_seconds") ?? NOOPMetricsHandler.instance
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func counter(_ label: String, _ dimensions: [(String, String)]) -> CounterCell? {
        registry.withLock { $0.cell(.counter, label, dimensions) { place, _ in CounterCell(place) } }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> GaugeCell? {
        registry.withLock { $0.cell(.gauge, label, dimensions) { place, _ in GaugeCell(place) } }
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], unit: String) -> HistogramCell? {
        registry.withLock {
            $0.cell(.histogram, label, dimensions, unit: unit) { place, name in
                HistogramCell(place, bounds: Self.bounds(of: name))
            }
        }
    }

    private static func bounds(of name: String) -> [Double] {
        if name == Metric.commandDuration.rawValue { return calls }
        return name.hasSuffix("_seconds") ? seconds : values
    }

    private func remove(_ handler: AnyObject) {
        guard let cell = handler as? any Cell else { return }
        registry.withLock { $0.remove(cell) }
    }
}
