/// Why a command has no reply, or why a reply could not be used.
///
/// Errors of the server are told apart by their first word; the word and its meaning meet in `init(serverMessage:)`
/// only.
package enum RedisError: Error, Equatable, Sendable {
    /// No connection could be made within the deadline, and nothing was sent. Try again later; the text says what is
    /// wrong with the connection.
    case unreachable(String)
    /// The deadline passed. When `sent`, the command may have been done: repeat it only if doing it twice is harmless.
    case timedOut(sent: Bool)
    /// The connection ended. When `sent`, the command may have been done: repeat it only if doing it twice is harmless.
    case connectionLost(sent: Bool)
    /// `close()` was called. A command in flight at that moment may have been done. Do not try again with this client.
    case closed

    /// There is no encrypted connection, and nothing was sent. The failure says what somebody must correct.
    case tls(RedisTLSFailure)
    /// User or password is wrong or missing. An operator must correct the URL; trying again does not help.
    case authentication(String)
    /// The user may not run this command or touch this key. An operator must extend the user's rights.
    case permission(String)
    /// The server is at its `maxmemory` and refuses writes. Nothing was done; try again later, slowly.
    case outOfMemory
    /// The server is a replica. Nothing was done; try again when the failover is over.
    case readOnly
    /// The server reads its data from disk. Nothing was done; try again in a moment.
    case loading
    /// A script holds the server for longer than its limit. Nothing was done; try again in a moment.
    case busy
    /// The server cannot save to disk and refuses writes. Nothing was done; an operator must look at the disk.
    case persistence
    /// The server does not know this script. Send its source.
    case noScript
    /// The key holds another kind of value. A defect, or two programs share a key: do not try again.
    case wrongType
    /// A cluster is moving the keys of this command. Nothing was done; try again in a moment.
    case tryAgain
    /// Another node of a cluster holds the key: slot, host and port as the server wrote them.
    case moved(String)
    /// Another node of a cluster may already hold the key: slot, host and port as the server wrote them.
    case ask(String)
    /// The cluster does not serve requests. Nothing was done; try again later.
    case clusterDown
    /// The replica has lost its master and refuses to answer. Nothing was done; try again later.
    case masterDown
    /// `CLIENT UNBLOCK … ERROR` ended a blocking command. Nothing was done; wait again if that is still wanted.
    case unblocked
    /// Too few replicas are in step with the server. Nothing was done; try again later.
    case noReplicas
    /// A script failed while it ran or was compiled. What it wrote before the failure stays. A defect: do not try
    /// again.
    case script(String)
    /// Any other error of the server: its first word, and the text after it.
    case server(word: String, message: String)
    /// The server's answer does not have the expected shape. A defect, or not a Redis server: do not try again.
    case protocolError(String)
}

extension RedisError {
    /// Nothing was done, and the same command may succeed later without anybody changing a setting of ours.
    package var isRetryable: Bool {
        switch self {
        case .unreachable, .outOfMemory, .readOnly, .loading, .busy, .persistence, .tryAgain, .clusterDown, .masterDown,
            .unblocked, .noReplicas:
            true
        case .timedOut(let sent), .connectionLost(let sent):
            !sent
        case .tls(let failure):
            !failure.isCertain
        case .closed, .authentication, .permission, .noScript, .wrongType, .moved, .ask, .script, .server,
            .protocolError:
            false
        }
    }

    /// The command may or may not have been done. Repeat it only if doing it twice is harmless.
    package var outcomeIsUnknown: Bool {
        switch self {
        case .timedOut(let sent), .connectionLost(let sent): sent
        case .closed: true
        default: false
        }
    }

    /// The command certainly never left this process.
    var provesNothingWasSent: Bool {
        switch self {
        case .unreachable, .tls: true
        case .timedOut(let sent), .connectionLost(let sent): !sent
        default: false
        }
    }
}

extension RedisError: CustomStringConvertible {
    /// One line for a log or a terminal.
    package var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .timedOut(sent: true): "Redis did not answer in time; the command may have been done"
        case .timedOut(sent: false): "the command could not be sent to Redis in time"
        case .connectionLost(sent: true): "the connection to Redis was lost; the command may have been done"
        case .connectionLost(sent: false): "the connection to Redis was lost before the command was sent"
        case .closed: "the connection to Redis was closed by this program"
        case .tls(let failure): failure.description
        case .authentication(let message): "Redis refused user or password: \(message)"
        case .permission(let message): "Redis does not permit this: \(message)"
        case .outOfMemory: "Redis is out of memory and refuses writes (OOM)"
        case .readOnly: "this Redis is a read-only replica (READONLY)"
        case .loading: "Redis is still loading its data (LOADING)"
        case .busy: "Redis is busy with a script (BUSY)"
        case .persistence: "Redis cannot save to disk and refuses writes (MISCONF)"
        case .noScript: "Redis does not know the script (NOSCRIPT)"
        case .wrongType: "a key holds another kind of value (WRONGTYPE)"
        case .tryAgain: "the Redis cluster is moving these keys (TRYAGAIN)"
        case .moved(let target): "another Redis node holds the key (MOVED \(target))"
        case .ask(let target): "another Redis node may hold the key (ASK \(target))"
        case .clusterDown: "the Redis cluster is down (CLUSTERDOWN)"
        case .masterDown: "the Redis replica has lost its master (MASTERDOWN)"
        case .unblocked: "the wait was ended by CLIENT UNBLOCK"
        case .noReplicas: "too few Redis replicas are in step (NOREPLICAS)"
        case .script(let message): "a Redis script failed: \(message)"
        case .server(let word, let message): "Redis answered \(word) \(message)"
        case .protocolError(let reason): "unexpected answer from Redis: \(reason)"
        }
    }
}
