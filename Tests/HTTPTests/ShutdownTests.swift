import Foundation
import TestSupport
import Testing

@testable import JobQueueHTTP

extension HTTPTests {
    /// How a server begins and ends.
    @Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
        @Test func `what is being asked or answered ends before the server does, what waits does not`() async throws {
            try await Rig.run { rig in
                let answered = try await rig.connect()
                try await answered.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
                try await rig.table.held.items(count: 1)
                let asked = try await rig.connect()
                try await asked.send("POST /count HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
                let idle = try await rig.connect()
                try await idle.send("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n")
                try await idle.text { $0.hasSuffix("hello") }
                await rig.stop()
                _ = try await idle.all()
                await #expect(throws: (any Error).self) { try await rig.connect() }
                try await asked.send("cd")
                #expect(try await asked.all().hasSuffix("4"))
                rig.table.latch.open()
                let text = try await answered.all()
                #expect(text.hasSuffix("let go") && text.lowercased().contains("connection: close"))
            }
        }

        @Test func `requests that outlive the grace are ended`() async throws {
            try await Rig.run(grace: .milliseconds(300)) { rig in
                let wire = try await rig.connect()
                try await wire.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
                try await rig.table.held.items(count: 1)
                await rig.stop()
                _ = try await wire.all()
            }
        }

        @Test func `a port that is taken and a host that is not ours are said in one line`() async throws {
            try await Rig.run { rig in
                var configuration = APIServer.Configuration()
                for (host, kind) in [
                    ("127.0.0.1", APIServer.Failure.Kind.taken), ("192.0.2.1", .refused), ("no.invalid", .unknown),
                ] {
                    configuration.place = .port(host: host, rig.port)
                    let server = APIServer(table: PlainTable(), configuration)
                    let failure = await #expect(throws: APIServer.Failure.self) { try await server.run() }
                    #expect(failure?.kind == kind && failure?.message.contains(host) == true, "\(failure as Any)")
                    #expect(failure?.message.contains("\n") == false)
                }
            }
        }

        @Test func `a socket that nobody serves is replaced, one that is served is not`() async throws {
            let path = "/tmp/queue-test-\(UUID().uuidString.prefix(8)).sock"
            var configuration = APIServer.Configuration()
            configuration.place = .socket(path)
            defer { try? FileManager.default.removeItem(atPath: path) }
            for _ in 0..<2 {
                try await APIServer(table: PlainTable(), configuration).run { [configuration] place in
                    #expect(place == .socket(path))
                    let second = APIServer(table: PlainTable(), configuration)
                    let failure = await #expect(throws: APIServer.Failure.self) { try await second.run() }
                    #expect(failure?.kind == .taken)
                }
                #expect(!FileManager.default.fileExists(atPath: path))
                try Self.leaveSocket(path)
            }
        }

        /// A socket file as a server leaves it that was killed.
        private static func leaveSocket(_ path: String) throws {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
            let status = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            try #require(status == 0)
        }

        @Test func `which hosts only this machine can reach`() {
            for host in ["127.0.0.1", "127.1.2.3", "::1", "localhost"] {
                #expect(APIServer.Place.port(host: host, 1).isLocal, "\(host)")
            }
            for host in ["0.0.0.0", "::", "10.0.0.1", "127.evil.example", "127.0.0.1.example", "localhost.example"] {
                #expect(!APIServer.Place.port(host: host, 1).isLocal, "\(host)")
            }
            #expect(APIServer.Place.socket("/a").isLocal)
        }
    }
}
