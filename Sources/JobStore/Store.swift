package import JobModel
package import Redis

/// All queues of one Redis: the registries, and the way to each queue.
package struct Store: Sendable {
    package let client: RedisClient

    package init(_ client: RedisClient) { self.client = client }

    package func queue(_ name: QueueName) -> QueueStore { QueueStore(name, client: client) }

    /// Connects, and throws at once what is wrong.
    package func connect() async throws(StoreError) {
        do throws(RedisError) { try await client.connect() } catch { throw .redis(error) }
    }

    /// Makes the queue findable. Done by whoever first writes to it, before the write: a registry may name a queue that
    /// is empty, but never lack one that is not.
    package func register(_ queue: QueueName, timeout: Duration? = nil) async throws(StoreError) {
        let now = String(try await time(timeout: timeout))
        _ = try await send(Command("ZADD", Registry.queues, "NX", now, queue.text), timeout: timeout)
    }

    /// The names of all queues, in the order of their bytes.
    package func queues(timeout: Duration? = nil) async throws(StoreError) -> [QueueName] {
        var reader = try await send(Command("ZRANGE", Registry.queues, "0", "-1"), timeout: timeout).reader
        return try read { () throws(RedisError) in
            var names: [QueueName] = []
            for _ in 0..<(try reader.array()) {
                if let name = try? QueueName(try reader.string()) { names.append(name) }
            }
            return names.sorted()
        }
    }

    /// Milliseconds since 1970 on Redis' clock.
    package func time(timeout: Duration? = nil) async throws(StoreError) -> Int {
        var reader = try await send(Command("TIME"), timeout: timeout).reader
        return try read { () throws(RedisError) in
            _ = try reader.array()
            return try reader.integer() * 1000 + reader.integer() / 1000
        }
    }

    /// How many jobs of these queues are due that have to run with nothing beside them, and can be claimed.
    package func dueSuspects(_ queues: [QueueName]) async throws(StoreError) -> Int {
        let due = String(try await time() * 10 + 9)
        let replies = try await pipeline(
            queues.flatMap { queue in
                [
                    Command("ZCOUNT", Key.suspect.name(in: queue), "-inf", due),
                    Command("HMGET", Key.meta.name(in: queue), "format", "paused"),
                ]
            })
        var count = 0
        for index in stride(from: 0, to: replies.count, by: 2) {
            let (found, meta): (Reply, Reply)
            do throws(RedisError) { (found, meta) = (try replies[index].get(), try replies[index + 1].get()) } catch {
                throw .redis(error)
            }
            count += try read { () throws(RedisError) in
                var (found, meta) = (found.reader, meta.reader)
                _ = try meta.array()
                let format = try meta.optionalString()
                let isPaused = try meta.optionalString() == "1"
                let number = try found.integer()
                return format == String(StoreScript.format) && !isPaused ? number : 0
            }
        }
        return count
    }

    /// What the server says of itself, as far as it matters here.
    package func server(timeout: Duration? = nil) async throws(StoreError) -> ServerFacts {
        let reply = try await send(Command("INFO"), timeout: timeout)
        var facts = ServerFacts(info: try read { () throws(RedisError) in try reply.string() })
        if facts.isCluster { facts.clusterSize = await clusterSize() }
        return facts
    }

    /// How many nodes hold slots; nil when that may not be asked, or when some slots are held by none.
    private func clusterSize() async -> Int? {
        guard let info = try? await send(Command("CLUSTER", "INFO")).string() else { return nil }
        let lines = info.split(whereSeparator: \.isNewline)
        guard lines.contains("cluster_state:ok") else { return nil }
        return lines.first { $0.hasPrefix("cluster_size:") }.flatMap { Int($0.dropFirst("cluster_size:".count)) }
    }

    /// How many workers have been heard of since a moment, ms.
    package func workers(since moment: Int, timeout: Duration? = nil) async throws(StoreError) -> Int {
        let reply = try await send(
            Command("ZCOUNT", Registry.workers, String(moment), "+inf"), timeout: timeout)
        return try read { () throws(RedisError) in try reply.integer() }
    }

    /// Notes that a worker is alive, and forgets those that have been silent for a day.
    package func note(worker id: String, now: Int) async throws(StoreError) {
        let day = 86_400_000
        _ = try await pipeline([
            Command("ZADD", Registry.workers, String(now), id),
            Command("ZREMRANGEBYSCORE", Registry.workers, "-inf", String(now - day)),
        ])
    }

    package func forget(worker id: String) async throws(StoreError) {
        _ = try await send(Command("ZREM", Registry.workers, id))
    }

    func send(_ command: Command, timeout: Duration? = nil) async throws(StoreError) -> Reply {
        do throws(RedisError) { return try await client.send(command, timeout: timeout) } catch { throw .redis(error) }
    }

    func pipeline(
        _ commands: [Command], timeout: Duration? = nil
    ) async throws(StoreError) -> [Result<Reply, RedisError>] {
        do throws(RedisError) { return try await client.pipeline(commands, timeout: timeout) } catch {
            throw .redis(error)
        }
    }
}

/// Turns an answer of the wrong shape into a `StoreError`.
func read<T>(_ body: () throws(RedisError) -> T) throws(StoreError) -> T {
    do throws(RedisError) { return try body() } catch { throw .badAnswer("\(error)") }
}
