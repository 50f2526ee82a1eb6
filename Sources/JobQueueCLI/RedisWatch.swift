import Logging
import Redis
import Synchronization

/// Says when Redis is lost and when it is back. Before it has been there once, whoever looks for it says more.
final class RedisWatch: Sendable {
    private enum State {
        case unknown, there, lost
    }

    private let state = Mutex(State.unknown)
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    func hear(_ change: RedisStateChange) {
        switch change {
        case .connected:
            let wasLost = state.withLock { state in
                defer { state = .there }
                return state == .lost
            }
            if wasLost { logger.info("redis is back", metadata: ["event": "redis.restored"]) }
        case .lost(.closed): break
        case .lost(let error):
            let wasThere = state.withLock { state in
                defer { if state == .there { state = .lost } }
                return state == .there
            }
            if wasThere { logger.warning("redis is lost: \(error)", metadata: ["event": "redis.lost"]) }
        }
    }
}
