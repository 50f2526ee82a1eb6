import Foundation
import ProcessSupport
import Testing

/// Where `queue-worker dev` cannot start: one line, one exit code, and nothing left.
extension ProcessTests {
    @Suite(.timeLimit(.minutes(2))) struct DevRefusalTests {
        @Test func `a folder with somebody's files is refused and left alone, even when it should be fresh`()
            async throws
        {
            try await DevSite.run(data: "mine") { site in
                try FileManager.default.createDirectory(
                    atPath: site.data + "/appendonlydir", withIntermediateDirectories: true)
                #expect(FileManager.default.createFile(atPath: site.data + "/redis.log", contents: Data("mine".utf8)))
                for options in [["--fresh"], []] {
                    let dev = try site.start(options)
                    #expect(try await dev.exit() == 78)
                    #expect(dev.log.contains("files of others") && dev.log.count { $0 == "\n" } == 1, "\(dev.log)")
                }
                let names = try FileManager.default.contentsOfDirectory(atPath: site.data).sorted()
                #expect(names == ["appendonlydir", "redis.log"] && site.text("redis.log") == "mine")
            }
        }

        @Test func `what is no folder is refused`() async throws {
            try await DevSite.run(data: "file") { site in
                #expect(FileManager.default.createFile(atPath: site.data, contents: Data("mine".utf8)))
                let dev = try site.start([])
                #expect(try await dev.exit() == 78)
                #expect(dev.log.contains("is no folder"))
            }
            try await DevSite.run(data: "nowhere/data") { site in
                let dev = try site.start([])
                #expect(try await dev.exit() == 78)
                #expect(dev.log.contains("No such file or directory"))
            }
        }

        @Test func `wrong options make no folder`() async throws {
            try await DevSite.run { site in
                for options in [
                    ["--port", "0"], ["--concurrency", "0"], ["--queues", "a,,b"], ["--log-level", "x"],
                ] {
                    let dev = try site.start(options)
                    #expect(try await dev.exit() == 64, "\(options) \(dev.log)")
                }
                #expect(!FileManager.default.fileExists(atPath: site.data))
            }
        }

        @Test func `a port is on loopback, and one that is taken is named`() async throws {
            let listener = try Listener()
            try await DevSite.run { site in
                let dev = try site.start(["--port", "\(listener.port)"])
                #expect(try await dev.exit() == 69)
                #expect(dev.log.contains("port \(listener.port) of 127.0.0.1 is taken"), "\(dev.log)")
                #expect(dev.log.count { $0 == "\n" } == 1 && !site.has("redis.sock"))
            }
            listener.close()
            try await DevSite.run { site in
                let dev = try await site.ready("--port", "\(listener.port)")
                #expect(dev.url == "redis://127.0.0.1:\(listener.port)")
                #expect(try await site.command("enqueue", "demo.echo", "--wait", "10s", url: dev.url).status == 0)
            }
        }

        @Test func `without a redis-server it says how to install one`() async throws {
            try await DevSite.run { site in
                let dev = try site.start([], environment: ["PATH": try Self.bin(in: site, server: nil)])
                #expect(try await dev.exit() == 69)
                #expect(dev.log.contains("apt install redis-server") && dev.log.count { $0 == "\n" } == 1, "\(dev.log)")
            }
        }

        @Test func `a redis-server that is too old is refused`() async throws {
            try await DevSite.run { site in
                let path = try Self.bin(in: site, server: "echo 'Redis server v=6.2.14 sha=0'")
                let dev = try site.start([], environment: ["PATH": path])
                #expect(try await dev.exit() == 78)
                #expect(dev.log.contains("redis 6.2.14 is too old") && !site.has("redis.log"), "\(dev.log)")
            }
        }

        @Test func `a signal ends the start, too`() async throws {
            try await DevSite.run { site in
                let server = "[ \"$1\" = --version ] && exec echo 'Redis server v=7.0.0'; echo $$ >server.pid; sleep 60"
                let dev = try site.start([], environment: ["PATH": try Self.bin(in: site, server: server)])
                try await eventually("it has started the server") { pid_t(site.text("server.pid").dropLast()) != nil }
                dev.signal(SIGINT)
                #expect(try await dev.exit() == 0)
                #expect(dev.output.isEmpty && site.text("dev.lock").isEmpty)
                #expect(!DevSite.isAlive(try #require(pid_t(site.text("server.pid").dropLast()))))
            }
        }

        @Test func `a server from a run before this that outlived it is named, not robbed`() async throws {
            try await DevSite.run { site in
                // A wrapper that does not hand over to the server dies instead of it.
                let path = try Self.bin(in: site, server: "\(Self.program("redis-server")) \"$@\"")
                let first = try await site.ready(environment: ["PATH": path])
                defer { kill(first.server, SIGKILL) }
                first.child.signal(SIGKILL)
                _ = try await first.child.exit()
                let second = try site.start([])
                #expect(try await second.exit() == 69)
                #expect(second.log.contains("process \(first.server) still serves"), "\(second.log)")
            }
        }

        // MARK: Helpers

        /// A folder for PATH with what a test's shell needs, and a redis-server of the given text.
        private static func bin(in site: DevSite, server: String?) throws -> String {
            let bin = site.folder.path + "/bin"
            try FileManager.default.createDirectory(atPath: bin, withIntermediateDirectories: true)
            for name in ["env", "cat", "sleep"] {
                try FileManager.default.createSymbolicLink(
                    atPath: bin + "/" + name, withDestinationPath: program(name))
            }
            if let server {
                let file = bin + "/redis-server"
                #expect(FileManager.default.createFile(atPath: file, contents: Data("#!/bin/sh\n\(server)\n".utf8)))
                chmod(file, 0o755)
            }
            return bin
        }

        private static func program(_ name: String) -> String {
            let folders =
                (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") + ["/usr/bin", "/bin"]
            return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 } ?? name
        }
    }
}

/// Somebody who has a port of 127.0.0.1.
private struct Listener {
    private let descriptor: Int32
    let port: Int

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        guard isBound else { throw Overdue(description: "no port: \(String(cString: strerror(errno)))") }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func close() { Foundation.close(descriptor) }
}
