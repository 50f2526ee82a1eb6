import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Opens sockets to the server. The only place that knows how the server is reached.
struct SocketOpener: Sendable {
    let endpoint: RedisConfiguration.Endpoint
    let timeout: TimeAmount
    /// The host name that goes with the encryption; nil when the server is known by its address.
    let hostName: String?
    let eventLoop: any EventLoop

    init(_ configuration: RedisConfiguration, eventLoop: any EventLoop) {
        endpoint = configuration.endpoint
        timeout = TimeAmount(clamping: configuration.connectTimeout)
        hostName = configuration.hostName
        self.eventLoop = eventLoop
    }

    /// Opens a socket with this handler at its end, behind encryption if there is a context for it. To be called on the
    /// event loop, where the result arrives as well.
    func open(
        with tls: NIOSSLContext?, _ makeHandler: @escaping @Sendable () -> ConnectionHandler
    ) -> EventLoopFuture<any Channel> {
        let hostName = hostName
        let bootstrap = ClientBootstrap(group: eventLoop).connectTimeout(timeout).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: hostName))
                }
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
        case NIOSSLError.handshakeFailed: "the server closed the connection during the TLS handshake"
        case NIOSSLError.uncleanShutdown: "the server closed the connection"
        default: String(describing: error)
        }
    }
}

extension RedisConfiguration {
    /// The name that the server's certificate must have; nil when it is the address that must be there.
    var hostName: String? {
        if let name = tls?.serverName { return name }
        guard case .tcp(let host, _) = endpoint, (try? SocketAddress(ipAddress: host, port: 0)) == nil else {
            return nil
        }
        return host
    }

    /// What stands for the server in a message about its certificate.
    var serverTitle: String {
        switch endpoint {
        case .tcp(let host, _): tls?.serverName ?? host
        case .unix(let path): tls?.serverName ?? path
        }
    }
}
