import JobModel
import JobStore
import Redis

/// The bare Redis commands of the same work, without scripts, checks, tokens or handlers: what any queue on these
/// structures has to pay. Batches of 512, two under way.
struct BareRound {
    let redis: RedisConfiguration
    let jobs: Int

    private static let batch = 512

    func run(_ meter: Meter, queue: QueueName) async throws -> Figure {
        let client = RedisClient(redis)
        try await client.connect()
        var next = 0
        while next < jobs {
            try Task.checkCancellation()
            let count = min(Self.batch, jobs - next)
            _ = try await client.pipeline(fill(queue, next..<next + count))
            next += count
        }
        let figure = try await meter.measure("bare", jobs) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { try await drain(queue, client) } }
                try await group.waitForAll()
            }
        }
        await client.close()
        return figure
    }

    private func fill(_ queue: QueueName, _ numbers: Range<Int>) -> [Command] {
        var store = Arguments()
        var line = Arguments()
        store.append(Key.jobs.name(in: queue))
        line.append(Key.queued.name(in: queue))
        for number in numbers {
            let id = String(number + 1_000_000) + "ABCDEFGHIJKLMNOPQRS"
            let payload =
                #"{"name":"bench.noop","created_ms":1763700000000,"payload":{"number":\#(number),"address":"somebody@example.org"}}"#
            store.append(id)
            store.append(payload)
            line.append(number)
            line.append(id)
        }
        return [Command("HSET", store), Command("ZADD", line)]
    }

    /// Claim: pop, read, mark as running. Settle: unmark, record, result.
    private func drain(_ queue: QueueName, _ client: RedisClient) async throws {
        while true {
            try Task.checkCancellation()
            let reply = try await client.send(
                Command("ZPOPMIN", Key.queued.name(in: queue), String(Self.batch)))
            var reader = reply.reader
            var ids: [String] = []
            for _ in 0..<(try reader.array() / 2) {
                ids.append(try reader.string())
                try reader.skip()
            }
            if ids.isEmpty { return }
            let claim = commands(queue, ids, ["HMGET": (.jobs, { $0.append($1) }), "ZADD": (.running, scored)])
            _ = try await client.pipeline(claim)
            var settle = commands(queue, ids, ["ZREM": (.running, { $0.append($1) }), "ZADD": (.succeeded, scored)])
            settle += commands(queue, ids, ["HSET": (.results, result)])
            _ = try await client.pipeline(settle)
        }
    }

    private func scored(_ arguments: inout Arguments, _ id: String) {
        arguments.append(4_503_599_627_370_496)
        arguments.append(id)
    }

    private func result(_ arguments: inout Arguments, _ id: String) {
        arguments.append(id)
        arguments.append(#"{"result":null,"at":1763700000000,"ms":0,"attempt":1,"worker":"localhost:12345:abcdefgh"}"#)
    }

    private func commands(
        _ queue: QueueName, _ ids: [String], _ list: KeyValuePairs<String, (Key, (inout Arguments, String) -> Void)>
    ) -> [Command] {
        list.map { name, what in
            var arguments = Arguments(capacity: ids.count * 64)
            arguments.append(what.0.name(in: queue))
            for id in ids { what.1(&arguments, id) }
            return Command(name, arguments)
        }
    }
}
