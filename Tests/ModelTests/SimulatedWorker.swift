import JobModel
import JobStore

/// What one worker believes. It learns from answers only, and some answers never reach it.
struct SimulatedWorker: Sendable {
    let name: String
    var incarnation: Int?
    var nextClaim = 1
    /// Incarnations whose last runs are not settled yet.
    var former: [Int] = []
    /// Runs that it thinks it has.
    var held: [Run] = []
    /// Claims without an answer, to be sent again in order.
    var openClaims: [ClaimCall] = []
    /// Settles without an answer, to be sent again.
    var openSettles: [(incarnation: Int, items: [Settlement])] = []

    struct Run: Sendable {
        var id: String
        var token: Int
        var envelope: String
        var record: String
        var isAlone = false
        /// It is somebody else's, whose lease ran out.
        var isRecovered = false
        var incarnation: Int { Token(token).incarnation.number }
    }

    init(name: String) { self.name = name }

    mutating func joined(_ number: Int) {
        if let incarnation, held.contains(where: { $0.incarnation == incarnation }) { former.append(incarnation) }
        incarnation = number
        nextClaim = 1
        openClaims = []
    }

    /// Its process ended.
    mutating func die() { self = SimulatedWorker(name: name) }

    mutating func took(_ jobs: [HeldJob], alone: Bool = false, recovered: Bool = false) {
        for job in jobs where !held.contains(where: { $0.id == job.id && $0.token == job.token }) {
            held.append(
                Run(
                    id: job.id, token: job.token, envelope: job.envelope, record: job.record, isAlone: alone,
                    isRecovered: recovered))
        }
    }

    mutating func settled(_ items: [Settlement]) {
        held.removeAll { run in items.contains { $0.id == run.id && $0.token.number == run.token } }
    }

    mutating func endedIncarnation(_ number: Int) {
        former.removeAll { $0 == number }
        guard incarnation == number else { return }
        incarnation = nil
        openClaims = []
    }

    /// Learns what its call answered.
    mutating func learn(_ action: Action, _ answer: Answer) {
        switch (action, answer) {
        case (.join(let number, _), .join(.joined)): joined(number)
        case (.claim(let call, _), .claimed(let claim)):
            openClaims.removeAll { $0 == call }
            took(claim.jobs, alone: call.alone)
        case (.claim(let call, _), .skipped): openClaims.removeAll { $0 == call }
        case (.claim(let call, _), .stale): endedIncarnation(call.incarnation)
        case (.beat, .beat(let beat)):
            for member in beat.members where !member.isLive { endedIncarnation(member.incarnation.number) }
        case (.settle(_, let items), .settled): settled(items)
        case (.recover, .recovered(let recovery)): took(recovery.jobs, recovered: true)
        default: break
        }
    }

    /// Its call got no answer.
    mutating func missed(_ action: Action) {
        switch action {
        case .claim(let call, _): openClaims.append(call)
        case .settle(let incarnation, let items): openSettles.append((incarnation, items))
        default: break
        }
    }
}
