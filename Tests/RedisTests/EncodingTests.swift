import NIOCore
import Testing

@testable import Redis

@Suite(.timeLimit(.minutes(1))) struct EncodingTests {
    private func wire(_ command: Command) -> String {
        var buffer = ByteBuffer()
        command.encode(into: &buffer)
        return String(buffer: buffer)
    }

    @Test func `a command is an array of byte strings`() {
        #expect(wire(Command("PING")) == "*1\r\n$4\r\nPING\r\n")
        #expect(wire(Command("SET", "k", "")) == "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n")
        #expect(wire(Command("ECHO", "é\r\n")) == "*2\r\n$4\r\nECHO\r\n$4\r\né\r\n\r\n")
    }

    @Test(arguments: [
        (0, "$1\r\n0\r\n"), (7, "$1\r\n7\r\n"), (10, "$2\r\n10\r\n"), (99, "$2\r\n99\r\n"), (-1, "$2\r\n-1\r\n"),
        (Int.max, "$19\r\n9223372036854775807\r\n"), (Int.min, "$20\r\n-9223372036854775808\r\n"),
    ])
    func `a number is its digits`(number: Int, expected: String) {
        var arguments = Arguments()
        arguments.append(number)
        #expect(String(buffer: arguments.body) == expected)
    }

    @Test func `bytes travel as they are, from any collection`() {
        let bytes: [UInt8] = [0, 13, 10, 255]
        for arguments in [encoded(bytes), encoded(bytes[...]), encoded(Array(bytes.reversed()).reversed())] {
            #expect(Array(arguments.body.readableBytesView) == Array("$4\r\n".utf8) + bytes + Array("\r\n".utf8))
        }
    }

    private func encoded(_ bytes: some Collection<UInt8>) -> Arguments {
        var arguments = Arguments()
        arguments.append(bytes: bytes)
        return arguments
    }

    @Test func `arguments join others in order`() {
        var head = Arguments(capacity: 64)
        head.append("a")
        var tail = Arguments()
        tail.append(1)
        tail.append("b")
        head.append(contentsOf: tail)
        head.append(contentsOf: Arguments())
        #expect(head.count == 3 && tail.count == 2)
        #expect(wire(Command("X", head)) == "*4\r\n$1\r\nX\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n")
    }

    @Test func `the announced size is never far below the real one`() {
        for command in [Command("PING"), Command("SET", "key", String(repeating: "v", count: 5000))] {
            #expect((wire(command).utf8.count...wire(command).utf8.count + 16).contains(command.byteCount))
        }
    }

    @Test func `the handshake logs in, chooses the database, gives a name and pings`() throws {
        var configuration = try RedisConfiguration(url: "redis://app:secret@h/2")
        configuration.clientName = "worker"
        var buffer = ByteBuffer()
        Handshake(configuration).encode(into: &buffer)
        let expected = [
            Command("AUTH", "app", "secret"), Command("SELECT", "2"), Command("CLIENT", "SETNAME", "worker"),
            Command("PING"),
        ]
        #expect(String(buffer: buffer) == expected.map(wire).joined())
    }

    @Test(arguments: [
        ("redis://:p@h", [Command("AUTH", "p"), Command("PING")]),
        ("redis://u@h", [Command("AUTH", "u", ""), Command("PING")]),
        ("redis://h", [Command("PING")]),
    ])
    func `the handshake says no more than it must`(url: String, expected: [Command]) throws {
        var buffer = ByteBuffer()
        Handshake(try RedisConfiguration(url: url)).encode(into: &buffer)
        #expect(String(buffer: buffer) == expected.map(wire).joined())
    }
}
