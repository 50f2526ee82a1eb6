import NIOSSL

// What the TLS library reports, in our words. The only place that knows its errors.
extension RedisTLSFailure {
    /// What went wrong on a connection that was to have this name; nil when the error says nothing about TLS, such as a
    /// connection that was cut.
    ///
    /// `certificate` is what the server has shown, `now` the time in seconds since 1970.
    init?(_ error: any Error, name: String, certificate: NIOSSLCertificate?, hasIdentity: Bool, now: Int) {
        switch error {
        case NIOSSLError.handshakeFailed(.sslError(let stack)), NIOSSLError.handshakeFailed(.unknownError(let stack)),
            BoringSSLError.sslError(let stack), BoringSSLError.unknownError(let stack):
            guard !stack.contains(.eofDuringHandshake), let word = stack.lazy.compactMap(Self.word).first else {
                return nil
            }
            self = Self.told(word, certificate, hasIdentity: hasIdentity, now: now)
        case let error as NIOSSLExtraError where Self.aboutNames.contains(error): self = .wrongName(name)
        case NIOSSLError.cannotFindPeerIP: self = .wrongName(name)
        case NIOSSLError.noCertificateToValidate, NIOSSLError.unableToValidateCertificate: self = .untrusted
        default: return nil
        }
    }

    private static let aboutNames: [NIOSSLExtraError] = [
        .failedToValidateHostname, .serverHostnameImpossibleToMatch, .cannotUseIPAddressInSNI, .invalidSNIHostname,
    ]

    private static func told(
        _ word: String, _ certificate: NIOSSLCertificate?, hasIdentity: Bool, now: Int
    ) -> RedisTLSFailure {
        switch word {
        case "CERTIFICATE_VERIFY_FAILED": distrust(certificate, now: now)
        case "WRONG_VERSION_NUMBER": .plainServer
        case "TLSV1_ALERT_CERTIFICATE_REQUIRED": .clientCertificateMissing
        // What servers without TLS 1.3 say for it, and for much else.
        case "SSLV3_ALERT_HANDSHAKE_FAILURE" where !hasIdentity: .handshake("refused; it may want a client certificate")
        case "TLSV1_ALERT_UNKNOWN_CA", "TLSV1_ALERT_ACCESS_DENIED", "SSLV3_ALERT_BAD_CERTIFICATE",
            "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "SSLV3_ALERT_CERTIFICATE_REVOKED",
            "SSLV3_ALERT_CERTIFICATE_EXPIRED", "SSLV3_ALERT_CERTIFICATE_UNKNOWN":
            hasIdentity ? .clientCertificateRefused(plain(word)) : .clientCertificateMissing
        default: .handshake(plain(word))
        }
    }

    /// The library only says that it does not trust the certificate; its dates tell more.
    static func distrust(_ certificate: NIOSSLCertificate?, now: Int) -> RedisTLSFailure {
        guard let certificate else { return .untrusted }
        if Int(certificate.notValidAfter) < now { return .expired(since: Int(certificate.notValidAfter)) }
        if Int(certificate.notValidBefore) > now { return .notYetValid(until: Int(certificate.notValidBefore)) }
        return .untrusted
    }

    /// `CERTIFICATE_VERIFY_FAILED` of `Error: … OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at file:line`.
    private static func word(in error: BoringSSLInternalError) -> String? {
        guard let mark = error.description.firstRange(of: "OPENSSL_internal:") else { return nil }
        return String(error.description[mark.upperBound...].prefix { $0 != " " })
    }

    /// `unknown ca` of `TLSV1_ALERT_UNKNOWN_CA`.
    private static func plain(_ word: String) -> String {
        let end = word.firstRange(of: "_ALERT_")?.upperBound ?? word.startIndex
        return word[end...].lowercased().replacing("_", with: " ")
    }
}
