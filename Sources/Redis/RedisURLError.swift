/// What is wrong with a Redis URL. No message repeats any part of the URL: a misplaced character can turn a password
/// into what looks like a host or a port.
package enum RedisURLError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The URL begins with neither `redis://` nor `unix://`.
    case scheme
    /// The URL begins with `rediss://`.
    case tlsUnavailable
    /// There is no host, or it has characters that no host has.
    case host
    /// The port is not a number from 1 to 65535.
    case port
    /// The database is not a number from 0.
    case database
    /// The path of the socket is missing, too long, or not after three slashes.
    case path
    /// There is a parameter other than `db` after the `?`, or something after a `#`.
    case parameter
    /// A `%` is not followed by two hexadecimal digits, or what they stand for is not text.
    case percentEncoding

    /// One line that says what to do.
    package var description: String {
        switch self {
        case .scheme: "the Redis URL must begin with redis:// or unix://"
        case .tlsUnavailable:
            "rediss:// needs TLS, which this version does not have; use redis:// or a TLS tunnel such as stunnel"
        case .host:
            "the Redis URL needs a host name or address, as in redis://localhost:6379/0; IPv6 addresses go in brackets"
        case .port:
            "the port in the Redis URL must be a number from 1 to 65535; if the password has one of : / ? # @, "
                + "percent-encode it"
        case .database: "the database in the Redis URL must be a number from 0, as in redis://localhost:6379/0"
        case .path: "the Redis URL needs the socket's full path, at most 107 bytes, as in unix:///run/redis.sock?db=0"
        case .parameter:
            "the Redis URL may have no parameter but db, as in ?db=0; if the password has one of : / ? # @, "
                + "percent-encode it"
        case .percentEncoding:
            "every % in the Redis URL must be followed by two hexadecimal digits; write % itself as %25"
        }
    }
}
