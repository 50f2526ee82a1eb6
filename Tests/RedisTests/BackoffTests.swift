import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct BackoffTests {
    @Test func `the ceiling doubles up to the maximum`() {
        let ceilings = (1...8).map { ReconnectBackoff().ceiling(failures: $0) }
        #expect(ceilings == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { Duration.milliseconds($0) })
        #expect(ReconnectBackoff().ceiling(failures: .max) == .seconds(2))
    }

    @Test func `pauses spread over the whole range below the ceiling`() {
        var generator = SeededGenerator(seed: 1)
        let pauses = (0..<1000).map { _ in ReconnectBackoff().pause(failures: 4, using: &generator) }
        #expect(pauses.allSatisfy { (.zero ... .milliseconds(400)).contains($0) })
        #expect(pauses.contains { $0 < .milliseconds(40) } && pauses.contains { $0 > .milliseconds(360) })
    }
}
