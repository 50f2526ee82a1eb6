import Foundation
import JobModel
import JobStore
import ProcessSupport
import Synchronization
import TestSupport
import Testing

extension ProcessTests {
    /// What service managers and operators ask of a worker, and of a supervisor.
    @Suite(.timeLimit(.minutes(1))) struct ServiceTests {
        /// A socket as systemd has one, and what came.
        private final class Manager: Sendable {
            let path: String
            private let descriptor: Int32
            private let texts = Mutex<[String]>([])

            init(in folder: URL) throws {
                path = folder.appending(path: "notify").path
                descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
                var address = sockaddr_un()
                address.sun_family = sa_family_t(AF_UNIX)
                withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
                let status = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                    }
                }
                try #require(status == 0, "errno \(errno)")
            }

            deinit { close(descriptor) }

            /// Everything that came until now.
            var heard: [String] {
                texts.withLock { texts in
                    var bytes = [UInt8](repeating: 0, count: 500)
                    while true {
                        let count = recv(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT))
                        if count < 0 { return texts }
                        texts.append(String(decoding: bytes[..<count], as: UTF8.self))
                    }
                }
            }
        }

        @Test(arguments: ["0", "2"])
        func `TSTP lets a worker finish and take nothing more, until TERM ends it`(processes: String) async throws {
            try await Site.run { site in
                let first = try await site.enqueue("test.number", #"{"number":1,"ms":500}"#)
                let worker = try site.worker("worker", lease: "60s", "--processes", processes)
                try await site.started(first)
                let children = max(1, Int(processes) ?? 0)
                try await site.haveBeaten(children)
                worker.signal(SIGTSTP)
                try await eventually("all have heard it") {
                    worker.log.components(separatedBy: "received SIGTSTP").count > (processes == "0" ? 1 : children + 1)
                }
                let later = try await site.enqueue("test.number", #"{"number":2,"ms":0}"#)
                try await eventually("the first has ended") { try await site.view(first).state == .succeeded }
                // Another worker gets the job at once, and alone.
                let other = try site.worker("other", lease: "60s", "--max-idle-time", "100ms")
                #expect(try await other.exit() == 0)
                #expect(site.journal.starts(of: later).map(\.pid) == [other.pid])
                #expect(worker.status == nil)
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                #expect(try await site.store.snapshot().workers.isEmpty)
            }
        }

        @Test(arguments: ["0", "2"])
        func `a service manager hears of start, life and end, and the pid file is there meanwhile`(
            processes: String
        ) async throws {
            try await Site.run { site in
                let manager = try Manager(in: site.redis.folder)
                let pid = site.redis.folder.appending(path: "worker.pid").path
                let arguments = ["run", "--redis-url", site.redis.url, "--demo-handlers", "--pid-file", pid]
                let worker = try site.start(
                    "worker", arguments + ["--processes", processes],
                    environment: ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000"])
                try await eventually("it lives") { manager.heard.count { $0 == "WATCHDOG=1" } >= 3 }
                #expect(manager.heard.first == "READY=1" && manager.heard.count { $0 == "READY=1" } == 1)
                #expect(try String(contentsOfFile: pid, encoding: .utf8) == "\(worker.pid)\n")
                let second = try await site.command("second", "run", "--redis-url", site.redis.url, "--pid-file", pid)
                #expect(second.status == 74 && second.log.contains("process \(worker.pid) has it"))
                worker.signal(SIGHUP)
                try await eventually("it reloads") { manager.heard.contains { $0.hasPrefix("RELOADING=1\n") } }
                try await eventually("it is ready again") { manager.heard.count { $0 == "READY=1" } == 2 }
                worker.signal(SIGTERM)
                #expect(try await worker.exit() == 0)
                #expect(manager.heard.contains("STOPPING=1"))
                #expect(!FileManager.default.fileExists(atPath: pid))
            }
        }

        @Test func `a supervisor ends when its processes have had nothing to do for long enough`() async throws {
            try await Site.run { site in
                let ids = try await site.enqueueNumbers(0..<20) { _ in 20 }
                let supervisor = try site.worker("supervisor", "--processes", "2", "--max-idle-time", "200ms")
                #expect(try await supervisor.exit() == 0)
                for id in ids { #expect(try await site.view(id).state == .succeeded) }
            }
        }
    }
}
