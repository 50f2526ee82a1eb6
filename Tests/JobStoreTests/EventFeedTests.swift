import JobModel
import Redis
import TestSupport
import Testing

@testable import JobStore

/// What somebody who watches sees of it.
@Suite(.timeLimit(.minutes(1))) struct EventFeedTests {
    /// A feed of a queue, which has a Redis and a clock of its own.
    private func feed(_ body: (inout EventFeed, QueueStore) async throws -> Void) async throws {
        let redis = try PrivateRedis()
        let (client, sleeping) = (try await TestQueue.client(redis), try await TestQueue.client(redis))
        let store = Store(client)
        let queue = store.queue(.default)
        _ = try await queue.join(worker, leaseMs: 30_000)
        var feed = EventFeed(store, sleeping: sleeping)
        try await body(&feed, queue)
        await sleeping.close()
        await client.close()
    }

    private func words(_ batch: EventFeed.Batch) -> [String] {
        batch.events.map { event in
            let state = event.state?.rawValue ?? "-"
            let who = event.incarnation.map { " \($0.number)" } ?? ""
            return "\(event.queue) \(event.kind.rawValue) \(event.id ?? "-") \(state)\(who)"
        }
    }

    @Test func `events are seen one by one, in order, from when somebody began to watch`() async throws {
        try await feed { feed, queue in
            _ = try await queue.enqueue([job("early")])
            #expect(try await feed.watch(queue.name))
            let now = try await queue.enqueue([job("a"), job("b", due: .after(ms: 60_000))]).now
            _ = try await queue.claimed(1)
            _ = try await queue.pause(by: "me", reason: "")
            let batch = try await feed.next(within: 5000)
            #expect(
                words(batch) == [
                    "default enqueued a queued", "default enqueued b scheduled", "default claimed early running 7",
                    "default claimed a running 7", "default paused - -",
                ])
            #expect(batch.events[0].at == now && batch.missed == [])
            #expect(words(try await feed.next(within: 1)) == [])
        }
    }

    @Test func `several queues are followed at once, and those that are not there are not`() async throws {
        try await feed { feed, queue in
            let other = Store(queue.client).queue(try QueueName("other"))
            #expect(try await feed.watch(queue.name))
            #expect(try await !feed.watch(other.name))
            _ = try await other.enqueue([job("early")])
            #expect(try await feed.watch(other.name))
            _ = try await other.enqueue([job("b")])
            _ = try await queue.enqueue([job("a")])
            #expect(
                Set(words(try await feed.next(within: 5000))) == [
                    "default enqueued a queued", "other enqueued b queued",
                ])
        }
    }

    @Test func `more than fits is missed, and that is said`() async throws {
        try await feed { feed, queue in
            #expect(try await feed.watch(queue.name))
            for turn in 1...3000 { _ = try await queue.enqueue([job("\(turn)")]) }
            var (seen, missed) = (0, 0)
            while seen == 0 || missed == 0 {
                let batch = try await feed.next(within: 5000)
                (seen, missed) = (seen + batch.events.count, missed + batch.missed.count)
                if batch.events.isEmpty { break }
                for turn in 0..<300 { _ = try await queue.enqueue([job("\(seen).\(turn)")]) }
            }
            #expect(missed > 0)
        }
    }

    @Test func `who keeps up with much has missed nothing`() async throws {
        try await feed { feed, queue in
            #expect(try await feed.watch(queue.name))
            let ids = (1...450).map { "j\($0)" }
            for id in ids { _ = try await queue.enqueue([job(id)]) }
            var seen: [String?] = []
            while seen.count < ids.count {
                let batch = try await feed.next(within: 5000)
                seen += batch.events.map(\.id)
                #expect(batch.missed == [] && !batch.events.isEmpty)
            }
            #expect(seen == ids)
        }
    }

    @Test func `who was away for longer than it is watched is told that something was missed`() async throws {
        try await feed { feed, queue in
            #expect(try await feed.watch(queue.name))
            try await queue.draw(["meta watched = 5"])
            _ = try await queue.enqueue([job("unseen")])
            #expect(try await feed.watch(queue.name))
            _ = try await queue.enqueue([job("a")])
            let batch = try await feed.next(within: 5000)
            #expect(batch.missed == [queue.name] && words(batch) == ["default enqueued a queued"])
            #expect(try await feed.next(within: 1).missed == [])
        }
    }

    @Test func `entries that no script of ours wrote are passed by`() {
        let fields = ["event": "claimed", "at": "5", "ids": "a b", "incarnation": "0", "state": "nonsense"]
        let events = JobEvent.all(of: .default, fields: fields)
        #expect(events.map(\.id) == ["a", "b"] && events.allSatisfy { $0.incarnation == nil && $0.state == .running })
        for change in [["event": "exploded"], ["at": "soon"], ["event": ""]] {
            #expect(JobEvent.all(of: .default, fields: fields.merging(change) { $1 }) == [])
        }
        #expect(JobEvent.all(of: .default, fields: [:]) == [])
        #expect(StreamPlace("5-10")! > StreamPlace("5-9")! && StreamPlace("5") == nil && StreamPlace("a-b") == nil)
    }

    @Test func `a worker is called what it calls itself`() async throws {
        try await feed { feed, queue in
            #expect(try await feed.worker(worker, of: queue.name) == nil)
            let card = WorkerCard(
                id: "web-1", host: "h", pid: 1, version: "1", started: 1, slots: 1, busy: 0, runs: [])
            _ = try await queue.beat([(worker, card.encoded())])
            #expect(try await feed.worker(worker, of: queue.name) == "web-1")
        }
    }
}
