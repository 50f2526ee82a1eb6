import Foundation
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import Redis

/// A private redis-server that speaks TLS on a port of 127.0.0.1 and nothing else there; its socket is for the test.
final class TLSRedis: Sendable {
    let authority: TestAuthority
    let process: PrivateRedis
    let port: Int

    /// Starts a server with a certificate for these names. With `clientsOf`, it wants a certificate of that authority.
    init(
        _ names: String = "DNS:localhost, IP:127.0.0.1", days: Int = 2, by authority: TestAuthority? = nil,
        clientsOf: TestAuthority? = nil
    ) async throws {
        let authority = if let authority { authority } else { try await TestAuthority() }
        let pair = try await authority.issue("server", for: names, days: days)
        let clients = (clientsOf ?? authority).certificate
        (process, port) = try await Self.launch([
            "--tls-cert-file", pair.certificate, "--tls-key-file", pair.key, "--tls-ca-cert-file", clients,
            "--tls-auth-clients", clientsOf == nil ? "no" : "yes",
        ])
        self.authority = authority
    }

    /// A free port can be taken by somebody else before the server has it: then another is tried.
    private static func launch(_ options: [String]) async throws -> (PrivateRedis, Int) {
        var attempts = 5
        while true {
            attempts -= 1
            let port = try await freePort()
            do {
                let all = ["--tls-port", "\(port)", "--bind", "127.0.0.1"] + options
                return (try await PrivateRedis.launch(all), port)
            } catch  where attempts > 0 { continue }
        }
    }

    private static func freePort() async throws -> Int {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            .bind(host: "127.0.0.1", port: 0).get()
        let port = try #require(listener.localAddress?.port)
        try await listener.close()
        return port
    }

    /// A client that trusts the server's authority, not connected yet.
    func client(
        host: String = "localhost", port: Int? = nil, news: News? = nil,
        _ change: (inout RedisConfiguration) -> Void = { _ in }
    ) -> RedisClient {
        var configuration = settings(.tcp(host: host, port: port ?? self.port))
        configuration.tls = RedisTLS(caFile: authority.certificate)
        change(&configuration)
        return RedisClient(configuration) { change in withExtendedLifetime(self) { news?.report(change) } }
    }

    /// Sends a command over the server's socket.
    func administer(_ words: String...) async throws {
        let admin = RedisClient(settings(.unix(path: process.socketPath)))
        var arguments = Arguments()
        for word in words.dropFirst() { arguments.append(word) }
        _ = try await admin.send(Command(words[0], arguments))
        await admin.close()
    }

    /// Cuts all connections, as a server that restarts does.
    func dropClients() async throws { try await administer("CLIENT", "KILL", "SKIPME", "yes") }
}
