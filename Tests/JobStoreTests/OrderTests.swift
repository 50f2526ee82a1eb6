import JobModel
import JobStore
import TestSupport
import Testing

/// `order`: what workers are told, and how they hear it.
@Suite(.timeLimit(.minutes(1))) struct OrderTests {
    private let one = Incarnation(1), two = Incarnation(2)

    private func queue() async throws -> QueueStore {
        let queue = try await TestQueue.make().at(start)
        for incarnation in [one, two] { _ = try await queue.join(incarnation, leaseMs: 30_000) }
        return queue
    }

    private func heard(_ queue: QueueStore, _ incarnation: Incarnation) async throws -> WorkerOrder? {
        try await queue.beat([(incarnation, [])]).members[0].order
    }

    @Test func `a member hears what it was told last, with each beat, and others do not`() async throws {
        let queue = try await queue()
        #expect(try await heard(queue, one) == nil)
        for order in [WorkerOrder.quiet, .work, .stop] {
            #expect(try await queue.order(order, [one]) == [true])
            for _ in 0..<2 { #expect(try await heard(queue, one) == order) }
            #expect(try await queue.beat([(one, [])], extend: false).members[0].order == order)
        }
        #expect(try await heard(queue, two) == nil)
    }

    @Test func `nobody can be told under a lease that is gone, condemned or was never there`() async throws {
        let queue = try await queue()
        try await queue.draw(["leases 1 = -5", "orders 1 = quiet", "orders 4 = quiet"])
        #expect(try await queue.order(.stop, [one, two, Incarnation(3)]) == [false, true, false])
        #expect(try await queue.picture().lines.filter { $0.hasPrefix("orders ") } == ["orders 2 = stop"])
    }

    @Test func `the same call again changes nothing`() async throws {
        let queue = try await queue()
        _ = try await queue.order(.quiet, [one, two])
        let before = try await queue.picture()
        #expect(try await queue.order(.quiet, [one, two]) == [true, true])
        #expect(try await queue.picture() == before)
    }

    @Test func `who joins under the number of another has heard of nothing`() async throws {
        let queue = try await TestQueue.make().at(start)
        try await queue.draw(["meta format = 1", "orders 7 = stop"])
        _ = try await queue.join(Incarnation(7), leaseMs: 30_000)
        #expect(try await heard(queue, Incarnation(7)) == nil)
    }
}
