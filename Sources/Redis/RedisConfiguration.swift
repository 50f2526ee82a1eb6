/// Where the server is and how patiently to talk to it. Printing it never shows the password.
package struct RedisConfiguration: Sendable, Equatable {
    /// The address of the server.
    package enum Endpoint: Sendable, Equatable {
        /// A host name, or an IPv4 or IPv6 address without brackets, and a port.
        case tcp(host: String, port: Int)
        /// The path of a socket in the file system.
        case unix(path: String)
    }

    /// The address of the server.
    package var endpoint: Endpoint

    /// The user to log in as. The default, nil, logs in as the server's default user if there is a password.
    package var username: String?

    /// The password to log in with. The default, nil, does not log in unless there is a user name.
    package var password: Secret?

    /// The number of the database, from 0, which is the default.
    package var database: Int

    /// How the connection is encrypted. The default, nil, does not encrypt; settings without anything in them encrypt and
    /// trust the CAs of the system.
    package var tls: RedisTLS?

    /// How long one attempt to connect may take, encryption and log-in included. The default is 5 seconds.
    package var connectTimeout: Duration = .seconds(5)

    /// How long a command may take, from the call to the reply, unless the call says otherwise. The default is 5
    /// seconds.
    package var commandTimeout: Duration = .seconds(5)

    /// How many commands may be unanswered at a time; further callers wait. At least 1. The default is 16,384.
    package var maxInFlight = 16_384

    /// How many bytes the unanswered commands may have; further callers wait. The default is 64 MiB. A command larger
    /// than this is sent alone.
    package var maxInFlightBytes = 64 << 20

    /// The pauses between attempts to connect. The default doubles from 50 milliseconds to 2 seconds.
    package var backoff = ReconnectBackoff()

    /// A name for this connection in the server's `CLIENT LIST`, without spaces. The default, nil, gives none.
    package var clientName: String?

    package init(endpoint: Endpoint, username: String? = nil, password: Secret? = nil, database: Int = 0) {
        self.endpoint = endpoint
        self.username = username
        self.password = password
        self.database = database
    }
}

extension RedisConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` for user and password: fit for logs and screens.
    package var redactedURL: String {
        let secret = username == nil && password == nil ? "" : "***@"
        switch endpoint {
        case .tcp(let host, let port):
            let name = host.contains(":") ? "[\(host)]" : host
            return "\(tls == nil ? "redis" : "rediss")://\(secret)\(name):\(port)/\(database)"
        case .unix(let path):
            return "unix://\(secret)\(path)?db=\(database)"
        }
    }

    package var description: String { redactedURL }
    package var debugDescription: String { redactedURL }

    /// What `dump` and other mirrors show: no more than the printed form.
    package var customMirror: Mirror { Mirror(self, children: ["url": redactedURL]) }
}
