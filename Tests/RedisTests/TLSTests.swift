import Foundation
import NIOSSL
import Testing

@testable import Redis

/// Whom a client trusts, and who trusts the client.
@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    @Test(arguments: ["localhost", "127.0.0.1"]) func `commands pass over TLS, small and big ones`(
        host: String
    ) async throws {
        let server = try await TLSRedis()
        let client = server.client(host: host)
        #expect(try await client.send(Command("ECHO", "é\r\n\0")).string() == "é\r\n\0")
        let bytes = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var arguments = Arguments()
        arguments.append("big")
        arguments.append(bytes: bytes)
        let results = try await client.pipeline([Command("SET", arguments), Command("GET", "big")])
        var reader = try results[1].get().reader
        #expect(try reader.bytes().elementsEqual(bytes))
        await client.close()
        #expect(!client.isConnected)
    }

    @Test func `user and password are checked behind TLS`() async throws {
        let server = try await TLSRedis()
        try await server.administer("CONFIG", "SET", "requirepass", "secret")
        let right = server.client { $0.password = Secret("secret") }
        #expect(await right.failureToConnect() == nil)
        let wrong = server.client { $0.password = Secret("hunter2") }
        guard case .authentication = await wrong.failureToConnect() else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `a server of an unknown authority is refused, and its commands do not wait`() async throws {
        let (server, stranger) = (try await TLSRedis(), try await TestAuthority())
        let client = server.client {
            $0.tls?.caFile = stranger.certificate
            $0.commandTimeout = .seconds(30)
        }
        let start = ContinuousClock.now
        #expect(await client.failure(of: Command("PING")) == .tls(.untrusted))
        #expect(await client.failureToConnect() == .tls(.untrusted))
        #expect(ContinuousClock.now - start < .seconds(20))
        await client.close()
    }

    @Test func `without a file of authorities, the system's are trusted and no others`() async throws {
        let server = try await TLSRedis()
        let client = server.client { $0.tls = RedisTLS() }
        let places = ["/etc/ssl/certs", "/etc/pki/tls/certs/ca-bundle.crt"]
        let hasAny = places.contains(where: FileManager.default.fileExists)
        #expect(await client.failureToConnect() == .tls(hasAny ? .untrusted : .noAuthorities))
    }

    @Test func `a certificate for another host is refused, unless that is the name asked for`() async throws {
        let server = try await TLSRedis("DNS:redis.example.org, DNS:*.wild.example.org")
        for host in ["localhost", "127.0.0.1"] {
            #expect(await server.client(host: host).failureToConnect() == .tls(.wrongName(host)))
        }
        for name in ["redis.example.org", "REDIS.example.org", "a.wild.example.org"] {
            #expect(await server.client { $0.tls?.serverName = name }.failureToConnect() == nil)
        }
        for name in ["example.org", "a.b.wild.example.org", "localhost"] {
            let error = await server.client { $0.tls?.serverName = name }.failureToConnect()
            #expect(error == .tls(.wrongName(name)))
        }
    }

    @Test func `a certificate for the address does not stand for the name that leads there`() async throws {
        let server = try await TLSRedis("DNS:redis.example.org, IP:127.0.0.1")
        #expect(await server.client(host: "127.0.0.1").failureToConnect() == nil)
        #expect(await server.client(host: "localhost").failureToConnect() == .tls(.wrongName("localhost")))
        let named = server.client(host: "127.0.0.1") { $0.tls?.serverName = "localhost" }
        #expect(await named.failureToConnect() == .tls(.wrongName("localhost")))
    }

    @Test func `an expired certificate is told from an unknown authority`() async throws {
        let server = try await TLSRedis(days: -1)
        guard case .tls(.expired(let since)) = await server.client().failureToConnect() else {
            Issue.record("not refused as expired")
            return
        }
        #expect((-100_000 ... -80_000).contains(since - RedisTLSFailure.now()))
    }

    @Test func `the dates of a refused certificate say why`() async throws {
        let pair = try await TestAuthority().issue("x", for: "DNS:h")
        let certificate = try #require(try NIOSSLCertificate.fromPEMBytes(Array(pair.text.utf8)).first)
        let (from, until) = (Int(certificate.notValidBefore), Int(certificate.notValidAfter))
        for (now, failure) in [
            (from - 1, RedisTLSFailure.notYetValid(until: from)), (from, .untrusted), (until, .untrusted),
            (until + 1, .expired(since: until)),
        ] {
            #expect(RedisTLSFailure.distrust(certificate, now: now) == failure)
        }
        #expect(RedisTLSFailure.distrust(nil, now: 0) == .untrusted)
        #expect(RedisTLSFailure.expired(since: 1_795_219_199).description.contains("2026-11-20 23:59:59 UTC"))
    }

    @Test func `a server that wants a certificate gets it, and says whom it refuses`() async throws {
        let authority = try await TestAuthority()
        let server = try await TLSRedis(clientsOf: authority)
        #expect(await server.client().failureToConnect() == .tls(.clientCertificateMissing))
        let known = try await authority.issue("known", for: "DNS:worker").identity
        let client = server.client { $0.tls?.identity = known }
        #expect(try await client.send(Command("ECHO", "x")).string() == "x")
        let stranger = try await TestAuthority().issue("stranger", for: "DNS:worker")
        guard
            case .tls(.clientCertificateRefused(let reason)) = await server.client({
                $0.tls?.identity = stranger.identity
            }).failureToConnect()
        else {
            Issue.record("not refused")
            return
        }
        #expect(reason == "unknown ca")
    }

    @Test(arguments: [
        ("redis.example.org", "redis.example.org", true), ("Redis.Example.ORG", "redis.example.org.", true),
        ("redis.example.org", "example.org", false), ("example.org", "redis.example.org", false),
        ("*.example.org", "redis.example.org", true), ("*.example.org", "a.redis.example.org", false),
        ("*.example.org", "example.org", false), ("*.org", "example.org", false), ("*", "localhost", false),
        ("*", "*", false), ("r*.example.org", "redis.example.org", false),
        ("redis.*.org", "redis.example.org", false),
        ("", "h", false), ("h", "", false),
        ("\u{212A}.example.org", "k.example.org", false),
    ])
    func `a name matches itself, and a star in front one label`(pattern: String, host: String, matches: Bool) {
        #expect(CertificateName.matches(pattern, host) == matches)
    }
}
