import NIOCore

/// The end of the channel: bytes in, replies out to the connection. One per socket.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let attempt: Int
    private let connection: Connection
    private let parser = ReplyParser()
    /// What the socket last complained about, for people.
    private var complaint = "the server closed the connection"

    init(attempt: Int, connection: Connection) {
        self.attempt = attempt
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(RedisError) {
            try parser.feed(unwrapInboundIn(data))
            while let reply = try parser.next() { connection.received(reply, attempt: attempt) }
        } catch {
            connection.lost(attempt: attempt, reason: "\(error)")
        }
    }

    /// Replies have made room: what waited can go, in one write for the whole bunch.
    func channelReadComplete(context: ChannelHandlerContext) {
        connection.flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        complaint = SocketOpener.reason(for: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.lost(attempt: attempt, reason: complaint)
    }
}
