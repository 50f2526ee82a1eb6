package import JobModel
package import Redis

/// What happens to the jobs of some queues, as it happens. Only a view: what the feed does not see happened all the same.
///
/// While it is watched, the scripts that move jobs tell of it, and for at most `span` longer. It has a connection of its own,
/// because it sleeps in Redis.
package struct EventFeed: Sendable {
    /// How long a queue is watched after each `watch`, ms.
    package static let span = 10_000
    /// Entries of a queue in one read; each tells of up to 200 jobs.
    static let batch = 200

    /// Events, oldest first within a queue, and the queues of which some were missed before them.
    package struct Batch: Sendable {
        package var events: [JobEvent] = []
        package var missed: [QueueName] = []
    }

    private struct Source {
        var place: StreamPlace
        /// It may be that entries are left out before they are read.
        var isBehind = false
    }

    private let store: Store
    private let client: RedisClient
    private var sources: [QueueName: Source] = [:]
    private var missed: [QueueName] = []

    /// `client` sleeps in Redis and must not be used by others.
    package init(_ store: Store, sleeping client: RedisClient) {
        self.store = store
        self.client = client
    }

    /// Watches a queue for `span` from now, and from now on reads it. To be called again in time. Answers whether there is
    /// such a queue.
    package mutating func watch(_ name: QueueName) async throws(StoreError) -> Bool {
        guard let answer = try await store.queue(name).watch(ms: Self.span) else {
            sources[name] = nil
            return false
        }
        guard let source = sources[name] else {
            sources[name] = Source(place: answer.place)
            return true
        }
        // Nobody watched for a while, so nothing was told; or the stream began anew, with a clock that went back.
        if !answer.wasWatched || answer.place < source.place {
            missed.append(name)
            if answer.place < source.place { sources[name] = Source(place: answer.place) }
        }
        return true
    }

    /// What has happened since the last call; waits for something at most so many ms.
    package mutating func next(within ms: Int) async throws(StoreError) -> Batch {
        var batch = Batch(missed: missed + (try await overrun()))
        let names = sources.keys.sorted()
        if names.isEmpty {
            await client.pause(.milliseconds(ms))
            missed = []
            return batch
        }
        var arguments = Arguments()
        for word in ["COUNT", "\(Self.batch)", "BLOCK", "\(max(1, ms))", "STREAMS"] { arguments.append(word) }
        for name in names { arguments.append(Key.events.name(in: name)) }
        for name in names { arguments.append(sources[name]?.place.text ?? "$") }
        let reply: Reply
        do throws(RedisError) {
            reply = try await client.send(Command("XREAD", arguments), timeout: .milliseconds(ms + 5000))
        } catch { throw .redis(error) }
        // Only now: what was not told is told the next time.
        missed = []
        var reader = reply.reader
        let queues = Dictionary(uniqueKeysWithValues: names.map { (Key.events.name(in: $0), $0) })
        try read { () throws(RedisError) in
            for _ in 0..<(try reader.optionalArray() ?? 0) {
                _ = try reader.array()
                let name = queues[try reader.string()]
                let count = try reader.array()
                for _ in 0..<count {
                    let (place, fields) = try Self.entry(&reader)
                    guard let name else { continue }
                    batch.events += JobEvent.all(of: name, fields: fields)
                    if let place { sources[name] = Source(place: place, isBehind: count == Self.batch) }
                }
            }
        }
        return batch
    }

    private static func entry(
        _ reader: inout ReplyReader
    ) throws(RedisError) -> (place: StreamPlace?, fields: [String: String]) {
        _ = try reader.array()
        let place = StreamPlace(try reader.string())
        var fields: [String: String] = [:]
        for _ in 0..<(try reader.array()) / 2 {
            let name = try reader.string()
            fields[name] = try reader.string()
        }
        return (place, fields)
    }

    /// Queues whose streams were cut behind the place up to which they are read.
    private func overrun() async throws(StoreError) -> [QueueName] {
        let names = sources.filter(\.value.isBehind).keys.sorted()
        let replies = try await store.pipeline(
            names.map { Command("XRANGE", Key.events.name(in: $0), "-", "+", "COUNT", "1") })
        var overrun: [QueueName] = []
        for (name, reply) in zip(names, replies) {
            let oldest = try read { () throws(RedisError) in
                var reader = try reply.get().reader
                return try reader.array() > 0 ? try Self.entry(&reader).place : nil
            }
            if let oldest, let place = sources[name]?.place, oldest > place { overrun.append(name) }
        }
        return overrun
    }
}

extension EventFeed {
    /// What a worker of a queue says to be, from what it beat last; nil when it is gone, or has not beaten yet.
    package func worker(_ incarnation: Incarnation, of queue: QueueName) async throws(StoreError) -> String? {
        let reply = try await store.send(
            Command("HGET", Key.about.name(in: queue), "\(incarnation.number)"))
        return try read { () throws(RedisError) in
            var reader = reply.reader
            return try reader.optionalBytes().flatMap { WorkerCard(parsing: $0)?.id }
        }
    }
}

extension QueueStore {
    /// Lets the scripts tell what happens for so many ms, at most 60,000. Answers the place behind which they do, and whether they
    /// did until now; nil when there is no such queue.
    func watch(ms: Int) async throws(StoreError) -> (place: StreamPlace, wasWatched: Bool)? {
        var arguments = arguments()
        arguments.append(ms)
        var (word, reader) = try await call(.watch, arguments)
        if word == "gone" { return nil }
        let (text, wasWatched) = try read { () throws(RedisError) in
            _ = try reader.integer()
            return (try reader.string(), try reader.integer() == 1)
        }
        guard let place = StreamPlace(text) else { throw .badAnswer("an entry \(text)") }
        return (place, wasWatched)
    }
}
