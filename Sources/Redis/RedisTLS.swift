/// Whom an encrypted connection trusts, and who it says it is. The server's certificate and its name are always checked:
/// there is no setting that encrypts without.
package struct RedisTLS: Sendable, Equatable {
    /// What the client shows to a server that asks for a certificate (`tls-auth-clients yes`).
    package struct Identity: Sendable, Equatable {
        /// The path of a PEM file: the certificate, and behind it the certificates between it and its CA.
        package var certFile: String
        /// The path of a PEM file with the private key, without a passphrase. May be `certFile`.
        package var keyFile: String

        package init(certFile: String, keyFile: String) {
            self.certFile = certFile
            self.keyFile = keyFile
        }
    }

    /// The path of a PEM file with the only CAs that are trusted. The default, nil, trusts those of the system.
    package var caFile: String?

    /// The client's certificate. The default, nil, has none.
    package var identity: Identity?

    /// The host name that the server's certificate must have. The default, nil, is the host of the endpoint; where that
    /// is an address, the certificate must have the address.
    package var serverName: String?

    package init(caFile: String? = nil, identity: Identity? = nil, serverName: String? = nil) {
        self.caFile = caFile
        self.identity = identity
        self.serverName = serverName
    }
}
