import JobModel
import JobStore
import Redis
import Synchronization
import TestSupport
import Testing

@testable import JobQueueClient

/// How concurrent calls share round trips. The other side is in the test's hand.
@Suite(.timeLimit(.minutes(1))) struct EnqueueBatcherTests {
    /// Notes what it is sent and answers when told, in any order.
    private final class OtherSide: Sendable {
        let sent = Log<[String]>()
        let ages = Log<ContinuousClock.Instant>()
        let latches: [Latch]

        init(calls: Int) { latches = (0..<calls).map { _ in Latch() } }

        func send(_ jobs: [NewJob], _ since: ContinuousClock.Instant) async -> Result<[Admission], StoreError> {
            ages.note(since)
            let number = sent.note(jobs.map(\.id)) - 1
            try? await latches[min(number, latches.count - 1)].pass()
            if jobs.contains(where: { $0.id == "bad" }) { return .failure(.redis(.outOfMemory)) }
            return .success(jobs.map { $0.id.hasPrefix("dup") ? .duplicate(.queued) : .created })
        }
    }

    private static func job(_ id: String, bytes: Int = 2) -> NewJob {
        NewJob(id: id, envelope: [UInt8](repeating: 32, count: bytes), priority: .normal, due: .now)
    }

    @Test func `a lone call goes out at once, and two may be under way`() async throws {
        let side = OtherSide(calls: 2)
        let batcher = EnqueueBatcher { await side.send($0, $1) }
        async let first = batcher.enqueue(Self.job("a"))
        try await side.sent.items(count: 1)
        async let second = batcher.enqueue(Self.job("dup"))
        #expect(try await side.sent.items(count: 2) == [["a"], ["dup"]])
        side.latches[1].open()
        #expect(await second == .success(.duplicate(.queued)))
        side.latches[0].open()
        #expect(await first == .success(.created))
    }

    @Test func `calls that come meanwhile go out together, and each is answered for its own job`() async throws {
        let side = OtherSide(calls: 3)
        let batcher = EnqueueBatcher { await side.send($0, $1) }
        let answers = await withTaskGroup(of: (String, Result<Admission, StoreError>).self) { group in
            for id in ["1", "2"] { group.addTask { (id, await batcher.enqueue(Self.job(id))) } }
            _ = try? await side.sent.items(count: 2)
            for id in ["dup3", "4", "dup5"] { group.addTask { (id, await batcher.enqueue(Self.job(id))) } }
            _ = try? await eventually {
                batcher.waiting
            } is: {
                $0 == 3
            }
            // Only one comes back, so that one caller leads all the others.
            side.latches[0].open()
            _ = try? await side.sent.items(count: 3)
            for latch in side.latches { latch.open() }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(side.sent.items.map(\.count) == [1, 1, 3])
        for (id, answer) in answers {
            #expect(answer == .success(id.hasPrefix("dup") ? .duplicate(.queued) : .created))
        }
    }

    @Test func `a failure is everybody's who was in that round trip, and nobody else's`() async throws {
        let side = OtherSide(calls: 4)
        let batcher = EnqueueBatcher { await side.send($0, $1) }
        let answers = await withTaskGroup(of: (String, Result<Admission, StoreError>).self) { group in
            for id in ["1", "2"] { group.addTask { (id, await batcher.enqueue(Self.job(id))) } }
            _ = try? await side.sent.items(count: 2)
            for id in ["3", "bad", "5"] { group.addTask { (id, await batcher.enqueue(Self.job(id))) } }
            _ = try? await eventually {
                batcher.waiting
            } is: {
                $0 == 3
            }
            // Only one comes back, so that one caller leads all the others.
            side.latches[0].open()
            _ = try? await side.sent.items(count: 3)
            for latch in side.latches { latch.open() }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        let failure = Result<Admission, StoreError>.failure(.redis(.outOfMemory))
        #expect(
            answers == ["1": .success(.created), "2": .success(.created), "3": failure, "bad": failure, "5": failure])
        #expect(await batcher.enqueue(Self.job("after")) == .success(.created), "the way is free again")
    }

    @Test func `the time that a round trip has counts from when its first caller came`() async throws {
        let side = OtherSide(calls: 3)
        let batcher = EnqueueBatcher { await side.send($0, $1) }
        let start = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in ["1", "2", "3"] {
                group.addTask { _ = await batcher.enqueue(Self.job(id)) }
                try await eventually {
                    batcher.waiting + side.sent.items.count
                } is: {
                    $0 == Int(id)
                }
            }
            let end = ContinuousClock.now
            for latch in side.latches { latch.open() }
            try await group.waitForAll()
            #expect(side.ages.items.allSatisfy { start < $0 && $0 < end })
        }
        #expect(side.ages.items.count == 3)
    }

    @Test func `no round trip carries more than 1,000 jobs or a mebibyte`() async throws {
        let side = OtherSide(calls: 20)
        let batcher = EnqueueBatcher { await side.send($0, $1) }
        await withTaskGroup(of: Void.self) { group in
            for id in ["1", "2"] { group.addTask { _ = await batcher.enqueue(Self.job(id)) } }
            _ = try? await side.sent.items(count: 2)
            for number in 0..<1500 { group.addTask { _ = await batcher.enqueue(Self.job("s\(number)")) } }
            _ = try? await eventually {
                batcher.waiting
            } is: {
                $0 == 1500
            }
            for number in 0..<3 { group.addTask { _ = await batcher.enqueue(Self.job("l\(number)", bytes: 500_000)) } }
            _ = try? await eventually {
                batcher.waiting
            } is: {
                $0 == 1503
            }
            for latch in side.latches { latch.open() }
        }
        let batches = side.sent.items
        #expect(batches.map(\.count).reduce(0, +) == 1505)
        #expect(batches.allSatisfy { $0.count <= 1000 })
        #expect(batches.contains { $0.count == 1000 })
        #expect(batches.allSatisfy { batch in batch.count { $0.hasPrefix("l") } <= 2 })
    }
}
