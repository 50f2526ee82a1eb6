import HTTPTypes
import NIOHTTP1
import NIOHTTPTypesHTTP1

/// What the head of a request says to the connection.
enum RequestHead {
    /// The request; nil when it is none that can be answered.
    static func request(_ head: HTTPRequestHead, isSecure: Bool) -> HTTPRequest? {
        // A client that names no host, or two, is one that somebody between us could read differently.
        let hosts = head.headers["host"].count
        guard hosts == 1 || (hosts == 0 && head.isOld) else { return nil }
        guard head.uri.hasPrefix("/") else {
            // `http://host/path`, `*`, or what belongs to CONNECT: rare, so it may cost more.
            return head.method == .CONNECT ? nil : try? HTTPRequest(head, secure: isSecure, splitCookie: false)
        }
        guard let method = try? HTTPRequest.Method(head.method) else { return nil }
        return HTTPRequest(
            method: method, scheme: isSecure ? "https" : "http", authority: head.headers["host"].first,
            path: head.uri, headerFields: HTTPFields(head.headers, splitCookie: false))
    }

    static func asked(_ head: HTTPRequestHead) -> ConnectionState.Asked {
        let isOld = head.isOld
        // Nothing is parsed after a request for another protocol, which is answered in this one.
        let isLast = isOld || !head.isKeepAlive || head.headers.contains(name: "upgrade")
        return ConnectionState.Asked(isHead: head.method == .HEAD, isOld: isOld, isLast: isLast)
    }

    /// The client sends its body only once it is told to.
    static func waitsToContinue(_ head: HTTPRequestHead, limit: Int) -> Bool {
        guard !head.isOld, head.headers.first(name: "expect")?.lowercased() == "100-continue" else {
            return false
        }
        return head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0 <= limit
    }
}

extension HTTPRequestHead {
    /// HTTP/1.0; the parser takes nothing older, and nothing of another kind.
    var isOld: Bool { version == .http1_0 || version == .http0_9 }
}
