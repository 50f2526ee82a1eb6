import JobModel
package import JobStore

/// A report for programs that read lines.
package struct InfoText {
    private let report: InfoReport
    private let view: InfoView

    /// The order of the queues, and which parts.
    package init(_ report: InfoReport, _ view: InfoView = InfoView()) {
        self.report = report
        self.view = view
    }

    /// A heading and a line for each queue, between tabs; where queues are not wanted the same of workers.
    package var plain: [String] { view.showsQueues ? plainQueues : plainWorkers }

    private var plainQueues: [String] {
        let heading =
            "queue state queued oldest_age_ms running limit retrying scheduled suspect dead in_1m out_1m failed_1m workers"
        return [Self.tabbed(heading.split(separator: " ").map(String.init))]
            + view.sorted(report.queues).map { queue in
                Self.tabbed(
                    [queue.name, queue.isPaused ? "paused" : "active"]
                        + [
                            queue.queued, queue.oldestQueuedMs ?? 0, queue.running, queue.limit, queue.retrying,
                            queue.scheduled, queue.suspect, queue.dead,
                        ].map(String.init) + [queue.in1m, queue.out1m, queue.failed1m].map { "\($0)" }
                        + ["\(queue.workers)"])
            }
    }

    private var plainWorkers: [String] {
        let heading = "worker state busy slots done failed memory_bytes up_ms host pid version queues"
        return [Self.tabbed(heading.split(separator: " ").map(String.init))]
            + report.workers.map { worker in
                Self.tabbed([
                    worker.id, worker.state.rawValue, "\(worker.busy)", "\(worker.slots)", "\(worker.done ?? 0)",
                    "\(worker.failed ?? 0)", "\(worker.memoryBytes ?? 0)", "\(report.takenAtMs &- worker.startedMs)",
                    worker.host, "\(worker.pid)", worker.version, worker.queues.joined(separator: ","),
                ])
            }
    }

    /// The lines of `rq info --raw`, so that what reads those reads these: dead jobs are its failed ones.
    package var raw: [String] {
        var lines: [String] = []
        if view.showsQueues {
            lines += view.sorted(report.queues).map {
                "queue \($0.name) \($0.queued), \($0.running) executing, \($0.succeeded) finished, \($0.dead) failed"
            }
        }
        if view.showsWorkers {
            lines += report.workers.map { worker in
                let jobs = "jobs: \(worker.done ?? 0) finished, \(worker.failed ?? 0) failed"
                let place = "(\(worker.host) - \(worker.pid))"
                return "worker \(worker.id) \(place) \(worker.state.rawValue) "
                    + "\(worker.queues.joined(separator: ", ")). \(jobs)"
            }
        }
        return lines.map { Printable.oneLine($0) }
    }

    private static func tabbed(_ cells: [String]) -> String {
        cells.map { Printable.oneLine($0) }.joined(separator: "\t")
    }
}
