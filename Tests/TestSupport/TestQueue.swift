import Foundation
import JobModel
package import JobStore
package import Redis

/// A queue that nobody else uses, on the shared server or on one given.
package enum TestQueue {
    /// A client of a server, connected.
    package static func client(_ redis: PrivateRedis) async throws -> RedisClient {
        let client = RedisClient(try RedisConfiguration(url: redis.url))
        try await client.connect()
        return client
    }

    /// A client of the shared server, one for the whole run.
    package static func sharedClient() async throws -> RedisClient { try await Shared.instance.client() }

    /// A fresh queue on the shared server.
    package static func make() async throws -> QueueStore {
        try await Store(sharedClient()).queue(QueueName("q-\(UUID().uuidString)"))
    }
}

private actor Shared {
    static let instance = Shared()
    private var connected: RedisClient?

    func client() async throws -> RedisClient {
        if let connected { return connected }
        let client = RedisClient(try RedisConfiguration(url: PrivateRedis.shared.get().url))
        try await client.connect()
        connected = client
        return client
    }
}
