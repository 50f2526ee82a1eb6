import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Opens sockets to the server. The only place that knows how the server is reached; encryption would be added here.
struct SocketOpener: Sendable {
    let endpoint: RedisConfiguration.Endpoint
    let timeout: TimeAmount
    let eventLoop: any EventLoop

    init(_ configuration: RedisConfiguration, eventLoop: any EventLoop) {
        endpoint = configuration.endpoint
        timeout = TimeAmount(clamping: configuration.connectTimeout)
        self.eventLoop = eventLoop
    }

    /// Opens a socket with this handler at its end. To be called on the event loop, where the result arrives as well.
    func open(_ makeHandler: @escaping @Sendable () -> ConnectionHandler) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(timeout).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(makeHandler())
            }
        }
        switch endpoint {
        case .unix(let path):
            return bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port):
            // Without delay, because we gather commands ourselves; with keep-alive, so that a peer that vanished is
            // noticed even when nothing is asked of it.
            return bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .connect(host: host, port: port)
        }
    }

    /// What went wrong, in words for people.
    static func reason(for error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason(for: $0.error) } ?? "the host name was not found"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer in time"
        default: String(describing: error)
        }
    }
}
