package import JobModel

/// Which jobs of a list are wanted. Every condition that is given must hold; one that is nil holds for all.
package struct JobFilter: Equatable, Sendable {
    /// The job's name, in full.
    package var name: String?
    /// One of its tags, in full.
    package var tag: String?
    /// Made at this moment or later, ms since 1970.
    package var createdFrom: Int?
    /// Made before this moment, ms since 1970.
    package var createdBefore: Int?

    package init(name: String? = nil, tag: String? = nil, createdFrom: Int? = nil, createdBefore: Int? = nil) {
        self.name = name
        self.tag = tag
        self.createdFrom = createdFrom
        self.createdBefore = createdBefore
    }

    /// No condition at all.
    package var isOpen: Bool { self == JobFilter() }

    /// Of an envelope that cannot be read, or is gone, nothing is known: no condition holds for it. One that does not say
    /// when it was made is in no span of time.
    package func holds(for envelope: ArraySlice<UInt8>) -> Bool {
        if isOpen { return true }
        guard let envelope = try? Envelope(parsing: envelope) else { return false }
        return holds(for: envelope)
    }

    package func holds(for envelope: Envelope) -> Bool {
        if let name, envelope.name != name { return false }
        if let tag, !envelope.tags.contains(tag) { return false }
        if (createdFrom ?? createdBefore) != nil, envelope.createdMs == 0 { return false }
        if let createdFrom, envelope.createdMs < createdFrom { return false }
        if let createdBefore, envelope.createdMs >= createdBefore { return false }
        return true
    }
}
