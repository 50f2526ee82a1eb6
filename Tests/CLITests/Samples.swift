import JobModel
import TestSupport

@testable import JobQueueCLI
@testable import JobStore
@testable import TerminalDashboard

/// When the samples were taken: 2026-11-21 04:12:09Z.
let now = 1_795_234_329_000

/// A queue in numbers.
func snapshot(
    _ name: String, _ counts: [JobState: Int] = [:], total: Int = 0, age: Int? = nil, inbox: Int = 0,
    isPaused: Bool = false, workers: [QueueSnapshot.Worker] = []
) throws -> QueueSnapshot {
    QueueSnapshot(
        name: try QueueName(name), now: now, counts: counts, remembered: 0, inbox: inbox,
        oldestDueMs: age.map { now - $0 }, nextDue: nil,
        meta: ["succeeded": "\(total)", "enqueued": "\(total)", "paused": isPaused ? "1" : "0"], workers: workers)
}

/// A worker as a queue knows it.
func worker(
    _ id: String, busy: Int = 0, held: Int? = nil, slots: Int = 10, up: Int = 3_600_000, number: Int = 1,
    isLost: Bool = false, runs: [WorkerCard.Run] = [], _ more: (inout WorkerCard) -> Void = { _ in }
) -> QueueSnapshot.Worker {
    var card = WorkerCard(
        id: id, host: "web-1", pid: 7, version: "0.1.0", started: now - up, slots: slots, busy: busy, runs: runs)
    more(&card)
    return QueueSnapshot.Worker(
        incarnation: Incarnation(number), deadline: Double(isLost ? now - 1 : now + 20_000), about: card.encoded()[...],
        held: held ?? busy)
}

func server(_ more: String = "") -> ServerFacts {
    ServerFacts(
        info:
            "redis_version:7.2.4\nused_memory:14890000\nmaxmemory_policy:noeviction\naof_enabled:1\nuptime_in_seconds:273600\n"
            + more)
}

/// A busy Redis, as most pages of the tests show it.
func sampleReport() throws -> InfoReport {
    let one = worker("web-1:4242:k3j5n7p9", busy: 8, up: 273_000_000, number: 1)
    let two = worker("web-2:17:a1b2c3d4", slots: 20, up: 95_000, number: 2)
    return InfoReport(
        server: server(),
        snapshots: [
            try snapshot(
                "default", [.queued: 1204, .running: 8, .retrying: 3, .scheduled: 12, .dead: 2], total: 81_234,
                age: 38_000, workers: [one, two]),
            try snapshot(
                "mail", [.queued: 40, .suspect: 1], total: 3_100_000, age: 740_000,
                workers: [worker("web-1:4242:k3j5n7p9", busy: 8, held: 0, up: 273_000_000, number: 3)]),
            try snapshot("report.yearly.summary", [.queued: 7], age: 90_000_000),
        ])
}

/// What a terminal could be hurt with: escape sequences, a line break, a bell, C1, and marks that turn the writing round.
let hostile = "a\u{1B}[2J\u{1B}]0;x\u{7}b\nc\rd\u{9B}31me\u{202E}f\u{0}"

/// Does a line hold nothing but what a terminal shows? `\u{1B}[…m` for our own colours is fine where they are asked for.
func isHarmless(_ line: String, hasColour: Bool = false) -> Bool {
    var text = line
    if hasColour {
        for code in ["\u{1B}[1m", "\u{1B}[33m", "\u{1B}[0m"] { text = text.replacing(code, with: "") }
    }
    return text.unicodeScalars.allSatisfy { scalar in
        !(0..<0x20).contains(scalar.value) && !(0x7F..<0xA0).contains(scalar.value)
            && !(0x202A...0x202E).contains(scalar.value)
    }
}
