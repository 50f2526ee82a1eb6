package import JobModel
package import JobStore

/// Everything that `doctor` says: the same values become a page or JSON.
package struct DoctorReport: Sendable, Equatable, Encodable {
    package struct Row: Sendable, Equatable, Encodable {
        package var id: String
        package var status: Finding.Status
        package var seen: String
        /// Empty where nothing needs to be done.
        package var cure: String
        /// The name under which start-up allows it; nil where nothing can be allowed.
        package var allow: String?
    }

    package var checks: [Row]

    /// What failed and is allowed is a warning: start-up goes on, too.
    package init(_ findings: [Finding], allowed: Set<ServerRisk> = []) {
        checks = findings.map { finding in
            let isAllowed = finding.risk.map { allowed.contains($0) } ?? false
            return Row(
                id: finding.id, status: isAllowed ? .warn : finding.status,
                seen: finding.seen + (isAllowed ? " (allowed here)" : ""), cure: finding.cure,
                allow: finding.risk?.rawValue)
        }
    }

    package func count(_ status: Finding.Status) -> Int { checks.count { $0.status == status } }
}
