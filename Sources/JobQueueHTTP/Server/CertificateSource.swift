import FoundationEssentials
import JobModel
package import Logging
import NIOPosix
import NIOSSL
import Synchronization

/// The certificate that a server shows, read from files, and read again when these change. Each connection uses what was
/// current when it was accepted.
package final class CertificateSource: Sendable {
    /// What is wrong with the files: one line that says what to do.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private struct Loaded {
        var files: [Data]
        var context: NIOSSLContext
    }

    /// Far more than any chain of certificates.
    private static let sizeLimit = 1 << 20

    private let certificate: String
    private let key: String
    private let current: Mutex<Loaded>

    /// Reads both files, PEM, the server's own certificate first. Waits for the disk.
    package init(certificate: String, key: String) throws(Failure) {
        self.certificate = certificate
        self.key = key
        let files = try [Self.read(certificate), Self.read(key)]
        current = Mutex(Loaded(files: files, context: try Self.context(files, certificate, key)))
    }

    /// Reads the files again; true when they have changed. When they cannot be used, what was read before stays in use. Waits
    /// for the disk.
    package func reload() throws(Failure) -> Bool {
        // Compared by content: a file may be written twice within one tick of the clock, or an old one put back.
        let files = try [Self.read(certificate), Self.read(key)]
        if current.withLock({ $0.files == files }) { return false }
        let context = try Self.context(files, certificate, key)
        current.withLock { $0 = Loaded(files: files, context: context) }
        return true
    }

    /// For one connection.
    func handler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: current.withLock { $0.context }) }

    private static func read(_ path: String) throws(Failure) -> Data {
        let name = Printable.oneLine(path, limit: 200)
        let facts = try? FileManager.default.attributesOfItem(atPath: followed(path))
        // A pipe would hold us up.
        guard let facts, facts[.type] as? FileAttributeType == .typeRegular else {
            throw Failure(description: "\(name) is not a file that can be read: give the path of a PEM file")
        }
        guard facts[.size] as? Int ?? 0 <= sizeLimit, let data = FileManager.default.contents(atPath: path) else {
            throw Failure(description: "\(name) cannot be read: correct its path or its permissions")
        }
        return data
    }

    /// Where links lead: certificates are often reached by way of some.
    private static func followed(_ path: String) -> String {
        URL(filePath: path).resolvingSymlinksInPath().path
    }

    private static func context(
        _ files: [Data], _ certificate: String, _ key: String
    ) throws(Failure) -> NIOSSLContext {
        func failure(_ path: String, _ problem: String) -> Failure {
            Failure(description: "\(Printable.oneLine(path, limit: 200)) \(problem)")
        }
        guard let chain = try? NIOSSLCertificate.fromPEMBytes(Array(files[0])), !chain.isEmpty else {
            throw failure(certificate, "holds no certificate: give a PEM file (BEGIN CERTIFICATE)")
        }
        guard let secret = try? NIOSSLPrivateKey(bytes: Array(files[1]), format: .pem) else {
            throw failure(key, "holds no private key: give a PEM file without a passphrase")
        }
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(secret))
        tls.minimumTLSVersion = .tlsv12
        tls.applicationProtocols = ["http/1.1"]
        do { return try NIOSSLContext(configuration: tls) } catch {
            throw failure(key, "is not the key of that certificate: give the two that belong together")
        }
    }
}

extension CertificateSource {
    /// How often files are looked at.
    private static let pause = Duration.seconds(10)

    /// Looks at the files again and again until the task is cancelled.
    func watch(_ logger: Logger) async {
        while (try? await Task.sleep(for: Self.pause)) != nil { await reload(logger) }
    }

    /// Reads the files again and says what became of it.
    package func reload(_ logger: Logger) async {
        let result = try? await NIOThreadPool.singleton.runIfActive { [self] in
            Result { () throws(Failure) in try reload() }
        }
        switch result {
        case .success(true):
            logger.info("the certificate was read again", metadata: ["event": "config.reloaded"])
        case .failure(let failure):
            logger.error(
                "\(failure); the certificate read before stays in use", metadata: ["event": "config.refused"])
        case .success(false), nil: break
        }
    }
}
