import JobModel
import Testing

@Suite(.timeLimit(.minutes(1))) struct BackoffTests {
    @Test(arguments: [(1, 5000), (2, 10_000), (3, 20_000), (15, 81_920_000), (16, 86_400_000), (1000, 86_400_000)])
    func `the standard wait doubles up to a day`(failures: Int, wait: Int) {
        #expect(Backoff.standard.delay(afterFailures: failures, random: 0) == wait)
    }

    @Test func `jitter makes a wait longer by up to a quarter, never shorter`() {
        #expect(Backoff.standard.delay(afterFailures: 1, random: 0.5) == 5625)
        #expect(Backoff.standard.delay(afterFailures: 1, random: 0.999_999) == 6249)
        #expect(Backoff.standard.delay(afterFailures: 99, random: 0.999_999) < 108_000_000)
    }

    @Test func `twenty-five attempts span about twelve days`() {
        let total = (1..<25).reduce(0) { $0 + Backoff.standard.delay(afterFailures: $1, random: 0.5) }
        #expect((10..<13).contains(total / 86_400_000))
    }

    @Test(arguments: [0, -1, Int.min + 1, 1, 61, 62, 63, 64, 1000, Int.max])
    func `no number of failures overflows`(failures: Int) {
        let backoffs: [Backoff] = [
            .standard, .fixed(.seconds(1)), .list([.seconds(1)]), .list([]),
            .exponential(base: .seconds(Int64.max), cap: .seconds(Int64.max), jitter: 1),
        ]
        for backoff in backoffs {
            #expect(backoff.delay(afterFailures: failures, random: 0.999_999) >= 0)
        }
    }

    @Test(arguments: [
        (-1.0, 1000), (0, 1000), (1, 1500), (2, 1500), (.infinity, 1500), (-.infinity, 1000), (.nan, 1000),
    ])
    func `jitter is a fraction whatever was given`(jitter: Double, wait: Int) {
        let backoff = Backoff.exponential(base: .seconds(1), cap: .seconds(1), jitter: jitter)
        #expect(backoff.delay(afterFailures: 1, random: 0.5) == wait)
    }

    @Test func `a fixed wait is always the same`() {
        #expect(
            [1, 2, 99].map { Backoff.fixed(.seconds(3)).delay(afterFailures: $0, random: 0.9) } == [3000, 3000, 3000])
    }

    @Test func `the last wait of a list repeats`() {
        let backoff = Backoff.list([.seconds(1), .seconds(3), .seconds(2)])
        #expect(
            [0, 1, 2, 3, 4, 99].map { backoff.delay(afterFailures: $0, random: 0.9) } == [
                1000, 1000, 3000, 2000, 2000, 2000,
            ])
        #expect(Backoff.list([]).delay(afterFailures: 1, random: 0) == 0)
    }

    @Test(arguments: [
        (Duration.zero, 0), (.milliseconds(1), 1), (.microseconds(1999), 1), (.seconds(2), 2000),
        (.milliseconds(-5), 0),
        (.seconds(-5), 0), (.nanoseconds(-1), 0), (.seconds(Int64.max), Due.latest),
        (.seconds(900_000_000_000), Due.latest),
        (.seconds(899_999_999_999) + .milliseconds(999), Due.latest - 1),
    ])
    func `a duration is whole milliseconds, never negative`(duration: Duration, ms: Int) {
        #expect(duration.milliseconds == ms)
    }

    @Test(arguments: [
        (Retention.none, 0), (.forever, -1), (.seconds(5), 5000), (.keep(.zero), 1), (.keep(.seconds(-1)), 1),
    ])
    func `a retention is stored as milliseconds`(retention: Retention, wire: Int) {
        #expect(retention.wire == wire)
        #expect(Retention(wire: wire).wire == wire)
    }
}
