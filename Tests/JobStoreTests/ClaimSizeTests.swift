import JobModel
import JobStore
import TestSupport
import Testing

/// How much one claim takes.
@Suite(.timeLimit(.minutes(1))) struct ClaimSizeTests {
    /// A queue of jobs with envelopes of these sizes, in KiB; ids count from 0.
    private func queue(_ sizes: [Int]) async throws -> QueueStore {
        let queue = try await stage()
        for (index, size) in sizes.enumerated() {
            _ = try await queue.enqueue([job("\(index)", envelope: String(repeating: "x", count: size * 1024))])
        }
        return queue
    }

    @Test(arguments: [
        ([2000, 1], ["0"]), ([1, 2000, 1], ["0"]), ([512, 512, 1], ["0", "1"]), ([512, 513, 1], ["0"]),
        ([1024, 1], ["0"]), ([1023, 1, 1], ["0", "1"]), ([300, 300, 300, 300], ["0", "1", "2"]),
    ])
    func `a claim stops at a mebibyte of envelopes, but takes at least one`(
        sizes: [Int], ids: [String]
    ) async throws {
        let queue = try await queue(sizes)
        let claim = try await queue.claimed(1)
        #expect(claim.ids == ids)
        #expect(claim.jobs.map(\.envelope.count) == sizes.prefix(ids.count).map { $0 * 1024 })
        let picture = try await queue.picture()
        for index in sizes.indices {
            let isClaimed = ids.contains("\(index)")
            #expect((picture["running \(index)"] != nil) == isClaimed)
            #expect((picture["queued \(index)"] == nil) == isClaimed)
        }
        #expect(claim.left == sizes.count - ids.count)
        #expect(picture["wake w"] == "0")
    }

    @Test func `jobs without envelope do not count, and do not stop a claim`() async throws {
        let queue = try await queue([600, 600, 600])
        try await queue.draw(["queued lost = 1"])
        let claim = try await queue.claimed(1)
        #expect(claim.ids == ["0"])
        #expect(try await queue.picture()["dead lost"] != nil)
        #expect(claim.left == 2)
    }

    @Test func `a claim over many chunks takes what it wants and no more`() async throws {
        let queue = try await stage()
        _ = try await queue.enqueue((1...100).map { job("j\($0)") })
        #expect(try await queue.claimed(1, want: 33).ids == (1...33).map { "j\($0)" })
        #expect(try await queue.claimed(2, want: 1000).ids == (34...100).map { "j\($0)" })
    }

    @Test func `the limit holds over chunks as well`() async throws {
        let queue = try await queue(Array(repeating: 20, count: 60))
        #expect(try await queue.claimed(1, want: 100).ids == (0..<51).map(String.init))
    }
}
