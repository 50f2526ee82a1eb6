import JobModel
import JobStore

/// What the relay does with rows, decided without doing anything.
struct Handover: Equatable {
    /// Their jobs are stored, now or before.
    var stored: [String] = []
    /// What became of each row, by id.
    var words: [String: String] = [:]
    /// No job can be made of them.
    var refused: [Refused] = []
    /// The queue takes no more: they wait.
    var waiting = 0

    struct Refused: Equatable {
        var id: String
        var reason: String
    }

    /// `jobs` and what the queue said of each, beside what was `refused` before anybody asked it.
    init(_ jobs: [NewJob], _ admissions: [Admission], refused: [Refused]) {
        self.refused = refused
        for row in refused { words[row.id] = Admission.invalid.word }
        for (job, admission) in zip(jobs, admissions) {
            words[job.id] = admission.word
            switch admission {
            case .created, .duplicate: stored.append(job.id)
            case .conflict:
                self.refused.append(
                    Refused(id: job.id, reason: "the id belongs to a job with another name or payload"))
            case .invalid: self.refused.append(Refused(id: job.id, reason: "the store refused a name or number"))
            case .full, .held: waiting += 1
            }
        }
    }

    /// Rows into jobs that are sent, and rows that cannot be.
    static func sort(_ rows: [OutboxRow], now: Int, maxPayloadBytes: Int) -> (jobs: [NewJob], refused: [Refused]) {
        var jobs: [NewJob] = []
        var refused: [Refused] = []
        for row in rows {
            do throws(Envelope.Refusal) {
                jobs.append(try row.job(now: now, maxPayloadBytes: maxPayloadBytes))
            } catch { refused.append(Refused(id: row.id, reason: error.description)) }
        }
        return (jobs, refused)
    }
}
