import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Redis

/// Certificates and keys as files: read when connecting, changed while connected, broken.
@Suite(.timeLimit(.minutes(1))) struct TLSFileTests {
    private func stale(_ option: RedisTLSFileError.Option, _ path: String) -> RedisStateChange {
        .lost(.tls(.stale(.file(RedisTLSFileError(option: option, path: path, problem: .noCertificate)))))
    }

    @Test func `a new authority of the server is trusted by the next connection`() async throws {
        let (old, new) = (try await TestAuthority(), try await TestAuthority())
        let server = try await TLSRedis(by: old)
        let trusted = try old.write(old.text, to: "trusted.pem")
        let client = server.client { $0.tls?.caFile = trusted }
        try await client.connect()
        let pair = try await new.issue("server", for: "DNS:localhost")
        try await server.administer("CONFIG", "SET", "tls-cert-file", pair.certificate, "tls-key-file", pair.key)
        try await server.dropClients()
        #expect(await client.connects(until: .tls(.untrusted)))
        try TestAuthority.replace(trusted, with: new.certificate)
        #expect(await client.connects(until: nil))
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
    }

    @Test func `a new certificate of the client is shown by the next connection`() async throws {
        let (old, new) = (try await TestAuthority(), try await TestAuthority())
        let server = try await TLSRedis(clientsOf: old)
        let first = try await old.issue("client", for: "DNS:worker")
        let second = try await new.issue("client", for: "DNS:worker")
        let news = News()
        let client = server.client(news: news) { $0.tls?.identity = first.identity }
        try await client.connect()
        try await server.administer("CONFIG", "SET", "tls-ca-cert-file", new.certificate)
        #expect(try await client.send(Command("ECHO", "still")).string() == "still")
        try TestAuthority.replace(first.key, with: second.key)
        try TestAuthority.replace(first.certificate, with: second.certificate)
        try await server.dropClients()
        #expect(await news.next(3) == [.connected, .lost(.connectionLost(sent: true)), .connected])
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
    }

    @Test func `a file that breaks leaves what was read before in use, and that is said once`() async throws {
        let server = try await TLSRedis()
        let trusted = try server.authority.write(server.authority.text, to: "trusted.pem")
        let news = News()
        let client = server.client(news: news) { $0.tls?.caFile = trusted }
        try await client.connect()
        let lost = RedisStateChange.lost(.connectionLost(sent: true))
        #expect(await news.next(1) == [.connected])
        for _ in 0..<2 {
            try server.authority.write("no certificate", to: "trusted.pem")
            try await server.dropClients()
            #expect(await news.next(3) == [lost, stale(.caFile, trusted), .connected])
            try await server.dropClients()
            #expect(await news.next(2) == [lost, .connected])
            try server.authority.write(server.authority.text, to: "trusted.pem")
            try await server.dropClients()
            #expect(await news.next(2) == [lost, .connected])
        }
    }

    enum Fault: String, CaseIterable, Sendable {
        case missing, folder, pipe, empty, words, cut, passphrase, other, swapped
    }

    /// Breaks the files of a client's identity.
    private func identity(
        with fault: Fault, _ authority: TestAuthority
    ) async throws -> (RedisTLS.Identity, RedisTLSFileError) {
        let good = try await authority.issue("good", for: "DNS:worker")
        var identity = good.identity
        func key(_ path: String, _ problem: RedisTLSFileError.Problem) -> (RedisTLS.Identity, RedisTLSFileError) {
            identity.keyFile = path
            return (identity, RedisTLSFileError(option: .keyFile, path: path, problem: problem))
        }
        switch fault {
        case .missing: return key(authority.path("none"), .unreadable("No such file or directory"))
        case .folder: return key(authority.folder.path, .notAFile)
        case .pipe:
            #expect(mkfifo(authority.path("pipe"), 0o600) == 0)
            return key(authority.path("pipe"), .notAFile)
        case .empty: return key(try authority.write("", to: "empty"), .noKey)
        case .words: return key(try authority.write("not a key", to: "words"), .noKey)
        case .cut:
            let text = try String(contentsOfFile: good.key, encoding: .utf8)
            return key(try authority.write(String(text.prefix(text.count / 2)), to: "cut"), .noKey)
        case .passphrase:
            try await authority.openssl(
                ["pkey", "-in", good.key, "-aes128", "-passout", "pass:hunter2", "-out", authority.path("locked")])
            return key(authority.path("locked"), .noKey)
        case .other: return key(try await authority.issue("other", for: "DNS:worker").key, .otherKey)
        case .swapped:
            identity = RedisTLS.Identity(certFile: good.key, keyFile: good.certificate)
            return (identity, RedisTLSFileError(option: .certFile, path: good.key, problem: .noCertificate))
        }
    }

    @Test(arguments: Fault.allCases) func `a file that cannot be used is named before anything connects`(
        fault: Fault
    ) async throws {
        let authority = try await TestAuthority()
        let (identity, expected) = try await identity(with: fault, authority)
        let visits = Counter()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton.any())
            .childChannelInitializer { channel in
                visits.increase()
                return channel.close()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        var configuration = settings(.tcp(host: "127.0.0.1", port: try #require(listener.localAddress?.port)))
        configuration.tls = RedisTLS(caFile: authority.certificate, identity: identity)
        let client = RedisClient(configuration)
        let error = await client.failureToConnect()
        #expect(error == .tls(.file(expected)))
        #expect(await client.failure(of: Command("PING")) == error)
        await #expect(throws: RedisError.tls(.file(expected))) { try await client.reloadCertificates() }
        await client.close()
        try await listener.close()
        #expect(visits.value == 0)
        let text = error?.description ?? ""
        #expect(text.contains("\(expected.option.rawValue) \(expected.path)"))
        #expect(!text.contains("PRIVATE KEY") && !text.contains("\n"))
    }

    @Test func `a file of authorities without any is refused`() async throws {
        let authority = try await TestAuthority()
        let path = try authority.write("", to: "empty.pem")
        var configuration = settings(.tcp(host: "127.0.0.1", port: 1))
        configuration.tls = RedisTLS(caFile: path)
        let expected = RedisTLSFileError(option: .caFile, path: path, problem: .noCertificate)
        #expect(await RedisClient(configuration).failureToConnect() == .tls(.file(expected)))
        try authority.write(String(repeating: "x", count: TLSFile.sizeLimit + 1), to: "empty.pem")
        let tooLarge = RedisTLSFileError(option: .caFile, path: path, problem: .tooLarge)
        #expect(await RedisClient(configuration).failureToConnect() == .tls(.file(tooLarge)))
    }

    @Test func `reading the files again on demand says whether they can be used`() async throws {
        let server = try await TLSRedis()
        let trusted = try server.authority.write(server.authority.text, to: "trusted.pem")
        let client = server.client { $0.tls?.caFile = trusted }
        try await client.connect()
        try await client.reloadCertificates()
        try server.authority.write("no certificate", to: "trusted.pem")
        guard case .lost(let error) = stale(.caFile, trusted) else { return }
        await #expect(throws: error) { try await client.reloadCertificates() }
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
        let plain = RedisClient(settings(.tcp(host: "127.0.0.1", port: 1)))
        try await plain.reloadCertificates()
    }

    @Test func `a context is made once as long as the files stay the same`() async throws {
        let authority = try await TestAuthority()
        let source = TLSSource(RedisTLS(caFile: authority.certificate))
        let first = try source.current().get()
        #expect(try source.current().get().context === first.context)
        try source.reload().get()
        let second = try source.current().get()
        #expect(second.context !== first.context)
        try authority.write(authority.text + "\n", to: "ca.crt")
        #expect(try source.current().get().context !== second.context)
    }

    @Test func `no way of printing shows a key`() async throws {
        let authority = try await TestAuthority()
        let server = try await TLSRedis(by: authority, clientsOf: authority)
        let pair = try await authority.issue("client", for: "DNS:worker")
        let client = server.client { $0.tls?.identity = pair.identity }
        try await client.connect()
        var dumped = ""
        dump(client, to: &dumped)
        let source = TLSSource(try #require(client.configuration.tls))
        _ = try source.current().get()
        dump(source, to: &dumped)
        let bytes = Array(try String(contentsOfFile: pair.key, encoding: .utf8).utf8)
        // A dump shows bytes one to a line.
        let first = bytes.prefix(11).map { "\($0)" }
        let lines = dumped.split(separator: "\n").map { $0.drop { " -".contains($0) } }
        let isThere = lines.indices.contains { lines[$0...].prefix(11).map(String.init) == first }
        #expect(!isThere && !dumped.contains("PRIVATE KEY"))
        #expect(dumped.contains(client.configuration.redactedURL) && !dumped.contains("inbox"))
        #expect("\(client.configuration)" == client.configuration.redactedURL)
    }
}
