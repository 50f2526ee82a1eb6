package import JobModel

/// What one check came to.
package struct Finding: Equatable, Sendable {
    /// How it is.
    package enum Status: String, CaseIterable, Sendable, Encodable {
        /// As it should be.
        case ok
        /// Jobs are served, but something is at risk or soon will be.
        case warn
        /// Workers cannot start, or jobs cannot be kept.
        case fail
        /// It could not be seen; the cure says what would make it visible, or how to look by hand.
        case unknown
    }

    /// The check: one lower-case word, the same in every version.
    package var id: String
    package var status: Status
    /// What was seen, in words. It may quote a server: nothing for a terminal as it is.
    package var seen: String
    /// What to do, as a command or a setting; empty where nothing needs to be done.
    package var cure: String
    /// Start-up refuses this, unless it is allowed under this name. Only of what failed.
    package var risk: ServerRisk?

    /// Somebody has to do something.
    package var isProblem: Bool { status == .warn || status == .fail }

    /// What is wrong and what to do, in one line.
    package var message: String { cure.isEmpty ? seen : "\(seen); \(cure)" }

    /// Why a program does not start, and what would let it.
    package var refusal: String {
        guard let risk else { return message }
        return "\(message), or allow it with --allow \(risk.rawValue) (queue-worker doctor explains)"
    }
}

/// What a check says, without the name of the check.
package struct Verdict: Equatable, Sendable {
    package var status: Finding.Status
    package var seen: String
    package var cure = ""
    package var risk: ServerRisk?

    package static func ok(_ seen: String) -> Verdict { Verdict(status: .ok, seen: seen) }
    package static func warn(_ seen: String, _ cure: String) -> Verdict {
        Verdict(status: .warn, seen: seen, cure: cure)
    }
    package static func fail(_ seen: String, _ cure: String, _ risk: ServerRisk? = nil) -> Verdict {
        Verdict(status: .fail, seen: seen, cure: cure, risk: risk)
    }
    package static func unknown(_ seen: String, _ cure: String) -> Verdict {
        Verdict(status: .unknown, seen: seen, cure: cure)
    }
}

/// One thing to look at: a pure function from facts, which somebody else collected, to what is to be said of them.
///
/// Checks of another store are another list, of checks over its own facts; what comes out is the same kind of finding.
package struct Check<Facts: Sendable>: Sendable {
    package let id: String
    private let look: @Sendable (Facts) -> Verdict

    package init(_ id: String, _ look: @escaping @Sendable (Facts) -> Verdict) {
        self.id = id
        self.look = look
    }

    package func finding(_ facts: Facts) -> Finding {
        let verdict = look(facts)
        return Finding(id: id, status: verdict.status, seen: verdict.seen, cure: verdict.cure, risk: verdict.risk)
    }
}
