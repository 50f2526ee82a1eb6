import NIOCore
import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct ReplyTests {
    @Test func `simple replies are read as what they are`() throws {
        #expect(try reply("+OK\r\n").string() == "OK")
        #expect(try reply(":-42\r\n").integer() == -42)
        #expect(try reply(":9223372036854775807\r\n").integer() == .max)
        #expect(try reply("$5\r\nhe\r\nl\r\n").string() == "he\r\nl")
        #expect(try reply("$0\r\n\r\n").string() == "")
        #expect(try reply("$2\r\n17\r\n").integer() == 17)
        #expect(try reply(":17\r\n").string() == "17")
        #expect(try reply("$-1\r\n").optionalString() == nil)
        #expect(try reply("$-1\r\n").isNull && reply("*-1\r\n").isNull)
    }

    static let nested = "*5\r\n*2\r\n:1\r\n$1\r\na\r\n$-1\r\n*0\r\n*1\r\n*2\r\n-WRONGTYPE x\r\n+s\r\n$3\r\nend\r\n"

    @Test(arguments: [1, 2, 3, 7, .max]) func `a nested reply is read in order, however it arrives`(step: Int) throws {
        let reply = try #require(try replies(to: Self.nested, step: step).first).get()
        var reader = reply.reader
        #expect(try reader.array() == 5)
        #expect(try reader.array() == 2)
        #expect(try reader.integer() == 1)
        #expect(try reader.bytes() == Array("a".utf8)[...])
        #expect(try reader.optionalBytes() == nil)
        #expect(try reader.optionalArray() == 0)
        #expect(try reader.array() == 1)
        #expect(try reader.array() == 2)
        #expect(reader.peek == .error)
        #expect(try reader.error() == .wrongType)
        #expect(try reader.string() == "s")
        #expect(!reader.isAtEnd && reader.peek == .string)
        #expect(try reader.optionalString() == "end")
        #expect(reader.isAtEnd && reader.peek == nil)
    }

    @Test func `skip passes a whole subtree`() throws {
        var reader = try reply(Self.nested).reader
        _ = try reader.array()
        for _ in 0..<4 { try reader.skip() }
        #expect(try reader.string() == "end")
        var whole = try reply(Self.nested).reader
        try whole.skip()
        #expect(whole.isAtEnd)
        #expect(throws: RedisError.protocolError("the reply ended early")) { try whole.skip() }
    }

    @Test func `another shape than the expected one is an error, and takes nothing`() throws {
        var reader = try reply("*2\r\n$1\r\nx\r\n:5\r\n").reader
        expectMismatch { try reader.integer() }
        expectMismatch { try reader.bytes() }
        #expect(try reader.array() == 2)
        expectMismatch { try reader.integer() }
        expectMismatch { try reader.array() }
        expectMismatch { try reader.error() }
        #expect(try reader.string() == "x")
        expectMismatch { try reader.bytes() }
        expectMismatch { try reader.optionalArray() }
        #expect(try reader.integer() == 5)
        expectMismatch { try reader.integer() }
    }

    private func expectMismatch(_ work: () throws -> some Any, at place: SourceLocation = #_sourceLocation) {
        #expect(sourceLocation: place) {
            _ = try work()
        } throws: {
            if case .protocolError = $0 as? RedisError { true } else { false }
        }
    }

    @Test func `an error inside an array is thrown when something else was asked for`() throws {
        var reader = try reply("*1\r\n-OOM no\r\n").reader
        #expect(try reader.array() == 1)
        #expect(throws: RedisError.outOfMemory) { try reader.string() }
        #expect(throws: RedisError.outOfMemory) { try reader.integer() }
    }

    @Test func `an error reply fails its command and not the stream`() throws {
        let all = try replies(to: "-NOAUTH Authentication required.\r\n+OK\r\n-ERR x\r\n:1\r\n", step: 4)
        #expect(all.count == 4)
        #expect(all[0] == .failure(.authentication("NOAUTH Authentication required.")))
        #expect(try all[1].get().string() == "OK")
        #expect(all[2] == .failure(.server(word: "ERR", message: "x")))
        #expect(try all[3].get().integer() == 1)
    }

    @Test(arguments: ["hello\r\n", "*1\r\n_\r\n", "*2147483648\r\n", "$x\r\n", ":\r\n1x\r\n", "%1\r\n+a\r\n+b\r\n"])
    func `bytes that are not the protocol kill the stream`(text: String) {
        #expect {
            _ = try replies(to: text)
        } throws: {
            if case .protocolError(let reason) = $0 as? RedisError { !reason.isEmpty } else { false }
        }
    }

    @Test func `a dead parser stays dead`() throws {
        let parser = ReplyParser()
        try parser.feed(ByteBuffer(string: "nonsense\r\n"))
        #expect(throws: RedisError.self) { try parser.next() }
        #expect(throws: RedisError.self) {
            try parser.feed(ByteBuffer(string: "+OK\r\n"))
            _ = try parser.next()
        }
    }

    @Test func `big replies are whole`() throws {
        let text = "*20000\r\n" + (0..<20_000).map { "$\("value \($0)".utf8.count)\r\nvalue \($0)\r\n" }.joined()
        var reader = try #require(try replies(to: text, step: 4093).first).get().reader
        #expect(try reader.array() == 20_000)
        for number in 0..<20_000 where try reader.string() != "value \(number)" { Issue.record("element \(number)") }
        let megabytes = String(repeating: "x", count: 5 << 20)
        #expect(try reply("$\(megabytes.utf8.count)\r\n\(megabytes)\r\n").string() == megabytes)
    }

    @Test func `bytes that are not UTF-8 survive as bytes and are repaired as text`() throws {
        let reply = Reply(first: .init(kind: .string, length: 2, value: 0), rest: [], bytes: [0xFF, 0x41])
        var reader = reply.reader
        #expect(try reader.bytes() == [0xFF, 0x41])
        #expect(try reply.string() == "\u{FFFD}A")
    }
}
