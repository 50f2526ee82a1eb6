import NIOSSL

/// Whether a certificate is for a host.
enum CertificateName {
    /// The certificate has the host name, or names no hosts and addresses at all (then the TLS library has compared its
    /// common name).
    ///
    /// That library has already compared names, but it is also content with a certificate for the address behind the
    /// name. Whoever can forge an answer of the name server would choose that address.
    static func isIn(_ certificate: NIOSSLCertificate, _ host: String) -> Bool {
        let names = certificate._subjectAlternativeNames()
        return names.isEmpty
            || names.contains { name in
                name.nameType == .dnsName
                    && name.contents.withUnsafeBufferPointer { matches(String(decoding: $0, as: UTF8.self), host) }
            }
    }

    /// A name, or `*.` before a name, which stands for exactly one label.
    static func matches(_ pattern: String, _ host: String) -> Bool {
        let (pattern, host) = (labels(pattern), labels(host))
        guard pattern.count == host.count, let first = pattern.first else { return false }
        if first == "*" { return pattern.count > 2 && pattern.dropFirst() == host.dropFirst() }
        return pattern == host
    }

    /// The last dot of a full name counts for nothing.
    private static func labels(_ name: String) -> [Substring] {
        let name = name.lowercased()
        return (name.last == "." ? name.dropLast() : name[...]).split(separator: ".", omittingEmptySubsequences: false)
    }
}
