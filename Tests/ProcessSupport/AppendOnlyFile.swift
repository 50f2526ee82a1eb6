import Foundation
package import TestSupport

/// The part of a server's append-only file that grows: what a crash leaves of it.
package struct AppendOnlyFile {
    private let url: URL

    /// That of a test's server.
    package init(_ redis: PrivateRedis) {
        url = redis.folder.appending(path: "appendonlydir/appendonly.aof.1.incr.aof")
    }

    /// All of it.
    package func read() throws -> [UInt8] { Array(try Data(contentsOf: url)) }
    /// Replaces it, while the server is down.
    package func write(_ bytes: some Sequence<UInt8>) throws { try Data(bytes).write(to: url) }

    /// A crash cut the effects of a script off, and the server went on behind what was left of them.
    package func isTorn() throws -> Bool {
        let bytes = try read()
        var isOpen = false
        for command in Self.commands(in: bytes, from: 0) {
            let isBegin = bytes[command].starts(with: Array("*1\r\n$5\r\nMULTI".utf8))
            if isBegin, isOpen { return true }
            if isBegin { isOpen = true }
            if bytes[command].starts(with: Array("*1\r\n$4\r\nEXEC".utf8)) { isOpen = false }
        }
        return false
    }

    /// Where each command is, from a position on that begins one: `*2\r\n$3\r\nGET\r\n$1\r\na\r\n`.
    package static func commands(in bytes: [UInt8], from start: Int) -> [Range<Int>] {
        var commands: [Range<Int>] = []
        var position = start
        func number() -> Int {
            var number = 0
            position += 1
            while position < bytes.count, bytes[position] != UInt8(ascii: "\r") {
                number = number * 10 + Int(bytes[position]) - 48
                position += 1
            }
            position += 2
            return number
        }
        while position < bytes.count {
            let begin = position
            for _ in 0..<number() {
                let length = number()
                position += length + 2
            }
            commands.append(begin..<min(position, bytes.count))
        }
        return commands
    }
}
