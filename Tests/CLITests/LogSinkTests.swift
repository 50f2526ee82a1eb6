import Foundation
import TestSupport
import Testing

@testable import JobQueueCLI

/// Log lines that nobody reads hold nobody up.
@Suite(.timeLimit(.minutes(1))) struct LogSinkTests {
    private enum Kind: CaseIterable { case pipe, socket }

    /// A stream, and where what is written there comes out.
    private static func stream(_ kind: Kind) throws -> (write: Int32, read: Int32) {
        var ends: [Int32] = [0, 0]
        switch kind {
        case .pipe: try #require(pipe(&ends) == 0)
        case .socket:
            try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        }
        return (ends[1], ends[0])
    }

    /// Reads lines up to one that begins so.
    private static func lines(upTo last: String, from descriptor: Int32) async throws -> [String] {
        try await Threads.run {
            let goal = Array(("\n" + last).utf8)
            var text = Array("\n".utf8)
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                let size = read(descriptor, &piece, piece.count)
                guard size > 0 else { break }
                text += piece[..<size]
                // A line is short here.
                if text.last == UInt8(ascii: "\n"), text.suffix(1000).firstRange(of: goal) != nil { break }
            }
            return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
        }
    }

    @Test(arguments: Kind.allCases)
    private func `lines that nobody reads wait in their order, and beyond a bound they are counted`(
        kind: Kind
    )
        async throws
    {
        let (writing, reading) = try Self.stream(kind)
        defer { for descriptor in [writing, reading] { close(descriptor) } }
        let sink = LogSink(writing, bound: 100_000)
        // More than any pipe takes. That this returns is what is tested.
        let count = 10_000
        for number in 0..<count {
            sink.write("line \(number) \(String(repeating: "x", count: 90))") { "missing \($0)" }
        }
        async let all = Self.lines(upTo: "end", from: reading)
        try await Threads.run { sink.flush(within: .seconds(30)) }
        sink.write("end") { _ in "" }
        let lines = try await all.dropLast()
        // What is missing is missing where it says so.
        var next = 0
        var kept = 0
        for line in lines {
            if line.hasPrefix("missing ") {
                next += Int(line.dropFirst(8)) ?? 0
            } else {
                try #require(line.hasPrefix("line \(next) "))
                next += 1
                kept += 1
            }
        }
        #expect(next == count && kept > 1000 && kept < count)
        sink.write("later") { _ in "" }
        #expect(try await Self.lines(upTo: "later", from: reading) == ["later"])
    }

    @Test(arguments: Kind.allCases) private func `a line longer than the stream takes arrives whole`(
        kind: Kind
    ) async throws {
        let (writing, reading) = try Self.stream(kind)
        defer { for descriptor in [writing, reading] { close(descriptor) } }
        let sink = LogSink(writing)
        let long = String(repeating: "é", count: 200_000)
        sink.write(long) { _ in "" }
        sink.write("after") { _ in "" }
        #expect(try await Self.lines(upTo: "after", from: reading) == [long, "after"])
    }

    @Test func `lines that are written together leave in one call, those of others in the meantime too`() throws {
        var ends: [Int32] = [0, 0]
        try #require(socketpair(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0)
        defer { for descriptor in ends { close(descriptor) } }
        let sink = LogSink(ends[1])
        func calls() -> [String] {
            var calls: [String] = []
            var piece = [UInt8](repeating: 0, count: 65_536)
            while true {
                let size = recv(ends[0], &piece, piece.count, Int32(MSG_DONTWAIT))
                guard size >= 0 else { return calls }
                calls.append(String(decoding: piece[..<size], as: UTF8.self))
            }
        }
        func write(_ lines: String...) { for line in lines { sink.write(line) { _ in "" } } }
        sink.together {
            write("a", "b")
            sink.together { write("c") }
            #expect(calls() == ["a\nb\nc\n"])
            write("d")
            #expect(calls().isEmpty)
        }
        write("e")
        #expect(calls() == ["d\n", "e\n"])
        // No more in one call than a pipe takes as a whole, and whole lines only.
        let long = String(repeating: "x", count: 1500)
        sink.together { write(long, long, long, String(repeating: "y", count: 9000), long) }
        #expect(calls().map(\.utf8.count) == [3002, 1501, 9001, 1501])
    }

    @Test func `lines written together that nobody reads are counted one by one`() async throws {
        let (writing, reading) = try Self.stream(.pipe)
        defer { for descriptor in [writing, reading] { close(descriptor) } }
        let sink = LogSink(writing, bound: 100_000)
        let count = 7000
        for start in stride(from: 0, to: count, by: 7) {
            sink.together {
                for number in start..<start + 7 {
                    sink.write("line \(number) \(String(repeating: "x", count: 90))") { "missing \($0)" }
                }
            }
        }
        async let all = Self.lines(upTo: "end", from: reading)
        try await Threads.run { sink.flush(within: .seconds(30)) }
        sink.write("end") { _ in "" }
        let lines = try await all.dropLast()
        let missing = lines.compactMap { $0.hasPrefix("missing ") ? Int($0.dropFirst(8)) : nil }.reduce(0, +)
        #expect(missing > 0 && missing + lines.count { $0.hasPrefix("line ") } == count)
    }

    @Test func `a reader that went away, and a stream that is closed, are no error`() throws {
        signal(SIGPIPE, SIG_IGN)
        let (writing, reading) = try Self.stream(.pipe)
        close(reading)
        let sink = LogSink(writing)
        for _ in 0..<10 { sink.write("nobody") { _ in "" } }
        sink.flush(within: .seconds(5))
        close(writing)
        LogSink(-1).write("nowhere") { _ in "" }
    }

    @Test func `what is missing is said in the form of the other lines`() {
        #expect(LogFormat.text.notice(3).hasSuffix(" warning log lines are missing here: nobody read them lines=3"))
        let json = LogFormat.json.notice(3)
        #expect(json.hasPrefix("{\"ts\":") && json.contains(#""event":"log.dropped","lines":3"#))
    }
}
