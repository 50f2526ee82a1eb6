import HummingbirdCore
import JobModel
import NIOCore
import ServiceLifecycle

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

extension APIServer {
    /// Why it cannot listen.
    package struct Failure: Error, Sendable {
        package enum Kind: Sendable {
            /// Somebody else listens there.
            case taken
            /// The system does not let this process listen there.
            case refused
            /// There is no such address.
            case unknown
        }

        package var kind: Kind
        /// One line that says what to do.
        package var message: String

        init(_ kind: Kind, _ message: String) {
            self.kind = kind
            self.message = message
        }

        /// Nil for what is no failure to listen: the end of requests whose time was over.
        init?(_ error: any Error, _ place: Place) {
            switch error {
            case let error as IOError where error.errnoCode == EADDRINUSE:
                self.init(.taken, "\(place) is taken by another process: stop that, or choose another")
            case let error as IOError:
                self.init(.refused, "\(place) cannot be had: \(String(cString: strerror(error.errnoCode)))")
            case is ServiceGroupError, is CancellationError: return nil
            default: self.init(.unknown, "\(place) is no address of this machine: give a host or an address that is")
            }
        }
    }
}

extension APIServer.Place: CustomStringConvertible {
    /// As an address that a client could use, without the scheme.
    package var description: String {
        switch self {
        case .port(let host, let port):
            host.contains(":") ? "[\(host)]:\(port)" : "\(Printable.oneLine(host, limit: 200)):\(port)"
        case .socket(let path): "the socket \(Printable.oneLine(path, limit: 200))"
        }
    }

    /// Only this machine can reach it.
    package var isLocal: Bool {
        switch self {
        case .port(let host, _): host == "localhost" || host == "::1" || Self.isLoopback(host)
        case .socket: true
        }
    }

    /// Of 127.0.0.0/8, written out in full: `127.evil.example` is a name.
    private static func isLoopback(_ host: String) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    var address: BindAddress {
        switch self {
        case .port(let host, let port): .hostname(host, port: port)
        case .socket(let path): .unixDomainSocket(path: path)
        }
    }

    /// With the port that was given to it.
    func settled(_ channel: any Channel) -> Self {
        guard case .port(let host, _) = self, let port = channel.localAddress?.port else { return self }
        return .port(host: host, port)
    }
}
