import NIOCore
import NIOSSL
import NIOTLS

/// The end of the channel: bytes in, replies out to the connection. One per socket.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let attempt: Int
    private let connection: Connection
    private let parser = ReplyParser()
    /// What the socket last complained about, for people.
    private var complaint = "the server closed the connection"
    /// The server has sent something.
    private var hasHeard = false

    init(attempt: Int, connection: Connection) {
        self.attempt = attempt
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        hasHeard = true
        do throws(RedisError) {
            try parser.feed(bytes)
            while let reply = try parser.next() { connection.received(reply, attempt: attempt) }
        } catch {
            if bytes.readableBytesView.starts(with: Self.alert) {
                connection.refused(attempt: attempt, .encryptedServer)
            } else {
                connection.lost(attempt: attempt, reason: "\(error)")
            }
        }
    }

    /// Replies have made room: what waited can go, in one write for the whole bunch.
    func channelReadComplete(context: ChannelHandlerContext) {
        connection.flush()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted? = event as? TLSUserEvent else { return }
        connection.encrypted(attempt: attempt, certificate: Self.certificate(context))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        connection.caught(error, certificate: Self.certificate(context), attempt: attempt)
        complaint = SocketOpener.reason(for: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if hasHeard {
            connection.lost(attempt: attempt, reason: complaint)
        } else {
            connection.hungUp(attempt: attempt, reason: complaint)
        }
    }

    /// How a server that encrypts refuses one who does not: an alert, version 3 of the protocol.
    private static let alert: [UInt8] = [21, 3]

    /// What the server has shown.
    private static func certificate(_ context: ChannelHandlerContext) -> NIOSSLCertificate? {
        (try? context.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self))?.peerCertificate
    }
}
