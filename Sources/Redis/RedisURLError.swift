/// What is wrong with a Redis URL. No message repeats any part of the URL: a misplaced character can turn a password
/// into what looks like a host or a port.
package enum RedisURLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The URL begins with none of `redis://`, `rediss://` and `unix://`.
    case scheme
    /// There is no host, or it has characters that no host has.
    case host
    /// The port is not a number from 1 to 65535.
    case port
    /// The database is not a number from 0.
    case database
    /// The path of the socket is missing, too long, or not after three slashes.
    case path
    /// There is an unknown parameter after the `?`, or one twice, or something after a `#`.
    case parameter
    /// A parameter of TLS stands in a URL that does not begin with `rediss://`.
    case unencrypted
    /// `ca_file`, `cert_file` or `key_file` is no path.
    case file
    /// There is only one of `cert_file` and `key_file`.
    case identity
    /// `server_name` is not a host name.
    case serverName
    /// A `%` is not followed by two hexadecimal digits, or what they stand for is not text.
    case percentEncoding

    /// One line that says what to do.
    package var description: String {
        switch self {
        case .scheme: "the Redis URL must begin with redis://, rediss:// or unix://"
        case .host:
            "the Redis URL needs a host name or address, as in redis://localhost:6379/0; IPv6 addresses go in brackets"
        case .port:
            "the port in the Redis URL must be a number from 1 to 65535; if the password has one of : / ? # @, "
                + "percent-encode it"
        case .database: "the database in the Redis URL must be a number from 0, as in redis://localhost:6379/0"
        case .path: "the Redis URL needs the socket's full path, at most 107 bytes, as in unix:///run/redis.sock?db=0"
        case .parameter:
            "the Redis URL may have each of these parameters once: db, and with rediss:// also ca_file, cert_file, "
                + "key_file and server_name; if the password has one of : / ? # @, percent-encode it"
        case .unencrypted:
            "ca_file, cert_file, key_file and server_name are for TLS: begin the Redis URL with rediss://"
        case .file:
            "ca_file, cert_file and key_file in the Redis URL need the path of a file, as in ?ca_file=/etc/redis/ca.pem"
        case .identity: "the Redis URL needs cert_file and key_file together; one PEM file with both can be named twice"
        case .serverName:
            "server_name in the Redis URL must be a host name, as in ?server_name=redis.example.org; to check an "
                + "address, connect to it"
        case .percentEncoding:
            "every % in the Redis URL must be followed by two hexadecimal digits; write % itself as %25"
        }
    }
}
