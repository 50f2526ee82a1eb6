#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Why there is no encrypted connection, or none at all because one side encrypts and the other does not.
package enum RedisTLSFailure: Error, Equatable, Sendable {
    /// A file that the connection needs cannot be used. Nothing was connected.
    case file(RedisTLSFileError)
    /// A file has changed and cannot be used as it is now; what was read before stays in use.
    indirect case stale(RedisTLSFailure)
    /// No CAs were named, and the system has none. Nothing was connected.
    case noAuthorities

    /// The server's certificate is signed by nobody whom we trust.
    case untrusted
    /// The server's certificate is over since this time, in seconds since 1970.
    case expired(since: Int)
    /// The server's certificate is good from this time only, in seconds since 1970.
    case notYetValid(until: Int)
    /// The server's certificate is for others than this host.
    case wrongName(String)
    /// The server wants a certificate, and we have none.
    case clientCertificateMissing
    /// The server does not take our certificate: the reason, as the server said it.
    case clientCertificateRefused(String)
    /// The handshake failed for another reason.
    case handshake(String)

    /// We encrypt, and the server answers in plain text.
    case plainServer
    /// We encrypt, and the server says nothing at all, as a Redis without TLS does. So does a frozen one.
    case silentServer
    /// We do not encrypt, and the server answered in TLS.
    case encryptedServer
    /// We do not encrypt, and the server hung up without a word, as a Redis with TLS does. So do others.
    case hungUp

    /// Somebody must correct something: trying again does not help.
    var isCertain: Bool {
        switch self {
        case .silentServer, .hungUp, .stale: false
        case .file, .noAuthorities, .untrusted, .expired, .notYetValid, .wrongName, .clientCertificateMissing,
            .clientCertificateRefused, .handshake, .plainServer, .encryptedServer:
            true
        }
    }
}

extension RedisTLSFailure: CustomStringConvertible {
    /// One line that says what to do.
    package var description: String {
        switch self {
        case .file(let error): "\(error)"
        case .stale(let failure): "\(failure); until then, what was read before stays in use"
        case .noAuthorities: "this system has no CA certificates to trust; install ca-certificates, or set ca_file"
        case .untrusted:
            "the certificate of Redis is not signed by a CA that is trusted here; set ca_file to the CA that signed it"
        case .expired(let time):
            "the certificate of Redis expired at \(Self.utc(time)); renew it on the server, or set this machine's clock"
        case .notYetValid(let time):
            "the certificate of Redis is valid from \(Self.utc(time)) only; wait, or set this machine's clock"
        case .wrongName(let name):
            "the certificate of Redis is not for \(name); correct the host in the URL, or set server_name to the "
                + "certificate's name"
        case .clientCertificateMissing: "Redis wants a client certificate; set cert_file and key_file"
        case .clientCertificateRefused(let reason):
            "Redis refused our client certificate (\(reason)); set cert_file and key_file to one that the server trusts"
        case .handshake(let reason):
            "the TLS handshake with Redis failed (\(reason)); compare the server's tls- settings and its log"
        case .plainServer:
            "the server does not speak TLS on this port; use its TLS port, or redis:// where the network can be trusted"
        case .silentServer:
            "the server did not answer the TLS handshake in time; if it speaks plain text on this port, use its TLS "
                + "port, or redis:// where the network can be trusted"
        case .encryptedServer: "the server speaks TLS on this port; begin the URL with rediss://"
        case .hungUp:
            "the server closed the connection without an answer; if it speaks TLS on this port, begin the URL with "
                + "rediss://"
        }
    }

    /// The time in seconds since 1970.
    static func now() -> Int { Int(time(nil)) }

    /// Such as `2026-11-20 23:59:59 UTC`.
    private static func utc(_ seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }
}
