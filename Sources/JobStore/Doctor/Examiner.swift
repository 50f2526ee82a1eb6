import FoundationEssentials
package import JobModel
package import Redis

/// Collects what checks look at. What is refused is part of what is collected, and ends nothing.
package struct Examiner: Sendable {
    private let store: Store
    private let client: RedisClient
    private static let settingNames = [
        "appendfsync", "save", "stop-writes-on-bgsave-error", "min-replicas-to-write",
    ]

    /// `client` is to be connected.
    package init(_ client: RedisClient) {
        store = Store(client)
        self.client = client
    }

    /// Looks at the server and at these queues, or at all it knows. Changes nothing but the server's memory of scripts.
    package func examine(_ only: [QueueName], plan: WorkPlan) async -> Examination {
        let server = await seen { () throws(StoreError) in try await store.server() }
        // Nobody waits for one time limit after the other.
        if case .failure(let error) = server, error.isAbsence { return .nothing(client.configuration, error, plan) }
        return Examination(
            redis: client.configuration, server: server, settings: await seen(settings), clock: await seen(clock),
            missingRights: await seen { () throws(StoreError) in try await missingRights(only.first ?? .default) },
            loadedScripts: await seen(loadScripts),
            queues: await seen { () throws(StoreError) in try await queues(only) }, plan: plan)
    }

    private func seen<Value>(_ body: () async throws(StoreError) -> Value) async -> Result<Value, StoreError> {
        do throws(StoreError) { return .success(try await body()) } catch { return .failure(error) }
    }

    private func send(_ command: Command) async throws(StoreError) -> Reply {
        do throws(RedisError) { return try await client.send(command) } catch { throw .redis(error) }
    }

    private func settings() async throws(StoreError) -> [String: String] {
        var arguments = Arguments()
        for word in ["GET"] + Self.settingNames { arguments.append(word) }
        var reader = try await send(Command("CONFIG", arguments)).reader
        return try read { () throws(RedisError) in
            var settings: [String: String] = [:]
            for _ in 0..<(try reader.array() / 2) { settings[try reader.string()] = try reader.string() }
            return settings
        }
    }

    /// The best of three readings: the shortest round trip says most.
    private func clock() async throws(StoreError) -> ClockReading {
        var best: ClockReading?
        for _ in 0..<3 {
            let before = Self.now
            let server = try await store.time()
            let reading = ClockReading(before: before, server: server, after: Self.now)
            if reading.roundTrip < best?.roundTrip ?? .max { best = reading }
        }
        return best ?? ClockReading(before: 0, server: 0, after: 0)
    }

    private static var now: Int { Int(Date().timeIntervalSince1970 * 1000) }

    private func missingRights(_ queue: QueueName) async throws(StoreError) -> [Right] {
        let rights = Rights.all(in: queue, database: client.configuration.database)
        var arguments = Arguments()
        arguments.append(StoreScript.rights)
        arguments.append(0)
        for right in rights {
            arguments.append(right.call.count)
            for word in right.call { arguments.append(word) }
        }
        var reader = try await send(Command("EVAL", arguments)).reader
        return try read { () throws(RedisError) in
            var missing: [Right] = []
            for index in 0..<(try reader.array()) {
                if index == 0 { try reader.skip() } else { missing.append(rights[try reader.integer() - 1]) }
            }
            return missing
        }
    }

    /// Answers how many there are.
    private func loadScripts() async throws(StoreError) -> Int {
        for script in StoreScript.allCases {
            _ = try await send(Command("SCRIPT", "LOAD", script.compiled.script.source))
        }
        return StoreScript.allCases.count
    }

    private func queues(_ only: [QueueName]) async throws(StoreError) -> [Examination.Queue] {
        let known = try await store.queues()
        var queues: [Examination.Queue] = []
        for name in only.isEmpty ? known : only {
            let queue = store.queue(name)
            queues.append(
                Examination.Queue(
                    name: name, isKnown: known.contains(name),
                    snapshot: await seen { () throws(StoreError) in try await queue.snapshot() },
                    jobBytes: await seen { () throws(StoreError) in try await jobBytes(name) }))
        }
        return queues
    }

    private func jobBytes(_ queue: QueueName) async throws(StoreError) -> Int {
        // Five jobs stand for all: to weigh each would hold up the server.
        let reply = try await send(Command("MEMORY", "USAGE", Key.jobs.name(in: queue), "SAMPLES", "5"))
        return try read { () throws(RedisError) in reply.isNull ? 0 : try reply.integer() }
    }
}

extension Examination {
    /// What is seen of a server that does not answer.
    fileprivate static func nothing(_ redis: RedisConfiguration, _ error: StoreError, _ plan: WorkPlan) -> Examination {
        Examination(
            redis: redis, server: .failure(error), settings: .failure(error), clock: .failure(error),
            missingRights: .failure(error), loadedScripts: .failure(error), queues: .failure(error), plan: plan)
    }
}

extension StoreError {
    /// There was no answer: another question would have none either.
    fileprivate var isAbsence: Bool {
        switch self {
        case .redis(.unreachable), .redis(.timedOut), .redis(.connectionLost), .redis(.closed), .redis(.tls): true
        default: false
        }
    }
}
