/// The pauses between attempts to connect: a ceiling that doubles, and a random share of it ("full jitter"), so that a
/// thousand processes do not return to a restarted server in the same millisecond.
package struct ReconnectBackoff: Sendable, Equatable {
    /// The ceiling of the first pause. The default is 50 milliseconds.
    package var minimum: Duration
    /// The highest ceiling. The default is 2 seconds.
    package var maximum: Duration

    package init(minimum: Duration = .milliseconds(50), maximum: Duration = .seconds(2)) {
        self.minimum = minimum
        self.maximum = maximum
    }

    /// The longest the pause may be after so many failures in a row, from 1.
    package func ceiling(failures: Int) -> Duration {
        // Twenty doublings of the smallest sensible pause are days: far beyond any maximum.
        min(maximum, minimum * (1 << min(max(failures - 1, 0), 20)))
    }

    /// The pause after so many failures in a row, from 1: anything from nothing to the ceiling.
    package func pause(failures: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        ceiling(failures: failures) * Double.random(in: 0...1, using: &generator)
    }
}
