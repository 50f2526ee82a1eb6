import Foundation
import NIOCore
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// What clients may take of a server, just below and just above.
    @Suite(.timeLimit(.minutes(1))) struct LimitTests {
        private static let hello = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"

        /// A request whose line and headers have so many bytes, counted as they are: without what stands between them.
        private static func request(_ size: Int) -> String {
            let fixed = "/hello".utf8.count + "HostaX".utf8.count
            return "GET /hello HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: size - fixed))\r\n\r\n"
        }

        @Test func `headers may have as many bytes as they may, and not one more`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.headBytes = 4096 }
            try await Rig.run(limit) { rig in
                let wire = try await rig.connect()
                try await wire.send(Self.request(4096))
                #expect(try await wire.text { $0.hasSuffix("hello") }.contains(" 200 OK"))
                let text = try await rig.exchange(Self.request(4097))
                #expect(text.hasPrefix("HTTP/1.1 431 ") && text.contains("/problems/headers-too-large"))
                #expect(text.lowercased().contains("connection: close"))
            }
        }

        @Test func `there may be a hundred headers, and the path counts as well`() async throws {
            try await Rig.run { rig in
                func request(_ headers: Int) -> String {
                    let more = (1..<headers).map { "X-\($0): 1\r\n" }.joined()
                    return "GET /hello HTTP/1.1\r\nHost: a\r\n\(more)\r\n"
                }
                let wire = try await rig.connect()
                try await wire.send(request(100))
                #expect(try await wire.text { $0.hasSuffix("hello") }.contains(" 200 OK"))
                #expect(try await rig.exchange(request(101)).hasPrefix("HTTP/1.1 431 "))
                let path = String(repeating: "p", count: 40_000)
                #expect(try await rig.exchange("GET /\(path) HTTP/1.1\r\nHost: a\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
            }
        }

        @Test func `spaces without end before a value are refused as well`() async throws {
            try await Rig.run { rig in
                let wire = try await rig.connect()
                try await wire.send("GET /hello HTTP/1.1\r\nHost: a\r\nX:")
                let spaces = ByteBuffer(repeating: UInt8(ascii: " "), count: 16_384)
                for _ in 0..<20 { try? await wire.send(spaces) }
                #expect(try await wire.all().hasPrefix("HTTP/1.1 431 "))
            }
        }

        @Test(arguments: [false, true])
        func `a body may have as many bytes as it may, and not one more`(isChunked: Bool) async throws {
            try await Rig.run(bodyLimit: 1000) { rig in
                func request(_ size: Int) -> String {
                    let body = String(repeating: "b", count: size)
                    let head = "POST /count HTTP/1.1\r\nHost: a\r\n"
                    return isChunked
                        ? "\(head)Transfer-Encoding: chunked\r\n\r\n\(String(size, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
                        : "\(head)Content-Length: \(size)\r\n\r\n\(body)"
                }
                let wire = try await rig.connect()
                try await wire.send(request(1000))
                #expect(try await wire.text { $0.hasSuffix("1000") }.contains(" 200 OK"))
                let text = try await rig.exchange(request(1001))
                #expect(text.hasPrefix("HTTP/1.1 413 ") && text.contains("/problems/payload-too-large"))
                #expect(text.lowercased().contains("connection: close"))
                #expect(rig.table.bodies.items == [1000])
            }
        }

        @Test func `a head that comes too slowly is given up, on a new connection and on a used one`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.head = .seconds(3) }
            try await Rig.run(limit) { rig in
                for isUsed in [false, true] {
                    let wire = try await rig.connect()
                    if isUsed {
                        try await wire.send(Self.hello)
                        try await wire.text { $0.hasSuffix("hello") }
                    }
                    let sent = ContinuousClock.now
                    try await wire.send("GET /hel")
                    let text = try await wire.all()
                    #expect(text.contains("HTTP/1.1 408 Request Timeout") && text.contains("/problems/request-timeout"))
                    #expect(text.lowercased().contains("connection: close"))
                    #expect(ContinuousClock.now - sent > .milliseconds(isUsed ? 2900 : 500))
                }
                // Who says nothing is told nothing.
                let silent = try await rig.connect()
                #expect(try await silent.all().isEmpty)
            }
        }

        @Test func `a body that comes too slowly is given up, and nobody takes what came for the whole`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.body = .seconds(1) }
            try await Rig.run(limit) { rig in
                let text = try await rig.exchange("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
                #expect(text.hasPrefix("HTTP/1.1 408 ") && text.contains("the body took too long"))
                #expect(text.lowercased().contains("connection: close"))
                #expect(rig.table.bodies.items.isEmpty)
            }
        }

        @Test func `a slow head and a slow body that are in time are answered`() async throws {
            let limits: @Sendable (inout HTTPLimits) -> Void = { limits in
                limits.head = .seconds(15)
                limits.body = .seconds(15)
            }
            try await Rig.run(limits) { rig in
                let wire = try await rig.connect()
                for part in ["POST /count HT", "TP/1.1\r\nHost: a\r\nContent-", "Length: 6\r\n", "\r\nab", "cd", "ef"] {
                    try await wire.send(part)
                    // The server has seen it once it answers another.
                    #expect(try await rig.exchange("GET /hello HTTP/1.0\r\n\r\n").hasSuffix("hello"))
                }
                #expect(try await wire.text { $0.hasSuffix("6") }.contains(" 200 OK"))
            }
        }

        @Test func `a connection that waits for nothing ends, one that waits for an answer does not`() async throws {
            let limits: @Sendable (inout HTTPLimits) -> Void = { limits in
                limits.idle = .seconds(3)
                limits.head = .seconds(3)
            }
            try await Rig.run(limits) { rig in
                let waiting = try await rig.connect()
                try await waiting.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
                try await rig.table.held.items(count: 1)
                let idle = try await rig.connect()
                try await idle.send(Self.hello)
                #expect(try await idle.all().hasSuffix("hello"))
                #expect(!waiting.isOver)
                rig.table.latch.open()
                #expect(try await waiting.text { $0.hasSuffix("let go") }.contains(" 200 OK"))
            }
        }

        @Test func `one connection more than there may be waits until another ends`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.connections = 3 }
            try await Rig.run(limit) { rig in
                let first = try await rig.greeted()
                let second = try await rig.greeted()
                let third = try await rig.greeted()
                let next = try await rig.connect()
                try await next.send(Self.hello)
                // The others are served while it waits.
                try await first.send(Self.hello)
                try await first.text { $0.components(separatedBy: "hello").count == 3 }
                #expect(next.text.isEmpty && !third.isOver)
                try await second.close()
                try await next.text { $0.hasSuffix("hello") }
            }
        }

        @Test func `five hundred who dawdle do not keep a good client waiting`() async throws {
            let limits: @Sendable (inout HTTPLimits) -> Void = { limits in
                limits.head = .seconds(60)
                limits.body = .seconds(60)
            }
            try await Rig.run(limits) { rig in
                let slow = try await rig.connect(
                    500, saying: ["GET /hel", "POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"])
                let good = try await rig.connect()
                for count in 1...20 {
                    try await good.send(Self.hello)
                    try await good.text { $0.components(separatedBy: "200 OK").count == count + 1 }
                }
                #expect(!good.isOver && slow.allSatisfy { !$0.isOver })
            }
        }

        @Test func `who answers without reading does not read a gigabyte`() async throws {
            try await Rig.run { rig in
                let before = ResidentMemory.bytes
                let piece = ByteBuffer(repeating: 65, count: 1 << 20)
                for path in ["/refuse", "/count"] {
                    let wire = try await rig.connect()
                    try await wire.send(
                        "POST \(path) HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n40000000\r\n")
                    var sent = 0
                    while sent < 1 << 10, !wire.isOver, (try? await wire.send(piece)) != nil { sent += 1 }
                    let text = try await wire.all()
                    #expect(text.hasPrefix(path == "/refuse" ? "HTTP/1.1 403 " : "HTTP/1.1 413 "), "\(text)")
                    #expect(text.lowercased().contains("connection: close"))
                    #expect(ResidentMemory.bytes - before < 50 << 20, "after \(sent) MiB")
                }
            }
        }

        @Test func `a client that takes nothing of its answer loses its connection`() async throws {
            let limit: @Sendable (inout HTTPLimits) -> Void = { $0.body = .seconds(1) }
            try await Rig.run(limit) { rig in
                let wire = try await Wire(port: rig.port) { channel in
                    try channel.syncOptions?.setOption(.autoRead, value: false)
                }
                // More than all buffers between the two hold.
                try await wire.send("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
                try await rig.table.held.items(count: 1)
            }
        }
    }
}

/// Memory of this process, by the kernel's count.
private enum ResidentMemory {
    static var bytes: Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
    }
}
