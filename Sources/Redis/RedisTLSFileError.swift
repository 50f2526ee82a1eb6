/// What is wrong with one of the files that an encrypted connection needs. Never holds anything of what is in it.
package struct RedisTLSFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The option that names the file.
    package enum Option: String, Sendable {
        case caFile = "ca_file"
        case certFile = "cert_file"
        case keyFile = "key_file"
    }

    package enum Problem: Equatable, Sendable {
        /// The system refuses to open or read it, for this reason.
        case unreadable(String)
        /// It is a folder, a pipe or a device.
        case notAFile
        /// It is larger than any bundle of certificates.
        case tooLarge
        /// It holds no certificate in PEM form, or a broken one.
        case noCertificate
        /// It holds no private key in PEM form, or one behind a passphrase.
        case noKey
        /// The key belongs to another certificate than that of `cert_file`.
        case otherKey
    }

    package var option: Option
    package var path: String
    package var problem: Problem

    /// One line that says what to do.
    package var description: String {
        let file = "\(option.rawValue) \(RedisError.printable(path.utf8))"
        return switch problem {
        case .unreadable(let reason): "\(file) cannot be read: \(reason); correct its path or its permissions"
        case .notAFile: "\(file) is not an ordinary file; give the path of a PEM file"
        case .tooLarge: "\(file) is larger than \(TLSFile.sizeLimit >> 20) MiB; give the path of a PEM file"
        case .noCertificate: "\(file) holds no certificate that can be used; it must be a PEM file (BEGIN CERTIFICATE)"
        case .noKey: "\(file) holds no private key that can be used; it must be a PEM file without a passphrase"
        case .otherKey:
            "\(file) belongs to another certificate than that of cert_file; give the two that belong together"
        }
    }
}
