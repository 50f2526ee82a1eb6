package import CoreMetrics
import JobModel
package import Redis
import Synchronization

/// Counts how long Redis takes for each script, as whoever calls it sees it: with the way there and back, and the wait
/// behind others on the same connection.
package final class ScriptMeter: Sendable {
    private struct Kind: Hashable {
        var script: String
        var isAnswered: Bool
    }

    private let factory: any MetricsFactory
    private let timers = Mutex<[Kind: Timer]>([:])

    package init(_ factory: any MetricsFactory) { self.factory = factory }

    /// To be handed to a client as its `onScript`.
    package var observer: ScriptObserver {
        { script, took, isAnswered in
            let (seconds, attoseconds) = took.components
            self.timer(Kind(script: script.name, isAnswered: isAnswered))
                .recordNanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        }
    }

    private func timer(_ kind: Kind) -> Timer {
        timers.withLock { timers in
            if let known = timers[kind] { return known }
            let new = Timer(
                label: Metric.commandDuration.rawValue,
                dimensions: [("command", kind.script), ("outcome", kind.isAnswered ? "answered" : "failed")],
                factory: factory)
            timers[kind] = new
            return new
        }
    }
}
