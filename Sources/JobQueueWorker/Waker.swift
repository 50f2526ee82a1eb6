import JobStore
import Redis

/// Sleeps in Redis until a queue has something, on a connection of its own.
struct Waker: Sendable {
    let client: RedisClient

    /// Waits for a hint in one of the queues, at most `ms`. A hint is taken by one worker only; whoever claims something
    /// and leaves more puts it back. Losing a hint costs time, never a job.
    ///
    /// `isWanted` says whether it still is when it comes: else it is put back for others.
    func wait(_ queues: [QueueStore], ms: Int, isWanted: () -> Bool) async {
        var arguments = Arguments()
        for queue in queues { arguments.append(Key.wake.name(in: queue.name)) }
        let whole = ms / 1000
        let rest = String(1000 + ms % 1000).dropFirst()
        arguments.append("\(whole).\(rest)")
        do throws(RedisError) {
            let reply = try await client.send(Command("BZPOPMIN", arguments), timeout: .milliseconds(ms + 2000))
            if isWanted() { return }
            var reader = reply.reader
            // Nothing, or the key, the member and its score.
            guard (try? reader.array()) == 3, let key = try? reader.string() else { return }
            _ = try await client.send(Command("ZADD", key, "0", "w"))
        } catch  where error != .closed {
            // The connection comes back by itself; without it, look now and then.
            try? await Task.sleep(for: .milliseconds(100))
        } catch {}
    }
}
