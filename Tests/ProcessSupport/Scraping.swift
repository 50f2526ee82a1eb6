import Foundation
import TestSupport

/// Asks a server for a page as the simplest of clients would, and answers what follows the headers.
package func page(_ url: String, path: String) async throws -> String {
    try await Threads.run {
        let descriptor = try connection(to: url)
        defer { close(descriptor) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: false)
        try file.write(contentsOf: Data("GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".utf8))
        let answer = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
        guard let end = answer.firstRange(of: "\r\n\r\n") else { throw Impatience(description: "no answer: \(answer)") }
        return String(answer[end.upperBound...])
    }
}

/// A connection to a server on this machine, to be closed by the caller.
package func connection(to url: String) throws -> Int32 {
    let parts = url.replacing("http://", with: "").split(separator: ":")
    guard parts.count == 2, let port = UInt16(parts[1]) else { throw Impatience(description: "no address: \(url)") }
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = inet_addr(String(parts[0]))
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) == 0 }
    }
    guard isConnected else {
        close(descriptor)
        throw Impatience(description: "nobody listens on \(url)")
    }
    return descriptor
}
