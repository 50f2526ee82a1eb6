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
        guard pattern.count == host.count else { return false }
        if pattern[0] == Array("*".utf8) { return pattern.count > 2 && pattern.dropFirst() == host.dropFirst() }
        return pattern == host
    }

    /// The labels in small letters. Only those of ASCII have two forms here: Unicode knows other signs that become small
    /// letters of ASCII. The last dot of a full name counts for nothing.
    private static func labels(_ name: String) -> [[UInt8]] {
        let capitals = UInt8(ascii: "A")...UInt8(ascii: "Z")
        let bytes = (name.hasSuffix(".") ? name.dropLast() : name[...]).utf8.map {
            capitals.contains($0) ? $0 | 32 : $0
        }
        return bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map(Array.init)
    }
}
