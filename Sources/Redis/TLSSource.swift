import NIOCore
import NIOSSL
import Synchronization

/// What encrypted connections are made with: read from files, and made anew when these change.
///
/// Files are compared by content, not by time: whoever writes a file twice within one tick of the clock, or puts an old
/// one back, is noticed as well, and reading some kilobytes costs less than anything else about a connection.
final class TLSSource: Sendable {
    struct Loaded: Sendable {
        let context: NIOSSLContext
        /// Why this is older than the files.
        let staleness: RedisTLSFailure?
    }

    private let settings: RedisTLS
    private let known = Mutex<(contents: TLSContents, context: NIOSSLContext)?>(nil)

    init(_ settings: RedisTLS) {
        self.settings = settings
    }

    /// What the next connection is to use. Where the files cannot be used, that is what was read before; fails if there
    /// is nothing. Waits for the disk, and making a context takes milliseconds: not for event loops.
    func current() -> Result<Loaded, RedisTLSFailure> {
        let old = known.withLock { $0 }
        do throws(RedisTLSFailure) {
            let contents = try TLSContents(settings)
            if let old, old.contents == contents { return .success(Loaded(context: old.context, staleness: nil)) }
            return .success(Loaded(context: try remember(contents), staleness: nil))
        } catch {
            guard let old else { return .failure(error) }
            return .success(Loaded(context: old.context, staleness: .stale(error)))
        }
    }

    /// Reads everything again, the system's CAs included. When that fails, what was read before stays in use.
    func reload() -> Result<Void, RedisTLSFailure> {
        do throws(RedisTLSFailure) {
            _ = try remember(TLSContents(settings))
            return .success(())
        } catch {
            return .failure(known.withLock { $0 == nil } ? error : .stale(error))
        }
    }

    private func remember(_ contents: TLSContents) throws(RedisTLSFailure) -> NIOSSLContext {
        let context = try contents.context(settings)
        known.withLock { $0 = (contents, context) }
        return context
    }
}

/// The bytes of the files.
private struct TLSContents: Equatable, Sendable {
    private var authorities: [UInt8]?
    private var certificate: [UInt8]?
    private var key: [UInt8]?

    init(_ settings: RedisTLS) throws(RedisTLSFailure) {
        do throws(RedisTLSFileError) {
            if let path = settings.caFile { authorities = try TLSFile.read(path, for: .caFile) }
            if let identity = settings.identity {
                certificate = try TLSFile.read(identity.certFile, for: .certFile)
                key = try TLSFile.read(identity.keyFile, for: .keyFile)
            }
        } catch { throw .file(error) }
    }

    func context(_ settings: RedisTLS) throws(RedisTLSFailure) -> NIOSSLContext {
        func failure(
            _ option: RedisTLSFileError.Option, _ path: String, _ problem: RedisTLSFileError.Problem
        )
            -> RedisTLSFailure
        { .file(RedisTLSFileError(option: option, path: path, problem: problem)) }

        // Verification of the chain and of the name is what this begins with.
        var tls = TLSConfiguration.makeClientConfiguration()
        // We say that we close and do not wait for the other side to say so: a frozen server must not hold us up.
        tls.shutdownTimeout = .zero
        if let authorities, let path = settings.caFile {
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(authorities) else {
                throw failure(.caFile, path, .noCertificate)
            }
            tls.trustRoots = .certificates(roots)
        }
        if let certificate, let key, let identity = settings.identity {
            guard let chain = try? NIOSSLCertificate.fromPEMBytes(certificate) else {
                throw failure(.certFile, identity.certFile, .noCertificate)
            }
            guard let key = try? NIOSSLPrivateKey(bytes: key, format: .pem) else {
                throw failure(.keyFile, identity.keyFile, .noKey)
            }
            tls.certificateChain = chain.map { .certificate($0) }
            tls.privateKey = .privateKey(key)
        }
        do { return try NIOSSLContext(configuration: tls) } catch NIOSSLError.failedToLoadPrivateKey {
            throw failure(.keyFile, settings.identity?.keyFile ?? "", .otherKey)
        } catch NIOSSLError.failedToLoadCertificate {
            throw failure(.certFile, settings.identity?.certFile ?? "", .noCertificate)
        } catch {
            throw settings.caFile == nil ? .noAuthorities : .handshake("no TLS context")
        }
    }
}
