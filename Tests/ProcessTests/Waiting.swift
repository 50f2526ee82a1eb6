/// Something that should have happened did not.
struct Overdue: Error, CustomStringConvertible {
    var description: String
}

/// Waits until something is so, looking every few milliseconds; throws when that takes too long.
func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ isSo: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !isSo() {
        guard ContinuousClock.now < end else { throw Overdue(description: "still not so after \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
