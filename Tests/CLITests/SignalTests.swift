import Foundation
import TestSupport
import Testing

@testable import JobQueueCLI

/// Signals of this process. USR2 and URG, which nobody else here uses.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SignalTests {
    private func first(_ count: Int, of stream: SignalStream) async -> [Int32] {
        var numbers: [Int32] = []
        for await number in stream.numbers {
            numbers.append(number)
            if numbers.count == count { break }
        }
        return numbers
    }

    @Test func `a signal is heard from the moment the stream is made, by all who want it`() async {
        for _ in 0..<200 {
            let (one, other) = (SignalStream([SIGUSR2]), SignalStream([SIGURG, SIGUSR2]))
            kill(getpid(), SIGUSR2)
            #expect(await first(1, of: one) == [SIGUSR2])
            #expect(await first(1, of: other) == [SIGUSR2])
        }
    }

    @Test func `nobody hears what he did not ask for, and it does no harm`() async {
        _ = SignalStream([SIGUSR2])
        let stream = SignalStream([SIGURG])
        // It would end this process.
        kill(getpid(), SIGUSR2)
        kill(getpid(), SIGURG)
        #expect(await first(1, of: stream) == [SIGURG])
    }
}
