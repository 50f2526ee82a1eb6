import Logging
import Synchronization

/// What became of the connection.
package enum RedisStateChange: Sendable, Equatable {
    /// Commands flow.
    case connected
    /// The connection was lost, or could not be made, for this reason. The client keeps trying, unless it is `closed`.
    /// With `tls(.stale)`, it is being made with the certificates that were read before.
    case lost(RedisError)
}

/// Whether the connection stands, for readers on any thread, and the news of it for whoever asked to be told.
final class ConnectionStatus: Sendable {
    private let connected = Atomic(false)
    private let lost = Atomic(0)
    private let latest = Mutex<(change: RedisStateChange?, staleness: RedisTLSFailure?)>((nil, nil))
    private let observer: (@Sendable (RedisStateChange) -> Void)?

    init(observer: (@Sendable (RedisStateChange) -> Void)?) {
        self.observer = observer
    }

    var isConnected: Bool { connected.load(ordering: .relaxed) }

    /// How many connections have ended, attempts that never led to one not counted. It grows before anything is sent over
    /// the next one.
    var losses: Int { lost.load(ordering: .acquiring) }

    /// Spreads the news. Repeated failures for one and the same reason are news only once.
    func report(_ result: Result<Void, RedisError>, logger: Logger) {
        let change: RedisStateChange =
            switch result {
            case .success: .connected
            case .failure(let error): .lost(error)
            }
        let wasConnected = connected.exchange(change == .connected, ordering: .relaxed)
        if wasConnected, change != .connected { lost.add(1, ordering: .releasing) }
        let isNews = latest.withLock { latest in
            defer { latest.change = change }
            return latest.change != change
        }
        guard isNews else { return }
        switch change {
        case .connected: logger.info("connected to Redis")
        case .lost(.closed): logger.debug("connection to Redis closed")
        case .lost(let error): logger.warning("no connection to Redis", metadata: ["reason": "\(error)"])
        }
        observer?(change)
    }

    /// Tells, once for one and the same reason, why a connection is being made with what was read before; nil when it is
    /// made with what is there now. Observers hear of it as of a reason for there being no connection yet.
    func report(staleness: RedisTLSFailure?, logger: Logger) {
        let isNews = latest.withLock { latest in
            defer { latest.staleness = staleness }
            return latest.staleness != staleness
        }
        guard isNews, let staleness else { return }
        logger.warning("connecting to Redis with old certificates", metadata: ["reason": "\(staleness)"])
        observer?(.lost(.tls(staleness)))
    }
}
