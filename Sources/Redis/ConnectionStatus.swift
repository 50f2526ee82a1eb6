import Logging
import Synchronization

/// What became of the connection.
package enum RedisStateChange: Sendable, Equatable {
    /// Commands flow.
    case connected
    /// The connection was lost, or could not be made, for this reason. The client keeps trying, unless it is `closed`.
    case lost(RedisError)
}

/// Whether the connection stands, for readers on any thread, and the news of it for whoever asked to be told.
final class ConnectionStatus: Sendable {
    private let connected = Atomic(false)
    private let latest = Mutex<RedisStateChange?>(nil)
    private let observer: (@Sendable (RedisStateChange) -> Void)?

    init(observer: (@Sendable (RedisStateChange) -> Void)?) {
        self.observer = observer
    }

    var isConnected: Bool { connected.load(ordering: .relaxed) }

    /// Spreads the news. Repeated failures for one and the same reason are news only once.
    func report(_ result: Result<Void, RedisError>, logger: Logger) {
        let change: RedisStateChange =
            switch result {
            case .success: .connected
            case .failure(let error): .lost(error)
            }
        connected.store(change == .connected, ordering: .relaxed)
        let isNews = latest.withLock { latest in
            defer { latest = change }
            return latest != change
        }
        guard isNews else { return }
        switch change {
        case .connected: logger.info("connected to Redis")
        case .lost(.closed): logger.debug("connection to Redis closed")
        case .lost(let error): logger.warning("no connection to Redis", metadata: ["reason": "\(error)"])
        }
        observer?(change)
    }
}
