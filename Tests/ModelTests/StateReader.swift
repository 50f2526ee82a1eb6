import Foundation
import Synchronization

/// The form in which strings travel to Redis and back.
enum Wire {
    private static let heads = (0..<1024).map { "$\($0)\r\n" }

    static func add(_ text: String, to whole: inout String) {
        let count = text.utf8.count
        whole += count < 1024 ? heads[count] : "$\(count)\r\n"
        whole += text
        whole += "\r\n"
    }

    static func bulk(_ text: String) -> String {
        var whole = ""
        add(text, to: &whole)
        return whole
    }
}

/// Asks Redis whether the state is the expected one: on a socket of its own and synchronously, because with a client most
/// of the time of a walk would go into reading replies that are as expected.
final class StateReader: Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let socket: Int32
    private let buffer = Mutex([UInt8](repeating: 0, count: 1 << 16))
    /// What ends each reply.
    private static let end = "the end of the state"

    /// Connects to a unix socket.
    init(path: String) throws {
        socket = Foundation.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw Failure(description: path) }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let socket = socket
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, size) }
        }
        guard status == 0 else { throw Failure(description: "cannot connect to \(path)") }
    }

    deinit { close(socket) }

    func isAsExpected(_ digest: StateDigest) throws -> Bool {
        try send(digest.question)
        try send("*2\r\n\(Wire.bulk("ECHO"))\(Wire.bulk(Self.end))")
        var expected = digest.expected
        return try buffer.withLock { buffer in
            let count = try receive(into: &buffer) - Wire.bulk(Self.end).utf8.count
            return expected.withUTF8 { $0.count == count && memcmp($0.baseAddress!, buffer, count) == 0 }
        }
    }

    private func send(_ text: String) throws {
        var text = text
        try text.withUTF8 { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(socket, bytes.baseAddress! + sent, bytes.count - sent)
                guard count > 0 else { throw Failure(description: "the connection to Redis was lost") }
                sent += count
            }
        }
    }

    /// Reads up to the end of the reply; answers how many bytes it has.
    private func receive(into buffer: inout [UInt8]) throws -> Int {
        var count = 0
        let end = Array("\(Self.end)\r\n".utf8)
        while true {
            if count == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
            let room = buffer.count - count
            let received = buffer.withUnsafeMutableBytes { read(socket, $0.baseAddress! + count, room) }
            guard received > 0 else { throw Failure(description: "the connection to Redis was lost") }
            count += received
            guard count >= end.count else { continue }
            let isEnded = buffer.withUnsafeBytes { memcmp($0.baseAddress! + count - end.count, end, end.count) == 0 }
            if isEnded { return count }
        }
    }
}
