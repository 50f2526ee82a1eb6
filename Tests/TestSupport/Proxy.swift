import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy before a private server that misbehaves on demand. It closes with the object.
package final class Proxy: Sendable {
    package enum Mode: Sendable {
        case pass
        /// Hands requests on, takes the next replies and cuts the connection instead: everything was done and nobody knows.
        case loseReplies
        /// Cuts each connection after a random number of bytes up to this, whatever their direction.
        case cut(within: Int)
    }

    package let url: String
    private let listener: any Channel
    private let temper: Temper
    private let server: PrivateRedis

    package init(before server: PrivateRedis, seed: UInt64 = 0) async throws {
        self.server = server
        let temper = Temper(seed: seed)
        self.temper = temper
        let path = server.socketPath
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            // Nothing is read before there is somebody to hand it to.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { front in Self.join(front, to: path, temper) }
            .bind(host: "127.0.0.1", port: 0).get()
        url = "redis://127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    deinit { listener.close(promise: nil) }

    /// Changes the mode, of the connections there are as well.
    package func become(_ mode: Mode) { temper.become(mode) }

    /// How many connections were cut.
    package var cuts: Int { temper.cuts }

    private static func join(_ front: any Channel, to path: String, _ temper: Temper) -> EventLoopFuture<Void> {
        let link = Link(temper)
        return ClientBootstrap(group: front.eventLoop)
            .channelInitializer { back in
                back.eventLoop.makeCompletedFuture {
                    try back.pipeline.syncOperations.addHandler(Forwarder(to: front, link, isReply: true))
                }
            }
            .connect(unixDomainSocketPath: path)
            .flatMap { back in
                front.eventLoop.makeCompletedFuture {
                    try front.pipeline.syncOperations.addHandler(Forwarder(to: back, link, isReply: false))
                }
                .flatMap { front.setOption(.autoRead, value: true) }
            }
    }
}

private final class Temper: Sendable {
    private let state: Mutex<(mode: Proxy.Mode, seed: Seed, cuts: Int)>

    init(seed: UInt64) { state = Mutex((.pass, Seed(value: seed), 0)) }

    var cuts: Int { state.withLock { $0.cuts } }
    func become(_ mode: Proxy.Mode) { state.withLock { $0.mode = mode } }
    func countCut() { state.withLock { $0.cuts += 1 } }

    var losesReplies: Bool { state.withLock { if case .loseReplies = $0.mode { true } else { false } } }

    /// How many bytes a connection may carry; nil without limit.
    func budget() -> Int? {
        state.withLock { state in
            guard case .cut(let limit) = state.mode else { return nil }
            return Int.random(in: 1...limit, using: &state.seed)
        }
    }
}

/// What the two directions of one connection share.
private final class Link: Sendable {
    let temper: Temper
    /// Drawn once the proxy cuts connections.
    private let budget = Mutex<Int?>(nil)

    init(_ temper: Temper) { self.temper = temper }

    /// How many of so many bytes may still pass.
    func spend(_ count: Int, isReply: Bool) -> Int {
        if isReply, temper.losesReplies { return 0 }
        return budget.withLock { budget in
            guard let left = budget ?? temper.budget() else { return count }
            let allowed = min(count, left)
            budget = left - allowed
            return allowed
        }
    }
}

private final class Forwarder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let partner: any Channel
    private let link: Link
    private let isReply: Bool

    init(to partner: any Channel, _ link: Link, isReply: Bool) {
        self.partner = partner
        self.link = link
        self.isReply = isReply
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        let count = bytes.readableBytes
        let allowed = link.spend(count, isReply: isReply)
        if let piece = bytes.readSlice(length: allowed) { partner.writeAndFlush(piece, promise: nil) }
        guard allowed < count else { return }
        link.temper.countCut()
        partner.close(promise: nil)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { partner.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
