import Foundation
import Logging
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// Encrypted connections, and certificates that change.
    @Suite(.timeLimit(.minutes(1))) struct TLSTests {
        /// A folder with certificates of its own.
        private final class Folder: Sendable {
            let url = URL(fileURLWithPath: "/tmp/queue-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
            var certificate: String { url.path + "/tls.crt" }
            var key: String { url.path + "/tls.key" }

            init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false) }
            deinit { try? FileManager.default.removeItem(at: url) }

            func issue(_ name: String) async throws {
                let words = [
                    "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                ]
                let end = try await Program.run(
                    words + ["-days", "2", "-subj", "/CN=\(name)", "-keyout", key, "-out", certificate], errors: .output
                )
                try #require(end.status == 0, "\(end.output)")
            }

            func source() throws -> CertificateSource { try CertificateSource(certificate: certificate, key: key) }
        }

        private static let hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

        /// A connection, and the common name of what the server shows.
        private func connect(_ rig: Rig) async throws -> (wire: Wire, name: String) {
            let shown = Log<String>()
            let wire = try await Wire(port: rig.port) { channel in
                var tls = TLSConfiguration.makeClientConfiguration()
                tls.certificateVerification = .noHostnameVerification
                let handler = try NIOSSLClientHandler(
                    context: NIOSSLContext(configuration: tls), serverHostname: nil,
                    customVerificationCallback: { certificates, verdict in
                        let pem = try? certificates[0].publicKeyText
                        shown.note(pem ?? "")
                        verdict.succeed(.certificateVerified)
                    })
                try channel.pipeline.syncOperations.addHandler(handler)
            }
            try await wire.send(Self.hello)
            try await wire.text { $0.hasSuffix("hello") }
            return (wire, try await shown.items(count: 1)[0])
        }

        @Test func `requests come encrypted, and the last answer arrives before the connection ends`() async throws {
            let folder = try Folder()
            try await folder.issue("one")
            try await Rig.run(certificates: try folder.source()) { rig in
                let (wire, _) = try await connect(rig)
                try await wire.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
                let text = try await wire.all()
                #expect(text.contains("HTTP/1.1 403 ") && text.contains("not here"))
                // Who does not encrypt is not served, and harms nobody.
                let plain = try await rig.exchange(Self.hello)
                #expect(!plain.contains("200 OK"))
                _ = try await connect(rig)
            }
        }

        @Test func `a new certificate is shown to new connections, a broken one to nobody`() async throws {
            let folder = try Folder()
            try await folder.issue("one")
            let source = try folder.source()
            try await Rig.run(certificates: source) { rig in
                let (first, old) = try await connect(rig)
                #expect(try !source.reload(), "nothing has changed")
                try await folder.issue("two")
                #expect(try source.reload())
                let (_, new) = try await connect(rig)
                #expect(new != old)
                try Data("nonsense".utf8).write(to: URL(fileURLWithPath: folder.certificate))
                #expect(throws: CertificateSource.Failure.self) { try source.reload() }
                let (_, kept) = try await connect(rig)
                #expect(kept == new)
                try await first.send(Self.hello)
                try await first.text { $0.components(separatedBy: "200 OK").count == 3 }
            }
        }

        @Test func `a key of another certificate, and files that are none, are refused by name`() async throws {
            let (folder, other) = (try Folder(), try Folder())
            try await folder.issue("one")
            try await other.issue("two")
            for (certificate, key, why) in [
                (folder.certificate, other.key, "not the key of that certificate"),
                (folder.key, folder.key, "holds no certificate"),
                (folder.certificate, folder.certificate, "no private key"),
                ("/nowhere.crt", folder.key, "/nowhere.crt"), (folder.url.path, folder.key, "is not a file"),
            ] {
                let failure = #expect(throws: CertificateSource.Failure.self) {
                    try CertificateSource(certificate: certificate, key: key)
                }
                #expect(failure?.description.contains(why) == true, "\(failure?.description ?? "")")
            }
        }

        @Test func `health can be asked for over TLS, whatever the name`() async throws {
            let folder = try Folder()
            try await folder.issue("elsewhere.example")
            try await Rig.run(certificates: try folder.source()) { rig in
                let probe = try #require(HealthProbe(url: "https://127.0.0.1:\(rig.port)"))
                let failure = await #expect(throws: HealthProbe.Failure.self) {
                    try await probe.ask("live", within: .seconds(5))
                }
                // It was understood: there is no such route here.
                #expect(failure?.description.hasPrefix("404 ") == true)
            }
        }
    }
}

extension NIOSSLCertificate {
    fileprivate var publicKeyText: String {
        get throws { try Data(extractPublicKey().toSPKIBytes()).base64EncodedString() }
    }
}
