import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A TCP proxy before a server that can misbehave. Closes with the object.
final class TestProxy: Sendable {
    let port: Int
    let behaviour: Behaviour
    private let listener: any Channel
    private let server: any Sendable

    convenience init(before server: PrivateRedis, _ behaviour: Behaviour = Behaviour()) async throws {
        try await self.init(SocketAddress(unixDomainSocketPath: server.socketPath), of: server, behaviour)
    }

    convenience init(before server: TLSRedis, _ behaviour: Behaviour = Behaviour()) async throws {
        try await self.init(SocketAddress(ipAddress: "127.0.0.1", port: server.port), of: server, behaviour)
    }

    private init(_ address: SocketAddress, of server: any Sendable, _ behaviour: Behaviour) async throws {
        self.behaviour = behaviour
        self.server = server
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            // Nothing is read before there is somebody to hand it to.
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { front in Self.join(front, to: address, behaviour) }
            .bind(host: "127.0.0.1", port: 0).get()
        port = listener.localAddress?.port ?? 0
    }

    deinit { listener.close(promise: nil) }

    private static func join(
        _ front: any Channel, to address: SocketAddress, _ behaviour: Behaviour
    ) -> EventLoopFuture<Void> {
        let link = Link(behaviour)
        return ClientBootstrap(group: front.eventLoop)
            .channelInitializer { back in
                back.eventLoop.makeCompletedFuture {
                    try back.pipeline.syncOperations.addHandler(Forwarder(to: front, link))
                }
            }
            .connect(to: address)
            .flatMap { back in
                front.eventLoop.makeCompletedFuture {
                    try front.pipeline.syncOperations.addHandler(Forwarder(to: back, link))
                }
                .flatMap { front.setOption(.autoRead, value: true) }
            }
    }
}

/// What a proxy does to the bytes that pass it.
final class Behaviour: Sendable {
    enum Mode: Sendable {
        case pass
        /// Takes everything and hands on nothing, in both directions, as if a cable had been pulled.
        case swallow
        /// Cuts each connection after a random number of bytes up to this, whatever their direction.
        case cut(within: Int)
    }

    private let state: Mutex<(mode: Mode, generator: SeededGenerator, cuts: Int)>

    init(_ mode: Mode = .pass, seed: UInt64 = 0) {
        state = Mutex((mode, SeededGenerator(seed: seed), 0))
    }

    /// Changes the mode, of existing connections as well.
    func become(_ mode: Mode) { state.withLock { $0.mode = mode } }

    /// How many connections were cut.
    var cuts: Int { state.withLock { $0.cuts } }

    fileprivate var swallows: Bool {
        state.withLock { if case .swallow = $0.mode { true } else { false } }
    }

    fileprivate func budget() -> Int {
        state.withLock { state in
            guard case .cut(let limit) = state.mode else { return .max }
            return Int.random(in: 1...limit, using: &state.generator)
        }
    }

    fileprivate func countCut() { state.withLock { $0.cuts += 1 } }
}

/// What the two directions of one connection share.
private final class Link: Sendable {
    let behaviour: Behaviour
    private let budget: Mutex<Int>

    init(_ behaviour: Behaviour) {
        self.behaviour = behaviour
        budget = Mutex(behaviour.budget())
    }

    /// How many of so many bytes may still pass.
    func spend(_ count: Int) -> Int {
        budget.withLock { budget in
            let allowed = min(count, budget)
            budget -= allowed
            return allowed
        }
    }
}

private final class Forwarder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let partner: any Channel
    private let link: Link

    init(to partner: any Channel, _ link: Link) {
        self.partner = partner
        self.link = link
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if link.behaviour.swallows { return }
        let count = bytes.readableBytes
        let allowed = link.spend(count)
        if let piece = bytes.readSlice(length: allowed) { partner.writeAndFlush(piece, promise: nil) }
        guard allowed < count else { return }
        link.behaviour.countCut()
        partner.close(promise: nil)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { partner.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
