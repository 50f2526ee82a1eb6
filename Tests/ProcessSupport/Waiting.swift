/// Something that should have happened did not.
package struct Overdue: Error, CustomStringConvertible {
    package var description: String

    /// What did not happen, in words.
    package init(description: String) { self.description = description }
}

/// Waits until something is so, looking every few milliseconds; throws when that takes too long.
package func eventually(
    _ what: String, within limit: Duration = .seconds(20), _ isSo: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !isSo() {
        guard ContinuousClock.now < end else { throw Overdue(description: "still not so after \(limit): \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Calls a body in even steps for a while: for steady loads, and for looking at them. It counts the steps, and one that comes
/// late does not make the others late.
package func every(_ step: Duration, for time: Duration, _ body: (Int) async throws -> Void) async throws {
    let begin = ContinuousClock.now
    var number = 0
    while step * number < time {
        try await Task.sleep(until: begin + step * number)
        try await body(number)
        number += 1
    }
}
