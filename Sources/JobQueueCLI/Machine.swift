import Foundation
import JobModel
import JobQueueWorker
import JobStore

/// What `doctor` looks at on this side: what is configured to run here, and what the machine lets it have.
struct Machine: Sendable {
    /// What is wrong with the configuration of a worker, as `run` would say it.
    var problems: [String] = []
    /// As in `queue.processes`, but with `auto` resolved.
    var processes = 0
    /// Handlers at once, in one process.
    var slots = 10
    /// There are handlers that run in child processes.
    var hasChildren = false
    /// Descriptors that a process may open.
    var files: Int
    var cores: Int

    var plan: WorkPlan { WorkPlan(processes: processes, host: WorkerIdentity.machine) }
    /// Fewer descriptors, and nothing can be started at all.
    var least: Int { Descriptors.least(cores: cores, processes: processes) }

    static let checks = [settings, descriptors]

    /// Stands for all checks of Redis where it cannot be asked.
    static let untried = Check<Machine>("connection") { _ in
        .unknown("not tried with so few descriptors", "see descriptors")
    }

    static let settings = Check<Machine>("settings") { machine in
        guard let first = machine.problems.first else { return .ok("the configuration can be read") }
        let more = machine.problems.count > 1 ? " (and \(machine.problems.count - 1) more)" : ""
        return .fail("no worker starts: \(first)\(more)", "run: queue-worker config check")
    }

    static let descriptors = Check<Machine>("descriptors") { machine in
        let (files, least) = (machine.files, machine.least)
        guard files >= least else {
            return .fail("a process may open \(files) files, a worker needs \(least)", Descriptors.cure(least))
        }
        let wanted = Descriptors.wanted(children: machine.hasChildren ? machine.slots : 0, least: least)
        let seen = "a process may open \(files) files"
        guard files < wanted else { return .ok(seen) }
        return .warn(
            "\(seen), and \(machine.slots) jobs in child processes need \(wanted)",
            "fewer slots (--concurrency), or: " + Descriptors.cure(wanted))
    }
}

extension Machine {
    init(_ sources: SettingSources) {
        files = Descriptors.limit
        cores = ProcessInfo.processInfo.activeProcessorCount
        do throws(Failure) {
            let settings = try Settings(sources)
            processes = settings.processes ?? cores
            slots = settings.worker.concurrency
            hasChildren = !settings.handlers.isEmpty
        } catch { problems = [error.message] + error.more }
    }
}
