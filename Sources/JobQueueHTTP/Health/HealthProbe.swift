import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Asks a server for its health, for images that have no other client.
package struct HealthProbe: Sendable {
    /// Why there is no good answer: one line.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private let place: APIServer.Place
    private let isSecure: Bool

    package init(_ place: APIServer.Place, isSecure: Bool) {
        self.place = place
        self.isSecure = isSecure
    }

    /// `http://host[:port]`, `https://host[:port]` or `unix:///path/to.sock`; nil for anything else. What stands behind the
    /// port is not looked at.
    package init?(url: String) {
        if let path = url.removing(prefix: "unix://") {
            guard path.hasPrefix("/") else { return nil }
            self.init(.socket(path), isSecure: false)
            return
        }
        let isSecure = url.hasPrefix("https://")
        guard let rest = url.removing(prefix: isSecure ? "https://" : "http://") else { return nil }
        var host = rest.prefix { $0 != "/" }
        var port = isSecure ? 443 : 80
        if let colon = host.lastIndex(of: ":"), host.last != "]" {
            guard let number = Int(host[host.index(after: colon)...]), (1...65535).contains(number) else { return nil }
            (host, port) = (host[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        if host.isEmpty { return nil }
        self.init(.port(host: String(host), port), isSecure: isSecure)
    }

    /// Asks for `/health/<name>` and answers the body of a 2xx. Throws what was answered instead, or why nothing was.
    ///
    /// The certificate is not looked at: a program that asks itself by way of 127.0.0.1 has none for that name.
    package func ask(_ name: String, within limit: Duration) async throws(Failure) -> String {
        let (status, body): (Int, String)
        do {
            (status, body) = try await exchange("/health/\(name)", .init(limit))
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure(description: "no answer from \(place): \(Self.reason(error))")
        }
        guard (200..<300).contains(status) else { throw Failure(description: "\(status) \(body)") }
        return body
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: error.description
        case is NIOConnectionError: "nobody listens there"
        case ChannelError.connectTimeout: "it took too long"
        default: "\(error)"
        }
    }

    private func exchange(_ path: String, _ limit: TimeAmount) async throws -> (Int, String) {
        let answer = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: (Int, String).self)
        let client = ClientBootstrap(group: answer.futureResult.eventLoop).connectTimeout(limit)
            .channelInitializer { [isSecure] channel in
                channel.eventLoop.makeCompletedFuture {
                    if isSecure { try channel.pipeline.syncOperations.addHandler(Self.tls()) }
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(Reader(answer))
                }
            }
        let channel: any Channel
        do {
            channel =
                switch place {
                case .port(let host, let port): try await client.connect(host: host, port: port).get()
                case .socket(let path): try await client.connect(unixDomainSocketPath: path).get()
                }
        } catch {
            answer.fail(error)
            throw error
        }
        let timeout = channel.eventLoop.scheduleTask(in: limit) {
            answer.fail(Failure(description: "no answer from \(place) in time"))
        }
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: path)
        head.headers = ["Host": "localhost", "Connection": "close"]
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        let result: Result<(Int, String), any Error>
        do { result = .success(try await answer.futureResult.get()) } catch { result = .failure(error) }
        timeout.cancel()
        channel.close(promise: nil)
        return try result.get()
    }

    private static func tls() throws -> NIOSSLClientHandler {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.certificateVerification = .none
        return try NIOSSLClientHandler(context: NIOSSLContext(configuration: tls), serverHostname: nil)
    }

    /// Collects one answer.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart

        private let answer: EventLoopPromise<(Int, String)>
        private var status = 0
        private var body = ByteBuffer()
        /// Far more than any report of health.
        private static let limit = 65_536

        init(_ answer: EventLoopPromise<(Int, String)>) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): status = Int(head.status.code)
            case .body(var bytes):
                if body.readableBytes < Self.limit { body.writeBuffer(&bytes) }
            case .end: answer.succeed((status, String(buffer: body)))
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { answer.fail(error) }

        func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }
    }
}

extension String {
    fileprivate func removing(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
