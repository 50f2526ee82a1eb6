import Foundation
import JobModel
import Testing

@testable import JobStore
@testable import TerminalDashboard

/// Whole pages of `info`, compared with files. `UPDATE_GOLDEN=1` writes them anew: look at the difference before it is
/// committed.
@Suite(.timeLimit(.minutes(1))) struct InfoGoldenTests {
    static let widths = [20, 60, 80, 100, 200]

    /// A report by the name of its file.
    struct Scene: Sendable, CustomTestStringConvertible {
        var name: String
        var trouble: String?
        var make: @Sendable () throws -> InfoReport
        var testDescription: String { name }
    }

    static let scenes = [
        Scene(name: "busy", make: busyReport),
        Scene(name: "empty") { InfoReport(server: server("maxmemory:104857600\n"), snapshots: []) },
        Scene(name: "many", make: manyQueues),
        Scene(name: "wide", make: wideReport),
        Scene(name: "lost", trouble: "redis://***@redis:6379/0: cannot reach Redis: refused", make: busyReport),
    ]

    @Test(arguments: scenes, widths) func `a page looks as it did`(scene: Scene, width: Int) throws {
        let page = InfoPage(try scene.make(), PageStyle(width: width), trouble: scene.trouble).lines
        for line in page { #expect(Width.printed(line) <= width, "\(line)") }
        let file = Self.folder.appendingPathComponent("info-\(scene.name)-\(width).txt")
        let text = page.joined(separator: "\n") + "\n"
        if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
            try text.write(to: file, atomically: true, encoding: .utf8)
        }
        #expect(
            try text == String(contentsOf: file, encoding: .utf8),
            "\(file.lastPathComponent): UPDATE_GOLDEN=1 writes it")
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Golden")

    // MARK: What is shown

    /// Samples that make these rates, in jobs a second over a minute.
    private static func flow(_ snapshot: inout QueueSnapshot, into: Double, out: Double, failed: Double = 0) {
        for (age, minutes) in [(900_000, 15.0), (60_000, 1)] {
            let enqueued = Int(into * 60 * minutes)
            let succeeded = Int((out - failed) * 60 * minutes)
            let dead = Int(failed * 60 * minutes)
            let text = "\(now - age) \(100_000 - enqueued) 0 \(81_234 - succeeded) 0 \(90 - dead) 0"
            snapshot.samples += [RateSample(parsing: text)].compactMap(\.self)
        }
        snapshot.meta["enqueued"] = "100000"
        snapshot.meta["succeeded"] = "81234"
        snapshot.meta["dead"] = "90"
    }

    private static let members: [QueueSnapshot.Worker] = [
        worker("web-1:2231:k3j5n7p9", busy: 8, slots: 8, up: 273_000_000, number: 1) {
            $0.memory = 48 << 20
            $0.done = 81_217
            $0.failed = 14
            $0.runs = [.init(id: "a", name: "report.build", attempt: 1, started: now - 724_000)]
        },
        worker("web-2:1187:a1b2c3d4", busy: 4, up: 40_000_000, number: 2) {
            $0.memory = 31 << 20
            $0.done = 9911
            $0.failed = 2
        },
        worker("batch-1:88:zzzzzzzz", slots: 2, up: 300_000, number: 3) { $0.quiet = true },
    ]

    @Sendable static func busyReport() throws -> InfoReport {
        var first = try snapshot(
            "default", [.queued: 1204, .running: 8, .retrying: 12, .scheduled: 310, .dead: 3], age: 38_000,
            workers: Array(members[0...1]))
        flow(&first, into: 128.4, out: 96, failed: 0.2)
        first.newlyDead = 2
        var high = try snapshot("high", [.queued: 20, .running: 4], age: 200, workers: Array(members[0...1]))
        flow(&high, into: 41.2, out: 41.2)
        var mail = try snapshot("mail", [.queued: 1, .suspect: 1], age: 0, workers: [members[1]])
        flow(&mail, into: 0.3, out: 0.3)
        var reports = try snapshot(
            "reports", [.queued: 41, .scheduled: 5], age: 724_000, isPaused: true, workers: [members[2]])
        reports.meta["paused_by"] = "ana"
        reports.meta["paused_at"] = "\(now - 720_000)"
        var report = InfoReport(
            server: server("maxmemory:17179869\n"), snapshots: [first, high, mail, reports], pingMs: 0.41)
        report.redis.url = "redis://***@redis:6379/0"
        return report
    }

    @Sendable static func manyQueues() throws -> InfoReport {
        let snapshots = try (1...40).map { number in
            try snapshot(
                "tenant-\(number * 7919 % 1000).orders.export", [.queued: number * number, .dead: number % 3],
                age: number * 1000, workers: [worker("w:\(number):abcdefgh", busy: number % 5, number: number)])
        }
        return InfoReport(server: server(), snapshots: snapshots)
    }

    /// Names of queues are ASCII; what hosts, versions and reasons are nobody knows.
    @Sendable static func wideReport() throws -> InfoReport {
        var paused = try snapshot(
            "mail", [.queued: 7], age: 5000, isPaused: true,
            workers: [worker("主机一号:7:工作进程甲乙丙丁", busy: 1), worker("e\u{301}clair:8:🍰", number: 2)])
        paused.meta["paused_by"] = "管理员"
        paused.meta["paused_reason"] = "邮件服务器正在维护，请稍后再试，谢谢大家的耐心等待"
        return InfoReport(server: server(), snapshots: [paused, try snapshot("reports", [.queued: 900], age: 1000)])
    }
}
