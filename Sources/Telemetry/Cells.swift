import CoreMetrics
import Synchronization

// Where the numbers are. Counting is an atomic addition or two: no lock, nothing allocated.

/// One series.
protocol Cell: AnyObject, Sendable {
    var place: Place { get }
    func read() -> MetricFamily.Value
}

/// Where a series stands in the registry.
struct Place: Sendable {
    var family: Registry.Key
    var labels: Labels
}

/// A number that many threads add to.
private struct AtomicDouble: ~Copyable {
    private let bits = Atomic(Double.zero.bitPattern)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    func add(_ amount: Double) {
        var now = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: now) + amount).bitPattern
            let (isDone, found) = bits.weakCompareExchange(expected: now, desired: sum, ordering: .relaxed)
            if isDone { return }
            now = found
        }
    }
}

final class CounterCell: Cell, CounterHandler, FloatingPointCounterHandler {
    let place: Place
    private let sum = AtomicDouble()

    init(_ place: Place) { self.place = place }

    func increment(by amount: Int64) { increment(by: Double(amount)) }

    /// A counter never goes down: what would take it there does not count.
    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { sum.add(amount) }
    }

    func reset() { sum.set(0) }
    func read() -> MetricFamily.Value { .number(sum.value) }
}

final class GaugeCell: Cell, MeterHandler, RecorderHandler {
    let place: Place
    private let level = AtomicDouble()

    init(_ place: Place) { self.place = place }

    func set(_ value: Int64) { level.set(Double(value)) }
    func set(_ value: Double) { level.set(value) }
    func record(_ value: Int64) { level.set(Double(value)) }
    func record(_ value: Double) { level.set(value) }
    func increment(by amount: Double) { level.add(amount) }
    func decrement(by amount: Double) { level.add(-amount) }
    func read() -> MetricFamily.Value { .number(level.value) }
}

final class HistogramCell: Cell, RecorderHandler, TimerHandler {
    private final class Bucket: Sendable {
        let count = Atomic(0)
    }

    let place: Place
    private let bounds: [Double]
    private let buckets: [Bucket]
    private let sum = AtomicDouble()

    init(_ place: Place, bounds: [Double]) {
        self.place = place
        self.bounds = bounds
        buckets = (0...bounds.count).map { _ in Bucket() }
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        buckets[index].count.wrappingAdd(1, ordering: .relaxed)
        sum.add(value)
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }

    /// The number of values is that of the buckets: so the two agree in every scrape.
    func read() -> MetricFamily.Value {
        .histogram(bounds: bounds, counts: buckets.map { $0.count.load(ordering: .relaxed) }, sum: sum.value)
    }
}
