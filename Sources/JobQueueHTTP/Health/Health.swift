import JobModel
import Synchronization

/// Whether a process lives, and whether it can do its work: for those who restart processes and send them traffic.
///
/// Living depends on nothing outside the process: were it otherwise, an outage of Redis would restart everything that
/// waits for it.
package final class Health: Sendable {
    /// One thing that the work depends on.
    package struct Check: Sendable {
        package var name: String
        /// Looks now, within its own deadline.
        package var look: @Sendable () async -> Finding

        package init(_ name: String, _ look: @escaping @Sendable () async -> Finding) {
            self.name = name
            self.look = look
        }
    }

    package struct Finding: Sendable, Equatable {
        package enum Measure: Sendable, Equatable {
            /// How long the answer took.
            case latency(Duration)
            /// How long ago it last moved.
            case age(Duration)
        }

        /// Nil when all is well, else a word.
        package var error: String?
        package var measure: Measure?
        /// It works, but worse than it should.
        package var isDegraded = false
        /// Without it no work can be done. Else the process is at most degraded.
        package var isVital = true

        package init(
            error: String? = nil, _ measure: Measure? = nil, isDegraded: Bool = false, isVital: Bool = true
        ) {
            self.error = error
            self.measure = measure
            self.isDegraded = isDegraded
            self.isVital = isVital
        }
    }

    package enum Status: String, Sendable {
        case ready
        case degraded
        case notReady = "not_ready"
    }

    /// What probes are told.
    package struct Report: Sendable, Equatable {
        package var status: Status
        package var findings: [(name: String, finding: Finding)]

        package static func == (a: Self, b: Self) -> Bool {
            a.status == b.status && a.findings.map(\.name) == b.findings.map(\.name)
                && a.findings.map(\.finding) == b.findings.map(\.finding)
        }
    }

    private struct State {
        var last: (report: Report, time: ContinuousClock.Instant)?
        /// Somebody looks, and these wait for the answer.
        var waiters: [CheckedContinuation<Report, Never>]?
        var isStarted = false
        var isStopping = false
    }

    /// Probes that come within this time get the same answer, so that they cannot load what they look at.
    static let freshness = Duration.seconds(1)

    private let checks: [Check]
    let isAlive: @Sendable () -> Bool
    private let state = Mutex(State())

    /// `isAlive` must not wait for anything.
    package init(_ checks: [Check], isAlive: @escaping @Sendable () -> Bool = { true }) {
        self.checks = checks
        self.isAlive = isAlive
    }

    /// It has been ready once, or its checks are fine now.
    package var isStarted: Bool { state.withLock { $0.isStarted } }

    /// From here on it is not ready.
    package func stop() { state.withLock { $0.isStopping = true } }

    /// What is known, at most a second old.
    package func report() async -> Report {
        enum Turn {
            case known(Report)
            case wait
            case look
        }
        let turn = state.withLock { state -> Turn in
            if let last = state.last, ContinuousClock.now - last.time < Self.freshness { return .known(last.report) }
            if state.waiters != nil { return .wait }
            state.waiters = []
            return .look
        }
        let report =
            switch turn {
            case .known(let report): report
            case .wait: await wait()
            case .look: await look()
            }
        return state.withLock { $0.isStopping } ? Report(status: .notReady, findings: report.findings) : report
    }

    private func look() async -> Report {
        let findings = await withTaskGroup { group in
            for (index, check) in checks.enumerated() { group.addTask { (index, await check.look()) } }
            return await group.reduce(into: [Finding?](repeating: nil, count: checks.count)) { $0[$1.0] = $1.1 }
        }
        let report = Self.judge(zip(checks, findings).map { ($0.name, $1 ?? Finding(error: "unknown")) })
        let waiters = state.withLock { state in
            defer { state.waiters = nil }
            state.last = (report, .now)
            state.isStarted = state.isStarted || report.status != .notReady
            return state.waiters ?? []
        }
        for waiter in waiters { waiter.resume(returning: report) }
        return report
    }

    /// For the look that is under way; when it has ended meanwhile, for the next.
    private func wait() async -> Report {
        await withCheckedContinuation { waiter in
            let known = state.withLock { state -> Report? in
                guard state.waiters != nil else { return state.last?.report }
                state.waiters?.append(waiter)
                return nil
            }
            if let known { waiter.resume(returning: known) }
        }
    }

    static func judge(_ findings: [(String, Finding)]) -> Report {
        let status: Status =
            if findings.contains(where: { $0.1.error != nil && $0.1.isVital }) {
                .notReady
            } else if findings.contains(where: { $0.1.error != nil || $0.1.isDegraded }) { .degraded } else { .ready }
        return Report(status: status, findings: findings.map { (name: $0.0, finding: $0.1) })
    }
}
