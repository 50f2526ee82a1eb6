import Foundation
import Synchronization
import TestSupport

@testable import Redis

/// A certificate authority of the test's own, with the certificates that it issues, in a folder that goes with the
/// program: clients read files long after the test mentions the authority for the last time.
final class TestAuthority: Sendable {
    private struct Trouble: Error, CustomStringConvertible {
        var description: String
    }

    /// The paths of a certificate and its key.
    struct Pair: Sendable {
        let certificate: String
        let key: String

        var identity: RedisTLS.Identity { RedisTLS.Identity(certFile: certificate, keyFile: key) }
        /// The certificate's file.
        var text: String { (try? String(contentsOfFile: certificate, encoding: .utf8)) ?? "" }
    }

    let folder: URL
    /// The path of the authority's own certificate.
    var certificate: String { path("ca.crt") }

    /// The authority's own certificate as text.
    var text: String { (try? String(contentsOfFile: certificate, encoding: .utf8)) ?? "" }

    init() async throws {
        folder = URL(fileURLWithPath: "/tmp/redis-test-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        Leftovers.shared.add(folder)
        try write("[req]\ndistinguished_name = dn\n[dn]\n", to: "openssl.cnf")
        try await make("ca", to: "crt", ["-x509", "-days", "2", "-addext", "basicConstraints = critical, CA:TRUE"])
    }

    func path(_ name: String) -> String { folder.path + "/" + name }

    @discardableResult func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
        return path(name)
    }

    /// Issues a certificate for these names, such as `DNS:localhost, IP:127.0.0.1`. Negative `days` are over already.
    func issue(_ file: String, for names: String, days: Int = 2) async throws -> Pair {
        try await make(file, to: "csr", ["-addext", "subjectAltName = \(names)"])
        try await openssl(
            ["x509", "-req", "-in", path("\(file).csr"), "-copy_extensions", "copy", "-days", "\(days)"]
                + ["-CA", certificate, "-CAkey", path("ca.key"), "-set_serial", "1", "-out", path("\(file).crt")])
        return Pair(certificate: path("\(file).crt"), key: path("\(file).key"))
    }

    /// Puts a copy of a file in the place of another, as whoever rotates certificates does.
    static func replace(_ path: String, with other: String) throws {
        try Data(contentsOf: URL(fileURLWithPath: other)).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Makes a key, and a request or a certificate signed with it.
    private func make(_ file: String, to suffix: String, _ options: [String]) async throws {
        try await openssl(
            ["req", "-new", "-config", path("openssl.cnf"), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
                + ["-nodes", "-keyout", path("\(file).key"), "-out", path("\(file).\(suffix)"), "-subj", "/CN=\(file)"]
                + options)
    }

    func openssl(_ arguments: [String]) async throws {
        let (status, text) = try await Program.run(["openssl"] + arguments, errors: .output)
        if status != 0 { throw Trouble(description: "openssl \(arguments): \(text)") }
    }
}

/// Folders that are still there at the end of the program, and go then.
final class Leftovers: Sendable {
    static let shared = Leftovers()

    private let folders = Mutex<[URL]>([])

    private init() {
        atexit { Leftovers.shared.clear() }
    }

    func add(_ folder: URL) { folders.withLock { $0.append(folder) } }

    private func clear() {
        for folder in folders.withLock({ $0 }) { try? FileManager.default.removeItem(at: folder) }
    }
}
