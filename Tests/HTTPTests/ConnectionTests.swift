import Foundation
import NIOCore
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// What is and what is not a request.
    @Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
        private static let hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

        @Test func `escapes in a path are decoded once, and what is none stays as it is`() async throws {
            try await Rig.run { rig in
                for (path, seen) in [
                    ("a%3Ab", "a:b"), ("a:b", "a:b"), ("a%253Ab", "a%3Ab"), ("a+b", "a+b"), ("a%2Fb", "a/b"),
                    ("a%zz", "a%zz"), ("%ff", "%ff"),
                ] {
                    let wire = try await rig.connect()
                    try await wire.send("GET /named/\(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                    try await wire.text { $0.hasSuffix("<\(seen)>") }
                }
            }
        }

        @Test func `one connection serves many requests, also when they come at once`() async throws {
            try await Rig.run { rig in
                let wire = try await rig.connect()
                try await wire.send(Self.hello)
                try await wire.text { $0.hasSuffix("hello") }
                try await wire.send(Self.hello + Self.hello + "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
                let text = try await wire.text { $0.hasSuffix("0\r\n\r\n") }
                #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 5)
                #expect(!wire.isOver)
            }
        }

        @Test(arguments: [
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n",
            "GET /hello HTTP/1.0\r\n\r\n", "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        ])
        func `the connection ends where the client wants it or cannot know better`(request: String) async throws {
            try await Rig.run { rig in
                let text = try await rig.exchange(request)
                #expect(text.hasPrefix("HTTP/1."))
                #expect(text.contains(" 200 OK\r\n") && text.hasSuffix("\r\n\r\nhello"))
                #expect(text.lowercased().contains("connection: close"))
            }
        }

        @Test func `HTTP 1_0 gets no chunks`() async throws {
            try await Rig.run { rig in
                let text = try await rig.exchange("GET /stream HTTP/1.0\r\n\r\n")
                #expect(text.hasSuffix("\r\n\r\npiece piece piece "), "\(text)")
            }
        }

        @Test(arguments: ["/hello", "/stream", "/nowhere"])
        func `HEAD has the head of GET and no body`(path: String) async throws {
            try await Rig.run { rig in
                let head = try await rig.exchange("HEAD \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                let get = try await rig.exchange("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                #expect(head.hasSuffix("\r\n\r\n") && !get.hasSuffix("\r\n\r\n") || path == "/stream")
                #expect(head.components(separatedBy: "\r\n\r\n").count == 2 && head.hasSuffix("\r\n\r\n"), "\(head)")
                #expect(head.split(separator: " ")[1] == get.split(separator: " ")[1])
            }
        }

        @Test func `who waits for 100 Continue gets it, but not for a body that is too large`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.bodyBytes = 10 }
            try await Rig.run(bodyLimit: 10, limit) { rig in
                let wire = try await rig.connect()
                let head = "POST /count HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
                try await wire.send("\(head)5\r\n\r\n")
                let first = try await wire.text { $0.hasSuffix("\r\n\r\n") }
                #expect(first == "HTTP/1.1 100 Continue\r\n\r\n")
                try await wire.send("12345")
                try await wire.text { $0.hasSuffix("5") }
                let refused = try await rig.exchange("\(head)11\r\n\r\n")
                #expect(refused.hasPrefix("HTTP/1.1 413 ") && refused.contains("payload-too-large"))
            }
        }

        @Test(arguments: [
            "GET /hello HTTP/1.1\nHost: a\n\n", "GET /hello HTTP/1.1\r\nHost: a\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "GET /hello HTTP/1.1\r\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET /hello HTTP/3.0\r\nHost: a\r\n\r\n",
            "GET /hello\r\n\r\n", "SPELL /hello HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: a\r\nX y: b\r\n\r\n",
            "GET /hello HTTP/1.1\r\nHost: a\r\nX : b\r\n\r\n", "GET /hello HTTP/1.1\r\nHost: a\r\nX: \u{0}\r\n\r\n",
            "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", "GET hello HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\na",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\na",
            "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
            "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        ])
        func `what two programs could read differently is refused, and the connection ends`(
            request: String
        ) async throws {
            try await Rig.run { rig in
                let text = try await rig.exchange(request)
                #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(request.debugDescription): \(text)")
                #expect(text.lowercased().contains("connection: close"))
                #expect(text.contains(#""type":"/problems/invalid-request""#))
                #expect(text.contains("urn:request:"))
                #expect(text.components(separatedBy: "HTTP/1.1 4").count == 2, "one answer")
                #expect(rig.table.bodies.items.isEmpty)
            }
        }

        @Test func `a good request before a bad one is answered first`() async throws {
            try await Rig.run { rig in
                let text = try await rig.exchange(Self.hello + "GET\r\n\r\n")
                let good = try #require(text.firstRange(of: "HTTP/1.1 200 OK"))
                let bad = try #require(text.firstRange(of: "HTTP/1.1 400 Bad"))
                #expect(good.lowerBound < bad.lowerBound)
            }
        }

        @Test func `a body that is cut off is no body`() async throws {
            try await Rig.run { rig in
                let wire = try await rig.connect()
                try await wire.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345")
                try await wire.close()
                let other = try await rig.exchange("GET /hello HTTP/1.0\r\n\r\n")
                #expect(other.hasSuffix("hello"))
                #expect(rig.table.bodies.items.isEmpty)
            }
        }

        @Test func `paths and methods that are not there are problems`() async throws {
            try await Rig.run { rig in
                let lost = try await rig.exchange("GET /nowhere HTTP/1.0\r\nX-Request-Id: my-id\r\n\r\n")
                #expect(lost.hasPrefix("HTTP/1.0 404 Not Found") || lost.hasPrefix("HTTP/1.1 404 Not Found"))
                #expect(lost.contains("/problems/not-found") && lost.contains("urn:request:my-id"))
                #expect(lost.lowercased().contains("x-request-id: my-id\r\n"))
                let wrong = try await rig.exchange("PUT /hello HTTP/1.0\r\nContent-Length: 0\r\n\r\n")
                #expect(wrong.contains(" 405 Method Not Allowed\r\n"))
                #expect(wrong.contains("/problems/method-not-allowed"))
                #expect(wrong.lowercased().contains("allow: get, head\r\n"), "\(wrong)")
                #expect(rig.table.unrouted.items == ["GET 404", "PUT 405"])
            }
        }
    }
}
