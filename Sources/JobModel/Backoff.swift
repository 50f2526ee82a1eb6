/// How long a failed job waits for its next attempt.
public enum Backoff: Hashable, Sendable {
    /// `base × 2^(failures − 1)`, at most `cap`, plus up to `jitter` (a fraction, 0…1) of it: jitter makes a wait longer
    /// and never shorter, so that a thousand jobs that failed together do not come back together.
    case exponential(base: Duration, cap: Duration, jitter: Double)
    /// Always the same wait.
    case fixed(Duration)
    /// The first wait, the second wait …; the last one repeats.
    case list([Duration])

    /// 5 s, 10 s, 20 s … up to a day, plus up to a quarter: 25 attempts span about 12 days.
    public static let standard = Backoff.exponential(base: .seconds(5), cap: .seconds(86_400), jitter: 0.25)

    /// The wait in ms after the `failures`-th failed attempt (1 is the first). `random` is in 0..<1.
    package func delay(afterFailures failures: Int, random: Double) -> Int {
        switch self {
        case .exponential(let base, let cap, let jitter):
            let doubled = Double(base.milliseconds) * pow2(max(0, failures - 1))
            let wait = min(doubled, Double(cap.milliseconds))
            return Int(wait + wait * Self.fraction(jitter) * random)
        case .fixed(let wait): return wait.milliseconds
        case .list(let waits):
            guard let last = waits.last else { return 0 }
            let index = max(1, failures) - 1
            return (index < waits.count ? waits[index] : last).milliseconds
        }
    }

    /// A jitter between 0 and 1, whatever was given; 0 for what is no number.
    static func fraction(_ jitter: Double) -> Double { jitter > 0 ? min(jitter, 1) : 0 }

    /// 2^n, without overflow: 2^60 ms is beyond every cap.
    private func pow2(_ exponent: Int) -> Double { Double(1 << min(exponent, 60)) }
}

extension Duration {
    /// Whole milliseconds, never negative; what does not fit becomes the largest moment the queue knows.
    package var milliseconds: Int {
        let (seconds, attoseconds) = components
        if seconds < 0 { return 0 }
        if seconds >= Int64(Due.latest / 1000) { return Due.latest }
        return Int(seconds) * 1000 + max(0, Int(attoseconds / 1_000_000_000_000_000))
    }
}
