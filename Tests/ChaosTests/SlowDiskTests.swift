import Foundation
import JobModel
import JobQueueClient
import JobStore
import ProcessSupport
import Redis
import TestSupport
import Testing

extension TimeTests {
    /// While Redis waits for its disk it answers and writes later (`appendfsync everysec`), and a kill takes along what it
    /// has not written.
    @Suite(.timeLimit(.minutes(2))) struct SlowDiskTests {
        /// Longer than any test.
        private static let anHour = 3_600_000

        @Test func `what was acknowledged while the disk hangs is there after a kill of Redis`() async throws {
            try await Self.site { site, disk in
                let old = try await site.enqueueNumbers(0..<2) { _ in 0 }
                _ = try await site.store.cancel([old[0]])
                let dead = try await site.view(old[0])
                try await Self.hang(disk, site)
                async let one = site.enqueue("test.number", "{}")
                async let many = site.enqueueNumbers(2..<1200) { _ in 0 }
                async let cancelled = site.store.cancel([old[1]])
                async let requeued = site.store.requeue([
                    .init(id: old[0], priority: .normal, old: dead.recordBytes, new: RunRecord())
                ])
                let ids = try await [one] + many
                #expect(try await cancelled == [.cancelled])
                #expect(try await requeued == [.ok])
                let audit = try await Self.restarted(site, disk)
                #expect(ids.count { audit.states[$0] != .queued } == 0, "jobs are lost")
                #expect(audit.states[old[1]] == .cancelled)
                #expect(audit.states[old[0]] == .queued)
            }
        }

        @Test func `an enqueue that waits for the disk when Redis is killed is made again`() async throws {
            try await Self.site { site, disk in
                try await Self.hang(disk, site)
                async let waiting = site.enqueueNumbers(0..<1) { _ in 0 }
                try await eventually("Redis has the job") { try await site.store.snapshot().count(.queued) == 1 }
                let before = try await Self.restarted(site, disk)
                let id = try await waiting[0]
                #expect(before.states == [:] || before.states == [id: .queued])
                #expect(try await Audit(site.store).states == [id: .queued])
            }
        }

        @Test func `an enqueue whose time is over says what it does not know, and may be repeated`() async throws {
            try await Self.site { site, disk in
                var hasty = JobQueue.Configuration()
                hasty.enqueueTimeout = .milliseconds(300)
                let producer = try await JobQueue(client: TestQueue.client(site.redis), configuration: hasty)
                try await Self.hang(disk, site)
                let error = await #expect(throws: JobQueueError.self) {
                    try await producer.enqueue(name: "test.number", payload: "{}", id: "own")
                }
                #expect(error?.code == .unreachable)
                #expect(error?.message.contains("append-only file") == true, "\(error?.message ?? "")")
                #expect(error?.message.contains("same id") == true, "\(error?.message ?? "")")
                // Redis writes at last what it has had for two seconds.
                try await site.producer.enqueue(name: "test.number", payload: "{}", id: "own")
                #expect(try await Self.restarted(site, disk).states == ["own": .queued])
                await producer.close()
            }
        }

        @Test func `under load nothing that was accepted is lost to kills while the disk is slow`() async throws {
            try await Self.site { site, disk in
                let accepted = Log<[String]>()
                let end = Log<Void>()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for size in [1, 1, 10, 100, 1000] {
                        group.addTask {
                            while end.items.isEmpty {
                                accepted.note(try await site.enqueueNumbers(0..<size) { _ in 0 })
                            }
                        }
                    }
                    for _ in 0..<3 {
                        try disk.set(700)
                        try await eventually("answers are held back") {
                            let log = try await Self.log(site)
                            return log["aof_pending_bio_fsync"] != 0 && log["aof_buffer_length"] ?? 0 > 10_000
                        }
                        let count = accepted.items.count
                        _ = try await Self.restarted(site, disk)
                        try await accepted.items(count: count + 20)
                    }
                    end.note(())
                    try await group.waitForAll()
                }
                let audit = try await Audit(site.store)
                let lost = accepted.items.joined().count { audit.states[$0] == nil }
                #expect(lost == 0, "of \(accepted.items.joined().count)")
            }
        }

        private static func site(_ body: (Site, Preload) async throws -> Void) async throws {
            let disk = try await Preload.slowDisk()
            try await Site.run(under: disk.command) { site in try await body(site, disk) }
        }

        /// From now on Redis waits for its disk, and puts off each write for two seconds.
        private static func hang(_ disk: Preload, _ site: Site) async throws {
            try disk.set(anHour)
            _ = try await site.store.client.send(Command("SET", "a", "b"))
            try await eventually("Redis waits for its disk") { try await log(site)["aof_pending_bio_fsync"] != 0 }
        }

        /// Kills Redis, and answers what there is after a restart with a disk that works.
        private static func restarted(_ site: Site, _ disk: Preload) async throws -> Audit {
            site.redis.kill()
            try disk.set(0)
            try site.redis.start()
            return try await Audit(site.store)
        }

        /// What Redis says of its append-only file in numbers.
        private static func log(_ site: Site) async throws -> [Substring: Int] {
            let text = try await site.store.client.send(Command("INFO", "persistence")).string()
            return text.split(whereSeparator: \.isNewline).reduce(into: [:]) { fields, line in
                let words = line.split(separator: ":")
                if words.count == 2 { fields[words[0]] = Int(words[1]) }
            }
        }
    }
}
