import Foundation
import JobModel
import JobStore
import ProcessSupport
import TestSupport
import Testing

extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct ReloadTests {
        /// A certificate that is its own authority, in PEM files of a folder.
        static func certificate(in folder: URL) async throws -> (certificate: String, key: String) {
            let files = (folder.appending(path: "server.crt").path, folder.appending(path: "server.key").path)
            let request =
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
                + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
            let made = try await Program.run(request + ["-out", files.0, "-keyout", files.1])
            guard made.status == 0 else { throw Overdue(description: "openssl made no certificate") }
            return files
        }

        /// A port that nobody had a moment ago.
        private static func port() throws -> Int {
            let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(socket) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let code = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(socket, $0, size) == 0 ? getsockname(socket, $0, &size) : -1
                }
            }
            guard code == 0 else { throw Overdue(description: "no port is free") }
            return Int(UInt16(bigEndian: address.sin_port))
        }

        @Test func `HUP reads certificates again, and bad ones change nothing`() async throws {
            let folder = URL(fileURLWithPath: "/tmp/reload-\(UUID().uuidString.prefix(8))", isDirectory: true)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(at: folder) }
            let files = try await Self.certificate(in: folder)
            let port = try Self.port()
            let trusted = folder.appending(path: "ca.pem")
            try Data(contentsOf: URL(fileURLWithPath: files.certificate)).write(to: trusted)
            let server = [
                "--tls-port", "\(port)", "--tls-cert-file", files.certificate, "--tls-key-file", files.key,
                "--tls-ca-cert-file", files.certificate, "--tls-auth-clients", "no",
            ]
            try await Site.run(server) { site in
                let worker = try site.start(
                    "a",
                    [
                        "run", "--demo-handlers", "--lease", "1s", "--log-format", "text", "--redis-url",
                        "rediss://localhost:\(port)?ca_file=\(trusted.path)",
                    ])
                try await site.haveBeaten(1)
                worker.signal(SIGHUP)
                try await eventually("files are read again") { worker.log.contains("certificate files are read again") }
                try Data("nonsense".utf8).write(to: trusted)
                worker.signal(SIGHUP)
                try await eventually("files are refused") { worker.log.contains("stay in use") }
                #expect(worker.log.contains("ca.pem"))

                let id = try await site.enqueue("demo.echo", "1")
                try await eventually("the job is done") { try await site.view(id).state == .succeeded }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
            }
        }
    }
}
