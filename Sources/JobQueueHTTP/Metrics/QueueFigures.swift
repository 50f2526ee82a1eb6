import JobModel
import JobStore
import Telemetry

/// Queues in numbers, as metrics. Pure: from snapshots to families.
struct QueueFigures {
    /// Queues that are told by name, the first ones by name. All others are one line together, so that whoever makes a queue
    /// for each customer still can collect this.
    static let nameLimit = 500

    fileprivate struct Row {
        var name: String
        var counts: [JobState: Int] = [:]
        var backlog = 0
        var age = 0.0
        var paused = 0
        var workers = 0
        var enqueued = 0
        var finished: [JobState: Int] = [:]
    }

    private var rows: [Row] = []

    init(_ snapshots: [QueueSnapshot]) {
        let snapshots = snapshots.sorted { $0.name < $1.name }
        let isCut = snapshots.count > Self.nameLimit
        var rest = Row(name: Metric.rest)
        for (index, snapshot) in snapshots.enumerated() {
            // A queue of that name is one of the rest, where there is a rest.
            if isCut, index >= Self.nameLimit || snapshot.name.text == Metric.rest {
                rest.add(snapshot)
            } else {
                var row = Row(name: snapshot.name.text)
                row.add(snapshot)
                rows.append(row)
            }
        }
        if isCut { rows.append(rest) }
    }

    var families: [MetricFamily] {
        var jobs = Metric.jobs.family(.gauge)
        var finished = Metric.queueFinished.family(.counter)
        for row in rows {
            for state in JobState.allCases {
                jobs.add(Double(row.counts[state] ?? 0), ["queue": row.name, "state": state.rawValue])
                guard state.isFinal else { continue }
                finished.add(Double(row.finished[state] ?? 0), ["queue": row.name, "state": state.rawValue])
            }
        }
        func figure(_ metric: Metric, _ kind: MetricFamily.Kind = .gauge, _ value: (Row) -> Double) -> MetricFamily {
            var family = metric.family(kind)
            for row in rows { family.add(value(row), ["queue": row.name]) }
            return family
        }
        return [
            jobs, finished,
            figure(.backlog) { Double($0.backlog) },
            figure(.oldestAge) { $0.age },
            figure(.paused) { Double($0.paused) },
            figure(.queueWorkers) { Double($0.workers) },
            figure(.queueEnqueued, .counter) { Double($0.enqueued) },
        ]
    }
}

extension QueueFigures.Row {
    fileprivate mutating func add(_ snapshot: QueueSnapshot) {
        for (state, count) in snapshot.counts { counts[state, default: 0] += count }
        backlog += snapshot.backlog
        age = max(age, Double(snapshot.oldestAgeMs ?? 0) / 1000)
        paused += snapshot.isPaused ? 1 : 0
        workers += snapshot.workers.count(where: snapshot.isLive)
        enqueued += snapshot.total("enqueued")
        for state in JobState.allCases where state.isFinal {
            finished[state, default: 0] += snapshot.total(state.rawValue)
        }
    }
}
