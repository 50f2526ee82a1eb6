import JobModel
import JobStore
import Redis

/// Follows events of queues, and says each in a line. A Redis that goes away meanwhile is said once, and waited for.
struct EventTail {
    private let store: Store
    private let filter: EventFilter
    private var feed: EventFeed
    /// When the queues are to be watched anew.
    private var isDue = ContinuousClock.now
    private var isAway = false
    /// Queues that cannot be watched, and were told of.
    private var refused: Set<QueueName> = []
    private var workers: [Worker: String] = [:]

    private struct Worker: Hashable {
        var queue: QueueName
        var incarnation: Incarnation
    }

    /// Well within the time for which a queue is watched; so long does a new queue go unnoticed at most.
    private static let renewal = Duration.seconds(2)
    /// How long it sleeps in Redis; within this time it hears that nobody reads any more.
    private static let nap = 500
    /// Workers whose names are remembered.
    private static let memory = 10_000

    init(store: Store, sleeping client: RedisClient, filter: EventFilter) {
        self.store = store
        self.filter = filter
        feed = EventFeed(store, sleeping: client)
    }

    /// Watches what is there. Throws when a queue that was named is not.
    mutating func begin() async throws {
        let seen = try await watch()
        if let missing = filter.names.first(where: { !seen.contains($0) && !refused.contains($0) }) {
            throw Failure(.notFound, "there is no queue \(missing): nothing was ever enqueued to it")
        }
    }

    /// The lines of what happened meanwhile; waits for it half a second at most.
    mutating func next() async throws(Failure) -> [String] {
        do throws(StoreError) {
            if ContinuousClock.now >= isDue { _ = try await watch() }
            let batch = try await feed.next(within: Self.nap)
            if isAway { Output.warning("redis is back") }
            isAway = false
            for queue in batch.missed { Output.warning("some events of the queue \(queue) were missed") }
            var lines: [String] = []
            for event in batch.events where filter.shows(event) { lines.append(await line(of: event)) }
            return lines
        } catch {
            let failure = Failure(error)
            guard failure.code == .unreachable else { throw failure }
            if !isAway { Output.warning("\(failure.message); waiting for it") }
            isAway = true
            isDue = .now
            await store.client.pause(.milliseconds(Self.nap))
            return []
        }
    }

    /// Answers the queues that are watched.
    private mutating func watch() async throws(StoreError) -> Set<QueueName> {
        var seen: Set<QueueName> = []
        for name in try await store.queues() where filter.follows(name) {
            do throws(StoreError) {
                if try await feed.watch(name) { seen.insert(name) }
            } catch {
                // One that cannot be watched does not hide the others.
                guard case .foreignFormat = error else { throw error }
                if refused.insert(name).inserted { Output.warning("\(name): \(error)") }
            }
        }
        isDue = .now + Self.renewal
        return seen
    }

    /// Without the worker's name where that cannot be asked for now: an event that was read is told.
    private mutating func line(of event: JobEvent) async -> String {
        var worker: String?
        if let incarnation = event.incarnation {
            let key = Worker(queue: event.queue, incarnation: incarnation)
            worker = workers[key]
            if worker == nil, let found = try? await feed.worker(incarnation, of: event.queue) {
                if workers.count >= Self.memory { workers = [:] }
                workers[key] = found
                worker = found
            }
        }
        return Self.line(of: event, worker: worker)
    }

    /// `{"at":1763700000123,"queue":"default","event":"claimed","id":"01JD…","state":"running","worker":"web-1:7:k3j9x2vq"}`.
    static func line(of event: JobEvent, worker: String?) -> String {
        let bytes = JSONWriter.object { writer in
            writer.field("at", event.at)
            writer.field("queue", event.queue.text)
            writer.field("event", event.kind.rawValue)
            if let id = event.id { writer.field("id", id) }
            if let state = event.state { writer.field("state", state.rawValue) }
            if let incarnation = event.incarnation { writer.field("incarnation", incarnation.number) }
            if let worker { writer.field("worker", worker) }
        }
        return Printable.json(String(decoding: bytes, as: UTF8.self))
    }
}
