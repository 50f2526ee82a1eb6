package import Foundation
package import JobModel
package import JobStore
import TestSupport

/// What must be true of a stored queue, whatever happened to those who used it: read from all of its keys, so that what
/// the scripts say of themselves is not needed.
package struct Audit {
    /// What is wrong, in words; empty when nothing is.
    package private(set) var findings: [String] = []
    /// Where each job is.
    package private(set) var states: [String: JobState] = [:]
    /// What is known of the runs that did not succeed.
    package private(set) var records: [String: RunRecord] = [:]
    /// Of jobs that succeeded.
    package private(set) var results: [String: ResultRecord] = [:]
    /// The runs that did not succeed, as far as the history keeps them.
    package private(set) var histories: [String: [ErrorEntry]] = [:]
    /// Why runs did not succeed, in their order.
    package var reasons: [String: [Reason]] { histories.mapValues { $0.map(\.reason) } }
    private var keys: [Key: [String: String]] = [:]

    /// Reads a queue as it is now.
    package init(_ queue: QueueStore) async throws {
        for (entry, value) in try await queue.picture().entries {
            let space = entry.firstIndex(of: " ") ?? entry.endIndex
            guard let key = Key(rawValue: String(entry[..<space])) else { continue }
            keys[key, default: [:]][String(entry[entry.index(after: space)...])] = value
        }
        readJobs()
        checkCompanions()
        checkOwners()
        checkTotals()
    }

    private subscript(_ key: Key) -> [String: String] { keys[key] ?? [:] }

    /// Each job has one envelope and is in one index.
    private mutating func readJobs() {
        for state in JobState.allCases {
            for id in self[state.key].keys {
                if let other = states[id] { findings.append("\(id) is \(other) and \(state)") }
                if self[.jobs][id] == nil { findings.append("\(id) is \(state) and has no envelope") }
                states[id] = state
            }
        }
        for id in self[.jobs].keys where states[id] == nil {
            findings.append("\(id) is in no state, its record is \(self[.runs][id] ?? "empty")")
        }
        for (id, record) in self[.runs] { records[id] = RunRecord(parsing: Array(record.utf8)[...]) }
        for (id, result) in self[.results] { results[id] = ResultRecord(parsing: Array(result.utf8)[...]) }
        for (field, text) in self[.errors] {
            guard let slash = field.lastIndex(of: "/"), let entry = ErrorEntry(parsing: Array(text.utf8)[...]) else {
                findings.append("the history entry \(field) cannot be read")
                continue
            }
            histories[String(field[..<slash]), default: []].append(entry)
        }
        for id in histories.keys { histories[id]?.sort { $0.number < $1.number } }
    }

    /// Nothing is kept of jobs that are not there, and what belongs to a state is only there in it.
    private mutating func checkCompanions() {
        for id in records.keys where states[id] == nil { findings.append("\(id) has a run record and no state") }
        for (id, history) in histories {
            if states[id] == nil { findings.append("\(id) has a history and no state") }
            let kept = min(records[id]?.errors ?? 0, 10)
            if history.count != kept {
                findings.append("\(id) has \(history.count) history entries, its record says \(kept)")
            }
        }
        for id in self[.results].keys where states[id] != .succeeded {
            findings.append("\(id) has a result and is \(states[id]?.rawValue ?? "nowhere")")
        }
        for (id, state) in states where state == .succeeded && results[id] == nil {
            findings.append("\(id) succeeded and has no result")
        }
        for (id, token) in self[.asked] where self[.running][id] != token {
            findings.append("\(id) is asked to stop and does not run under that token")
        }
        if self[.wake].count > 1 { findings.append("there are \(self[.wake].count) wake hints") }
    }

    /// Whoever runs something has a lease, and nothing is left of those who have none.
    private mutating func checkOwners() {
        for (id, token) in self[.running] {
            let owner = Int(token).map { $0 / (1 << 28) }
            if owner.flatMap({ self[.leases]["\($0)"] }) == nil { findings.append("\(id) runs without a lease") }
        }
        for key in [Key.claims, .about] {
            for incarnation in self[key].keys where self[.leases][incarnation] == nil {
                findings.append("\(key) names \(incarnation), which has no lease")
            }
        }
    }

    /// What came in is there or has ended.
    private mutating func checkTotals() {
        func total(_ name: String) -> Int { self[.meta][name].flatMap { Int($0) } ?? 0 }
        let came = total("enqueued") + total("requeued")
        let ended = total("succeeded") + total("dead") + total("cancelled")
        let live = states.values.count { !$0.isFinal }
        if came != ended + live { findings.append("\(came) jobs came, \(ended) ended and \(live) are left") }
        for state in [JobState.succeeded, .dead, .cancelled] where total(state.rawValue) < self[state.key].count {
            findings.append("\(self[state.key].count) jobs are \(state), the total says \(total(state.rawValue))")
        }
    }
}

// MARK: - Against the journal

extension Audit {
    /// Compares with what the handlers wrote down, when all of them have ended: each run has its own epoch, higher than
    /// the one before, each start beyond a job's first has a recorded reason, and only killed processes left runs
    /// unfinished.
    package func findings(against journal: [Journal.Line], killed: Set<pid_t> = []) -> [String] {
        var findings = findings
        var epochs: [String: [Int]] = [:]
        var open: [String: Journal.Line] = [:]
        var hasEnded: Set<String> = []
        for line in journal {
            let run = "\(line.id) \(line.epoch)"
            switch line.phase {
            case .start:
                if let last = epochs[line.id]?.last, last >= line.epoch {
                    findings.append("\(line.id) started with epoch \(line.epoch) after \(last)")
                }
                epochs[line.id, default: []].append(line.epoch)
                open[run] = line
            case .end, .stop:
                if open.removeValue(forKey: run) == nil { findings.append("the run \(run) ended and never started") }
                if line.phase == .end { hasEnded.insert(line.id) }
            }
        }
        for (id, epochs) in epochs {
            let recorded = records[id]?.errors ?? 0
            if epochs.count > 1 + recorded {
                findings.append("\(id) started \(epochs.count) times for \(recorded) recorded reasons")
            }
        }
        for line in open.values where !killed.contains(line.pid) {
            findings.append("\(line.id) was left unfinished by process \(line.pid), which nobody killed")
        }
        for (id, state) in states where state == .succeeded && !hasEnded.contains(id) {
            findings.append("\(id) succeeded, but no handler returned")
        }
        return findings
    }

    /// Every one of these jobs succeeded with its number, and no attempt was spent on the way.
    package mutating func expectSucceeded(_ numbers: [String: Int]) {
        for (id, number) in numbers {
            guard states[id] == .succeeded, let result = results[id] else {
                findings.append("\(id) was accepted and is \(states[id]?.rawValue ?? "lost")")
                continue
            }
            if String(decoding: result.result, as: UTF8.self) != "\(number)" {
                findings.append("\(id) answered \(String(decoding: result.result, as: UTF8.self)), not \(number)")
            }
            if result.attempt != 1 { findings.append("\(id) needed attempt \(result.attempt)") }
        }
    }
}
